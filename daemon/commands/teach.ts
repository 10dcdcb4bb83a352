/**
 * `twinspect teach`: a folder of good parts -> a bundle. Shows how far it is and how long it still takes; stopped by
 * Ctrl-C it goes on where it was when called again with the same options. Never writes into an existing bundle.
 */
import { basename, join, resolve } from 'node:path';
import { fail } from '../../errors.ts';
import { teach } from '../../models/teach/teach.ts';
import type { TeachHooks } from '../../models/teach/teaching.ts';
import type { Args } from './args.ts';
import type { Command, Context } from './command.ts';
import { giveWay } from './give-way.ts';
import { namedBundle } from './named-bundle.ts';
import { continueBundle } from './teach-continue.ts';
import { readOptions, teachOptions } from './teach-options.ts';
import { writeTeachingPage } from './teach-page.ts';
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
    await giveWay();
    const started = context.clock.nowMs();
    const out = resolve(context.cwd, args.required('out'));
    const parent = args.text('continue');
    const page = args.text('report');
    if (parent !== null) {
      if (page !== null) throw fail('usage/value', { option: 'report', found: page, expected: 'none with --continue' });
      return continueBundle(context, args, namedBundle(context, parent), out);
    }
    const { options, digest } = await readOptions(context, args, out);
    const folder = await openTeachingFolder(out, digest);
    const { hooks, display } = hooksOf(context, folder);
    display.estimate(options);
    const { heard, warnings } = hearing(hooks);
    const taught = await teach(options, heard);
    await folder.finish(taught.files);
    const seconds = (context.clock.nowMs() - started) / 1000;
    reportTaught(context, args, taught, out, seconds);
    const data = args.texts('data').map((each) => basename(each));
    await writeTeachingPage(context, taught, options, {
      ...{ out, data: data.join(' + '), seconds, warnings, threads: options.threads },
      path: page === null ? `${out}.report.html` : join(resolve(context.cwd, page), 'report.html'),
    });
  },
};

/** The same hooks; what is said as a warning is kept for the page. */
function hearing(hooks: TeachHooks): { heard: TeachHooks; warnings: string[] } {
  const warnings: string[] = [];
  const say = (line: string): void => {
    const warning = /^warning: (.*)$/s.exec(line);
    if (warning) warnings.push(warning[1]!);
    hooks.say(line);
  };
  return { heard: { ...hooks, say }, warnings };
}
