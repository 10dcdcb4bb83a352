import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { functionsOf } from './functions.ts';
import { readSources, root, toSource, under } from './source.ts';

const lineMaxChars = 120;
const fileMaxLines = 300;
const functionMaxLines = 70;

/** Tables: one idea, many rows. */
const tables = [
  'errors.ts',
  'config/schema.ts',
  'models/graph/operators.ts',
  'models/grad/rules.ts',
  'models/onnx/schema.ts',
];

const sources = readSources();
/** The empty piece after the last line end is no line. */
const length = (lines: readonly string[]): number => lines.length - 1;
const isTest = (path: string): boolean => path.startsWith('test/');

/** Everything a person reads in this project: code, pages, scripts, settings. */
const texts = [
  ...sources.map(({ path }) => path),
  ...['daemon', 'drivers', 'models', 'config', 'deploy', 'docs', '.ci']
    .flatMap(present)
    .filter((path) => /\.(?:js|md|yaml|yml|json|service|sh)$|\.ci\/run$/.test(path)),
  ...present('.').filter((path) => /^(?:README|ARCHITECTURE|CHANGELOG|CONTRIBUTING)\.md$|^package\.json$/.test(path)),
];

function present(folder: string): string[] {
  try {
    return folder === '.' ? under('.').filter((path) => !path.includes('/')) : under(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/** `path:line` of every line of the texts that fits. */
function linesWith(fits: (line: string) => boolean, among: readonly string[] = texts): string[] {
  return among.flatMap((path) =>
    readFileSync(join(root, path), 'utf8')
      .split('\n')
      .flatMap((line, index) => (fits(line) ? [`${path}:${index + 1}`] : [])),
  );
}

test(`lines of code have at most ${lineMaxChars} characters`, () => {
  const code = [...sources.map(({ path }) => path), 'daemon/twinspect.js', '.ci/run'];
  expect(linesWith((line) => line.length > lineMaxChars, code)).toEqual([]);
});

test(`files have at most ${fileMaxLines} lines, but for tables and tests`, () => {
  const long = sources.filter(
    ({ path, lines }) => !isTest(path) && !tables.includes(path) && length(lines) > fileMaxLines,
  );
  expect(long.map(({ path, lines }) => `${path}: ${length(lines)} lines`)).toEqual([]);
});

test('every exception is a file that exists', () => {
  expect(tables.filter((path) => !sources.some((source) => source.path === path))).toEqual([]);
});

test(`functions have at most ${functionMaxLines} lines, but for the blocks of tests`, () => {
  const long = sources
    .filter(({ path }) => !path.endsWith('.test.ts'))
    .flatMap((source) =>
      functionsOf(source)
        .filter(({ lengthLines }) => lengthLines > functionMaxLines)
        .map(({ line, lengthLines }) => `${source.path}:${line} ${lengthLines} lines`),
    );
  expect(long).toEqual([]);
});

test('functions are measured: declarations, methods, arrows; other blocks are none', () => {
  const text = [
    'export function a(', //                1
    '  first: { x: number },',
    '): Promise<{ y: number }> {',
    '  if (first) {',
    '    return 1;',
    '  }',
    '}', //                                 7
    'class B {',
    '  async #method(x: number): Promise<void> {',
    "    const text = '{';",
    '    each((y) => {',
    '      use(y);',
    '    });',
    '  }', //                              14
    '}',
    'const c = async (): Promise<void> => {',
    '};',
    'for (const x of [1]) {',
    '}',
  ].join('\n');
  expect(functionsOf(toSource('x.ts', text))).toEqual([
    { line: 1, lengthLines: 7 },
    { line: 9, lengthLines: 6 },
    { line: 11, lengthLines: 3 },
    { line: 16, lengthLines: 2 },
  ]);
});

test('every file of code begins by saying what it is for', () => {
  const mute = sources.filter(({ path, lines }) => !isTest(path) && !/^(?:\/\*\*|\/\/)/.test(lines[0]!));
  expect(mute.map(({ path }) => path).filter((path) => !/^vitest\..*config\.ts$/.test(path))).toEqual([]);
});

test('nothing is left for later, and nothing names the machine it was written on', () => {
  // Put together here, so that this file does not find itself.
  const later = new RegExp(`\\b(?:${['FIX', 'TO'].join('ME|')}DO|${'X'.repeat(3)})\\b`);
  const machine = new RegExp(['/wo' + 'rk/', '/ho' + 'me/', '/Us' + 'ers/', '/ro' + 'ot/'].join('|'));
  expect(later.test(`// TO${'DO'} x`) && later.test(`FIX${'ME'}`)).toBe(true);
  expect(linesWith((line) => later.test(line))).toEqual([]);
  expect(linesWith((line) => machine.test(line))).toEqual([]);
});

test('no room for everything: files are named after one thing', () => {
  const vague = /(?:^|[/-])(?:utils?|helpers?|manager|common|misc|service-impl)(?:[-.]|$)/;
  expect(sources.map(({ path }) => path).filter((path) => vague.test(path))).toEqual([]);
});
