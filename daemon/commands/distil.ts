/**
 * `twinspect distil`: makes a compact teacher: from pretrained weights given as a file (the shipped one), from
 * procedural frames alone, or fitted to the good parts of a product. Stopped by Ctrl-C it goes on where it was.
 */
import { createHash } from 'node:crypto';
import { basename, resolve } from 'node:path';
import { fail } from '../../errors.ts';
import { importTeacher } from '../../models/bundle/import-teacher.ts';
import { sha256 } from '../../models/bundle/load.ts';
import { compactTeacher, distil, type Lesson } from '../../models/teach/distil.ts';
import { filterBank } from '../../models/teach/filter-bank.ts';
import { distillation, maskedDistillation, masking } from '../../models/teach/lessons.ts';
import type { Args } from './args.ts';
import type { Command, Context } from './command.ts';
import { giveWay } from './give-way.ts';
import { readOptions, teachOptions } from './teach-options.ts';
import { TeachingDisplay } from './teaching-display.ts';
import { openTeachingFolder, type TeachingFolder } from './teaching-folder.ts';

const defaults = { steps: 8000, batch: 16, sidePx: 128, seed: 1, learningRate: 0.003 };
/** Where a teacher may come from: pretrained weights, frames or both, or good parts. */
const ways = ['from-weights', 'from-frames', 'data'] as const;

export const command: Command = {
  name: 'distil',
  summary: 'make a compact teacher from pretrained weights, from procedural frames or from good parts',
  usage: [
    'distil --from-weights FILE [--from-frames] --out DIR [--steps N] [--seed N]',
    'distil --from-frames --out DIR [--steps N] [--seed N]',
    'distil --data DIR --out DIR [--seed N]',
  ],
  options: {
    'from-weights': { type: 'string', value: 'FILE', doc: 'pretrained ResNet weights (.safetensors)' },
    'from-frames': { type: 'boolean', doc: 'no other network: learns to fill what is masked in procedural frames' },
    data: { ...teachOptions['data']!, doc: 'recorded parts: filters are fitted to the good ones, without training' },
    out: { type: 'string', value: 'DIR', doc: 'folder for teacher.safetensors; must not exist yet' },
    steps: { type: 'string', value: 'N', doc: `of ${defaults.batch} pictures; default ${defaults.steps}` },
    seed: { type: 'string', value: 'N', doc: `default ${defaults.seed}` },
    threads: { type: 'string', value: 'N', doc: 'default 2' },
  },
  async run(context: Context, args: Args) {
    args.atMost(0);
    await giveWay();
    const out = resolve(context.cwd, args.required('out'));
    const given = ways.filter((way) => (way === 'from-frames' ? args.flag(way) : args.texts(way).length > 0));
    if (given.length === 0) {
      throw fail('usage/missing', { command: args.command, what: '--from-weights, --from-frames or --data' });
    }
    if (given.length > 1 && given.includes('data')) {
      const found = given.map((way) => `--${way}`).join(' and ');
      throw fail('usage/value', { option: 'data', found, expected: 'good parts alone' });
    }
    const bytes = given[0] === 'data' ? await fitted(context, args, out) : await taught(context, args, out);
    context.stdout(`${out}/teacher.safetensors: ${bytes.byteLength} bytes`);
  },
};

/** By a lesson, step by step. */
async function taught(context: Context, args: Args, out: string): Promise<Uint8Array> {
  const run = {
    ...defaults,
    spec: compactTeacher,
    steps: args.whole('steps', { min: 1, max: 10_000_000 }) ?? defaults.steps,
    seed: args.whole('seed', { min: 0, max: 2 ** 31 - 1 }) ?? defaults.seed,
    threads: args.whole('threads', { min: 1, max: 64 }) ?? 2,
  };
  const { lesson, of } = await lessonOf(context, args, run);
  const folder = await openFolder(out, [of, run.spec, run.steps, run.seed, defaults]);
  const display = new TeachingDisplay(context.clock, (line) => context.stderr(line));
  const options = { ...run, lesson };
  const made = await distil(options, folder.snapshots, (progress) => display.progress(progress), context.signal);
  await folder.finish(new Map([['teacher.safetensors', made.bytes]]));
  context.stdout(`loss ${made.curve.at(-1)?.toFixed(4)}`);
  return made.bytes;
}

async function lessonOf(
  context: Context,
  args: Args,
  run: { seed: number; batch: number; sidePx: number },
): Promise<{ lesson: Lesson; of: string }> {
  const fill = args.flag('from-frames');
  if (args.texts('from-weights').length === 0) return { lesson: masking(run), of: 'masking' };
  const path = resolve(context.cwd, args.required('from-weights'));
  const bytes = await context.files.read(path);
  const digest = sha256(bytes);
  const source = { ...importTeacher(bytes, path), digest, name: basename(path) };
  return fill
    ? { lesson: maskedDistillation(source, run), of: `masking and ${digest}` }
    : { lesson: distillation(source, run), of: digest };
}

/** To the good parts of a product, layer by layer. */
async function fitted(context: Context, args: Args, out: string): Promise<Uint8Array> {
  const { options, digest } = await readOptions(context, args, out);
  const folder = await openFolder(out, ['filter bank', digest]);
  const say = (line: string): void => context.stderr(line);
  const bytes = await filterBank({ ...options, spec: compactTeacher, say, signal: context.signal });
  await folder.finish(new Map([['teacher.safetensors', bytes]]));
  return bytes;
}

const openFolder = (out: string, key: unknown[]): Promise<TeachingFolder> =>
  openTeachingFolder(out, createHash('sha256').update(JSON.stringify(key)).digest('hex'));
