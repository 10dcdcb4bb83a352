/** `twinspect synthetic`: writes a set of synthetic parts with their truth, to teach and to measure on. */
import { mkdir, stat, writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { nearestName } from '../../config/problems.ts';
import {
  allKindNames,
  exportSynthetic,
  levelNames,
  suiteDefaults,
  suiteMostParts,
  suitePage,
  suiteSet,
  writeSet,
} from '../../drivers/index.ts';
import { fail, messageOf } from '../../errors.ts';
import type { Args, Option } from './args.ts';
import type { Command, Context } from './command.ts';

const defaults = { seed: 1, train: 160, validation: 120, 'test-good': 60, 'test-per-kind': 10 };
const mostParts = 100_000;

const simpleOnly: Record<string, Option> = {
  'test-good': { type: 'string', value: 'N', doc: `good parts to test on; default ${defaults['test-good']}` },
  'test-per-kind': { type: 'string', value: 'N', doc: `parts of each defect; default ${defaults['test-per-kind']}` },
};
const suiteOnly: Record<string, Option> = {
  good: { type: 'string', value: 'N', doc: `suite: good parts to test on; default ${suiteDefaults.good}` },
  'per-kind': { type: 'string', value: 'N', doc: `suite: parts of each kind; default ${suiteDefaults.perKind}` },
  severity: { type: 'string', value: 'NAMES', doc: `suite: of ${levelNames.join(', ')}; default all` },
  kinds: { type: 'string', value: 'NAMES', doc: `suite: of ${allKindNames.join(', ')}; default all but the last two` },
};

export const command: Command = {
  name: 'synthetic',
  summary: 'write a set of synthetic parts with their truth',
  usage: [
    'synthetic --out DIR [--seed N] [--train N] [--validation N] [--test-good N] [--test-per-kind N]',
    'synthetic --suite --out DIR [--seed N] [--severity NAMES] [--kinds NAMES] [--per-kind N] [--good N] ...',
    'synthetic --describe',
  ],
  options: {
    out: { type: 'string', value: 'DIR', doc: 'the folder to make; must be empty or absent' },
    seed: { type: 'string', value: 'N', doc: `of everything that varies from part to part; default ${defaults.seed}` },
    train: { type: 'string', value: 'N', doc: `good parts to learn from; default ${defaults.train}, in the suite 120` },
    validation: { type: 'string', value: 'N', doc: `good parts held out; default ${defaults.validation}` },
    ...simpleOnly,
    suite: { type: 'boolean', doc: 'the suite: each kind at three severities, 5 % of depth missing' },
    ...suiteOnly,
    describe: { type: 'boolean', doc: 'print what the suite is, severity by severity, and write nothing' },
    json: { type: 'boolean', doc: 'print the result as JSON' },
  },
  async run(context: Context, args: Args) {
    args.atMost(0);
    if (args.flag('describe')) args.alone('describe', []);
    if (args.flag('describe')) return context.stdout(suitePage().trimEnd());
    const out = resolve(context.cwd, args.required('out'));
    const isSuite = args.flag('suite');
    for (const name of Object.keys(isSuite ? simpleOnly : suiteOnly)) {
      if (args.text(name) === null) continue;
      throw fail('usage/missing', { command: 'synthetic', what: `--${name} ${isSuite ? 'without' : 'with'} --suite` });
    }
    const write = isSuite ? suite(args) : simple(args);
    const entries = await context.files.list(out);
    if (entries !== null && entries.length > 0) {
      throw fail('file/notEmpty', { path: out, count: entries.length, first: entries[0]!.name });
    }
    if (entries === null && (await stat(out).catch(() => null)) !== null) throw fail('file/notFolder', { path: out });
    const begunAtMs = context.clock.nowMs();
    const written = await write(out, (done: number) => {
      context.signal.throwIfAborted();
      if (done % 50 === 0) context.stderr(`${done} parts`);
    });
    const seconds = (context.clock.nowMs() - begunAtMs) / 1000;
    if (args.flag('json')) context.stdout(JSON.stringify({ folder: out, parts: written, seconds }));
    else context.stdout(`${out}: ${written} parts in ${seconds.toFixed(1)} s`);
  },
};

type Write = (dir: string, onPart: (done: number) => void) => Promise<number>;

function simple(args: Args): Write {
  const count = (name: keyof typeof defaults): number => args.whole(name, { min: 0, max: mostParts }) ?? defaults[name];
  const settings = {
    seed: count('seed'),
    train: count('train'),
    validation: count('validation'),
    testGood: count('test-good'),
    testPerKind: count('test-per-kind'),
  };
  return (dir, onPart) => exportSynthetic(writeWithFolder, { ...settings, dir, onPart });
}

function suite(args: Args): Write {
  const count = (name: string, otherwise: number): number =>
    args.whole(name, { min: 0, max: suiteMostParts }) ?? otherwise;
  const kinds = names(args, 'kinds', allKindNames);
  const levels = names(args, 'severity', levelNames);
  const set = suiteSet({
    train: count('train', suiteDefaults.train),
    validation: count('validation', suiteDefaults.validation),
    good: count('good', suiteDefaults.good),
    perKind: count('per-kind', suiteDefaults.perKind),
    ...(kinds && { kinds }),
    ...(levels && { levels }),
  });
  const seed = args.whole('seed', { min: 0, max: mostParts }) ?? defaults.seed;
  return (dir, onPart) => writeSet(writeWithFolder, set, { dir, seed, onPart });
}

/** The names of a list with commas, in the order of the known ones; `all` is all of them, absent is null. */
function names<T extends string>(args: Args, option: string, known: readonly T[]): readonly T[] | null {
  const found = args.text(option)?.split(',');
  if (found === undefined) return null;
  if (found.length === 1 && found[0] === 'all') return known;
  for (const name of found) {
    if (known.includes(name as T)) continue;
    const near = nearestName(name, known);
    const expected = `all, or some of ${known.join(',')}${near === null ? '' : `; did you mean ${near}?`}`;
    throw fail('usage/value', { option, found: name, expected });
  }
  return known.filter((name) => found.includes(name));
}

async function writeWithFolder(path: string, bytes: Uint8Array): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, bytes);
  } catch (error) {
    throw fail('file/unwritable', { path, cause: messageOf(error) }, error);
  }
}
