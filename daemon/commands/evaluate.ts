/**
 * `twinspect evaluate`: a bundle against recorded parts whose truth is known. Runs the very graph the daemon runs and
 * judges with the daemon's own judge; `--report` adds a page to look at.
 */

import { basename, resolve } from 'node:path';
import type { Sample as RecordedSample } from '../../drivers/index.ts';
import { evaluateInDetail } from '../../models/evaluate/evaluate.ts';
import { type Args, precisionOf } from './args.ts';
import { testSamples } from './checked-samples.ts';
import type { Command, Context } from './command.ts';
import { writeReport } from './evaluate-report.ts';
import { figureLines } from './evaluate-table.ts';
import { type BundleJudge, openBundleJudge } from './judge-bundle.ts';
import { namedBundle } from './named-bundle.ts';

export const command: Command = {
  name: 'evaluate',
  summary: 'measure a bundle on parts whose truth is known',
  usage: ['evaluate --bundle DIR --data DIR [--precision NAME] [--report DIR] [--json]'],
  options: {
    bundle: { type: 'string', value: 'DIR', doc: 'the bundle folder' },
    data: { type: 'string', value: 'DIR', doc: 'recorded parts with a test split' },
    report: { type: 'string', value: 'DIR', doc: 'write report.html there: one page, opens offline' },
    precision: { type: 'string', value: 'NAME', doc: 'the variant: fp32 (default) or int8' },
    threads: { type: 'string', value: 'N', doc: 'default 2' },
    json: { type: 'boolean', doc: 'print JSON' },
  },
  async run(context: Context, args: Args) {
    args.atMost(0);
    const bundle = namedBundle(context, args.required('bundle'));
    const data = resolve(context.cwd, args.required('data'));
    const threads = args.whole('threads', { min: 1, max: 64 }) ?? 2;
    const precision = precisionOf(args);
    const samples = await testSamples(context, data);
    const judge = await openBundleJudge(context, bundle, threads, precision);
    try {
      const detailed = await evaluateInDetail(judgeAll(context, samples, judge), { threshold: judge.served.threshold });
      const report = args.text('report');
      if (report !== null) {
        const page = await writeReport(resolve(context.cwd, report), samples, judge, detailed, basename(data));
        context.stderr(`report: ${page}`);
      }
      if (args.flag('json')) context.stdout(JSON.stringify(detailed.figures));
      else for (const line of figureLines(detailed.figures, detailed.detail)) context.stdout(line);
    } finally {
      await judge.release();
    }
  },
};

async function* judgeAll(context: Context, samples: readonly RecordedSample[], judge: BundleJudge) {
  for (const [index, sample] of samples.entries()) {
    context.signal.throwIfAborted();
    if (index % 20 === 0) context.stderr(`judging ${index + 1} of ${samples.length}`);
    yield await judge.sample(sample);
  }
}
