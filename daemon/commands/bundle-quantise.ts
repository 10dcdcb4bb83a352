/**
 * `twinspect bundle quantise`: a new bundle that holds the old one and a variant of lower precision, with what that
 * costs: verdicts that flip, how far the maps lie apart, whether the scores still rank alike.
 */
import { createHash } from 'node:crypto';
import { basename, resolve } from 'node:path';
import { listSamples } from '../../drivers/index.ts';
import { fail } from '../../errors.ts';
import type { Target } from '../../models/teach/add-variant.ts';
import type { Args } from './args.ts';
import type { Context } from './command.ts';
import type { Comparison } from './compare-variants.ts';
import { quantiseBundle } from './quantise-bundle.ts';
import { compareOwn } from './quantise-figures.ts';
import { openTeachingFolder } from './teaching-folder.ts';

export async function quantiseCommand(context: Context, args: Args, path: string): Promise<void> {
  const out = resolve(context.cwd, args.required('out'));
  const data = resolve(context.cwd, args.required('data'));
  const target = targetOf(args);
  const threads = args.whole('threads', { min: 1, max: 64 }) ?? 2;
  const key = createHash('sha256')
    .update(JSON.stringify(['quantise', path, data, target]))
    .digest('hex');
  // Parts that cannot be read are said before a folder is begun, which would stay.
  await listSamples(context.files, data);
  const folder = await openTeachingFolder(out, key);
  const { extended, comparison } = await quantiseBundle(context, { path, data, target, threads });
  const [name, version = '1.0.0'] = basename(out).split('@') as [string, string?];
  const manifest = { ...extended.manifest, name, version };
  const bytes = new TextEncoder().encode(`${JSON.stringify(manifest, null, 2)}\n`);
  await folder.finish(new Map(extended.files).set('manifest.json', bytes));
  const { threshold } = extended.variant;
  if (args.flag('json')) context.stdout(JSON.stringify({ bundle: out, ...target, threshold, ...comparison }));
  else for (const line of shown(out, target, comparison)) context.stdout(line);
}

/** `twinspect bundle compare`: the same of a bundle that has its variant already, taught for eight bits for example. */
export async function compareCommand(context: Context, args: Args, path: string): Promise<void> {
  const data = resolve(context.cwd, args.required('data'));
  const { comparison } = await compareOwn(context, path, data, args.whole('threads', { min: 1, max: 64 }) ?? 2);
  const target = { provider: 'cpu', precision: 'int8' } as const;
  if (args.flag('json')) context.stdout(JSON.stringify({ bundle: path, ...target, ...comparison }));
  else for (const line of compared(path, target, comparison)) context.stdout(line);
}

function targetOf(args: Args): Target {
  const precision = args.text('precision') ?? 'int8';
  const provider = args.text('for') ?? (precision === 'fp16' ? 'tensorrt' : 'cpu');
  if (precision !== 'int8' && precision !== 'fp16') {
    throw fail('usage/value', { option: 'precision', found: precision, expected: 'int8 or fp16' });
  }
  if (provider !== 'cpu' && provider !== 'tensorrt') {
    throw fail('usage/value', { option: 'for', found: provider, expected: 'cpu or tensorrt' });
  }
  if (precision === 'fp16' && provider === 'cpu') {
    throw fail('usage/value', { option: 'for', found: 'cpu', expected: 'tensorrt: a CPU gains nothing from fp16' });
  }
  return { provider, precision };
}

function shown(out: string, target: Target, comparison: Comparison): string[] {
  const { precision } = target;
  return [
    ...compared(out, target, comparison),
    `next: twinspect bundle verify ${out} --precision ${precision}, and inference.precision to ${precision} or auto`,
  ];
}

function compared(path: string, { provider, precision }: Target, comparison: Comparison): string[] {
  const { parts, flipsInside, flipsOutside, mapError, scoreError, rankCorrelation, aurocs } = comparison;
  const share = (value: number | null): string => value?.toFixed(4) ?? '-';
  return [
    `${path}: its variant ${provider}/${precision} against fp32 on ${parts} parts:`,
    `verdicts that flip    ${flipsOutside} outside the interval of the threshold, ${flipsInside} inside`,
    `maps apart            ${mapError.toFixed(4)} thresholds on average, scores at most ${scoreError.toFixed(3)}`,
    `rank correlation      ${share(rankCorrelation)}`,
    `image AUROC           ${share(aurocs[1])}, fp32 ${share(aurocs[0])}`,
  ];
}
