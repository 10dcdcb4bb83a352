/**
 * `twinspect teach`: a folder of good parts -> a bundle. Shows how far it is and how long it still takes; stopped by
 * Ctrl-C it goes on where it was when called again with the same options. Never writes into an existing bundle.
 */
import { resolve } from 'node:path';
import { teach } from '../../models/teach/teach.ts';
import type { Args } from './args.ts';
import type { Command, Context } from './command.ts';
import { continueBundle } from './teach-continue.ts';
import { readOptions, teachOptions } from './teach-options.ts';
import { reportTaught } from './teach-report.ts';
import { hooksOf } from './teaching-display.ts';
import { openTeachingFolder } from './teaching-folder.ts';

export const command: Command = {
  name: 'teach',
  summary: 'make a bundle from a folder of good parts',
  usage: [
    'teach --data DIR --out DIR [options]',
    'teach --continue BUNDLE [--data OLD ...] --data NEW --out NAME@NEXT',
  ],
  options: teachOptions,
  async run(context: Context, args: Args) {
    args.atMost(0);
    const started = context.clock.nowMs();
    const out = resolve(context.cwd, args.required('out'));
    const parent = args.text('continue');
    if (parent !== null) return continueBundle(context, args, resolve(context.cwd, parent), out);
    const { options, digest } = await readOptions(context, args, out);
    const folder = await openTeachingFolder(out, digest);
    const { hooks, display } = hooksOf(context, folder);
    display.estimate(options);
    const taught = await teach(options, hooks);
    await folder.finish(taught.files);
    reportTaught(context, args, taught, out, (context.clock.nowMs() - started) / 1000);
  },
};
