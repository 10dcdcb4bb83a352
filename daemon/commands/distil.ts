/**
 * `twinspect distil`: makes the compact teacher that is shipped, again: from pretrained weights given as a file, on
 * procedural pictures. Stopped by Ctrl-C it goes on where it was.
 */
import { createHash } from 'node:crypto';
import { basename, resolve } from 'node:path';
import { importTeacher } from '../../models/bundle/import-teacher.ts';
import { sha256 } from '../../models/bundle/load.ts';
import { compactTeacher, distil } from '../../models/teach/distil.ts';
import type { Args } from './args.ts';
import type { Command, Context } from './command.ts';
import { TeachingDisplay } from './teaching-display.ts';
import { openTeachingFolder } from './teaching-folder.ts';

const defaults = { steps: 8000, batch: 16, sidePx: 128, seed: 1, learningRate: 0.003 };

export const command: Command = {
  name: 'distil',
  summary: 'make a compact teacher from pretrained weights',
  usage: ['distil --from-weights FILE --out DIR [--steps N] [--seed N]'],
  options: {
    'from-weights': { type: 'string', value: 'FILE', doc: 'pretrained ResNet weights (.safetensors)' },
    out: { type: 'string', value: 'DIR', doc: 'folder for teacher.safetensors; must not exist yet' },
    steps: { type: 'string', value: 'N', doc: `of ${defaults.batch} pictures; default ${defaults.steps}` },
    seed: { type: 'string', value: 'N', doc: `default ${defaults.seed}` },
    threads: { type: 'string', value: 'N', doc: 'default 2' },
  },
  async run(context: Context, args: Args) {
    args.atMost(0);
    const path = resolve(context.cwd, args.required('from-weights'));
    const bytes = await context.files.read(path);
    const digest = sha256(bytes);
    const options = {
      ...defaults,
      source: { ...importTeacher(bytes, path), digest, name: basename(path) },
      spec: compactTeacher,
      steps: args.whole('steps', { min: 1, max: 10_000_000 }) ?? defaults.steps,
      seed: args.whole('seed', { min: 0, max: 2 ** 31 - 1 }) ?? defaults.seed,
      threads: args.whole('threads', { min: 1, max: 64 }) ?? 2,
    };
    const key = JSON.stringify([digest, options.spec, options.steps, options.seed, defaults]);
    const out = resolve(context.cwd, args.required('out'));
    const folder = await openTeachingFolder(out, createHash('sha256').update(key).digest('hex'));
    const display = new TeachingDisplay(context.clock, (line) => context.stderr(line));
    const made = await distil(options, folder.snapshots, (progress) => display.progress(progress), context.signal);
    await folder.finish(new Map([['teacher.safetensors', made.bytes]]));
    context.stdout(`${out}/teacher.safetensors: ${made.bytes.byteLength} bytes, loss ${made.curve.at(-1)?.toFixed(4)}`);
  },
};
