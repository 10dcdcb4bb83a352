/**
 * `twinspect teach`: a folder of good parts -> a bundle. Shows how far it is and how long it still takes; stopped by
 * Ctrl-C it goes on where it was when called again with the same options. Never writes into an existing bundle.
 */
import { resolve } from 'node:path';
import { teach } from '../../models/teach/teach.ts';
import type { TeachHooks } from '../../models/teach/teaching.ts';
import type { Args } from './args.ts';
import type { Command, Context } from './command.ts';
import { readOptions, teachOptions } from './teach-options.ts';
import { reportTaught } from './teach-report.ts';
import { TeachingDisplay } from './teaching-display.ts';
import { openTeachingFolder, type TeachingFolder } from './teaching-folder.ts';

export const command: Command = {
  name: 'teach',
  summary: 'make a bundle from a folder of good parts',
  usage: ['teach --data DIR --out DIR [options]'],
  options: teachOptions,
  async run(context: Context, args: Args) {
    args.atMost(0);
    const started = context.clock.nowMs();
    const out = resolve(context.cwd, args.required('out'));
    const { options, digest } = await readOptions(context, args, out);
    const folder = await openTeachingFolder(out, digest);
    const display = new TeachingDisplay(context.clock, (line) => context.stderr(line));
    display.estimate(options);
    const taught = await teach(options, hooksOf(context, folder, display));
    await folder.finish(taught.files);
    reportTaught(context, args, taught, out, (context.clock.nowMs() - started) / 1000);
  },
};

function hooksOf(context: Context, folder: TeachingFolder, display: TeachingDisplay): TeachHooks {
  if (folder.resumed) context.stderr('going on with an interrupted teaching');
  return {
    snapshots: folder.snapshots,
    say: (line) => context.stderr(line),
    progress: (progress) => display.progress(progress),
    signal: context.signal,
  };
}
