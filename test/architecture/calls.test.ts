import { expect, test } from 'vitest';
import { lineAt, readSources, type Source, toSource } from './source.ts';

const sources = readSources();
/** Files that run as processes or threads of their own: the ends of pipes are theirs. */
const entries = new Set(
  sources.flatMap(({ imports }) => imports.filter(({ kind }) => kind === 'entry').map(({ file }) => file)),
);

interface Ban {
  readonly what: string;
  readonly call: RegExp;
  readonly instead: string;
  mayUse(path: string): boolean;
}

const clock = (path: string): boolean => path === 'daemon/clock.ts';
/** The process is touched where it begins, and where it ends. */
const root = (path: string): boolean => path === 'daemon/main.ts' || path === 'daemon/leave.ts';
/** The one variable that a library reads by itself: that it must report nothing. */
const quiet = (path: string): boolean => path === 'models/runtime/quiet.ts';
const inTest = (path: string): boolean => path.startsWith('test/');

const bans: readonly Ban[] = [
  { what: 'wall clock', call: /\bDate\.now\b|\bnew Date\(\)/g, instead: 'clock.wallMs()', mayUse: clock },
  {
    what: 'monotonic clock',
    call: /\bperformance\.now\b|\bprocess\.hrtime\b/g,
    instead: 'clock.nowMs()',
    mayUse: (path) => clock(path) || inTest(path),
  },
  {
    what: 'timer',
    call: /(?<![.\w])(?:setTimeout|setInterval)\(|node:timers/g,
    instead: 'clock.after()',
    mayUse: clock,
  },
  {
    what: 'chance',
    call: /\bMath\.random\b|\brandomUUID\b|\brandomBytes\b|\bgetRandomValues\b|\brandomInt\b/g,
    instead: 'a seeded generator that is passed in',
    mayUse: root,
  },
  {
    what: 'environment',
    call: /\bprocess\.(?:env|argv|cwd)\b/g,
    instead: 'the context of the command, or the config',
    mayUse: (path) => root(path) || quiet(path) || entries.has(path) || inTest(path),
  },
  {
    what: 'process',
    call: /\bprocess\.(?:exit|exitCode|abort|kill|on|once|stdout|stderr)\b/g,
    instead: 'an error that is thrown, or the signal of the context',
    mayUse: (path) => root(path) || entries.has(path) || inTest(path),
  },
  { what: 'console', call: /\bconsole\b/g, instead: 'the log, or stdout of the context', mayUse: () => false },
];

function offences(files: readonly Source[], { call, instead, mayUse }: Ban): string[] {
  return files
    .filter(({ path }) => !mayUse(path))
    .flatMap(({ path, code }) =>
      [...code.matchAll(call)].map((match) => `${path}:${lineAt(code, match.index)} ${match[0]}: use ${instead}`),
    );
}

test.each(bans)('$what only in its place', (ban) => {
  expect(offences(sources, ban)).toEqual([]);
});

test('a banned call is found, and a word in a text or comment is none', () => {
  const source = toSource(
    'daemon/x.ts',
    [
      "const a = 'Date.now()'; // Date.now()",
      'const b = `Date.now() $' + '{Date.now()} Date.now()`;',
      'const c = /Date.now()/.test(a) ? 4 / Date.now() / 2 : 1; /* Date.now() */',
    ].join('\n'),
  );
  const found = offences([source], bans[0]!);
  expect(found.map((text) => text.split(' ')[0])).toEqual(['daemon/x.ts:2', 'daemon/x.ts:3']);
});

test('nothing is thrown away: no empty catch', () => {
  const empty = /\bcatch(?: \([^)]*\))? \{\s*\}|\.catch\(\(\) => \{\s*\}\)/g;
  const found = sources.flatMap(({ path, code, withoutComments, lines }) =>
    [...code.matchAll(empty)]
      .map((match) => ({ path, line: lineAt(withoutComments, match.index), text: match[0] }))
      // A reason in words makes it a decision.
      .filter(
        ({ line, text }) =>
          !lines
            .slice(line - 2, line + text.split('\n').length)
            .join('\n')
            .includes('//'),
      )
      .map(({ line }) => `${path}:${line}`),
  );
  expect(found).toEqual([]);
});
