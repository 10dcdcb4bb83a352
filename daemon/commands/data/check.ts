/**
 * `twinspect data check`: every part of a folder opened once; what is there, and what looks wrong, all of it at once
 * where teaching would stop at the first. Exit code 1 where something is wrong.
 */
import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import { listSamples, noticing, type Sample } from '../../../drivers/index.ts';
import type { DepthSigns } from '../../../drivers/replay/depth-signs.ts';
import { depthDoubts, mistakenKinds, named, rounded } from '../../../drivers/replay/plausible.ts';
import { messageOf, TwinspectError } from '../../../errors.ts';
import type { Args } from '../args.ts';
import type { Context } from '../command.ts';

interface Problem {
  code: string;
  text: string;
  action: string | null;
}

/** What one look at a part found. */
interface Looked {
  id: string;
  split: string;
  kind: string;
  size: string;
  digest: string;
  signs: DepthSigns | null;
  /** Of its pixels; null without a mask. */
  marked: number | null;
}

export async function checkData(context: Context, args: Args): Promise<number | undefined> {
  const root = resolve(context.cwd, args.positional(1, 'the folder'));
  args.atMost(2);
  const remarks: string[] = [];
  const files = noticing(context.files, (_path, what) => remarks.push(what));
  const problems: Problem[] = [];
  const samples = await listSamples(files, root).catch((error: unknown) => {
    problems.push(asProblem(error));
    return [];
  });
  const looked: Looked[] = [];
  for (const [index, sample] of samples.entries()) {
    context.signal.throwIfAborted();
    if (index > 0 && index % 100 === 0) context.stderr(`${index} of ${samples.length} parts`);
    await look(sample)
      .then((found) => looked.push(found))
      .catch((error: unknown) => problems.push(asProblem(error)));
  }
  const seen = looked.flatMap(({ id, signs }) => (signs === null ? [] : [{ id, signs }]));
  const answers = samples[0]?.depthAnswers ?? { rangeMm: null, accepted: [] };
  problems.push(...depthDoubts(root, seen, answers).map(({ error }) => asProblem(error)));
  problems.push(...sizeProblems(looked), ...duplicates(looked), ...oddities(looked));
  report(context, args, { root, samples, looked, remarks, problems });
  return problems.length > 0 ? 1 : undefined;
}

function asProblem(error: unknown): Problem {
  if (error instanceof TwinspectError) return { code: error.code, text: error.message, action: error.action };
  return { code: 'system/refused', text: messageOf(error), action: null };
}

const problem = (code: string, text: string): Problem => ({ code, text, action: null });

async function look(sample: Sample): Promise<Looked> {
  const { widthPx, heightPx, rgb, depthMm, truth } = await sample.load();
  const depth = new Uint8Array(depthMm.buffer, depthMm.byteOffset, depthMm.byteLength);
  return {
    ...{ id: sample.id, split: sample.split, kind: sample.kind, size: `${widthPx} x ${heightPx}` },
    digest: createHash('sha256').update(rgb).update(depth).digest('hex'),
    signs: await sample.depthSigns(),
    marked: truth && truth.reduce((sum, mark) => sum + mark, 0) / truth.length,
  };
}

function groupedBy(looked: readonly Looked[], key: (part: Looked) => string): Looked[][] {
  return [...Map.groupBy(looked, key).values()].sort((a, b) => b.length - a.length);
}

function sizeProblems(looked: readonly Looked[]): Problem[] {
  const [common, ...others] = groupedBy(looked, ({ size }) => size);
  return others.map((odd) =>
    problem(
      'size',
      `${odd.length} parts are ${odd[0]!.size}, the other ${common!.length} are ${common![0]!.size}: ${named(odd)}`,
    ),
  );
}

/** A part that is taught and measured on measures nothing. */
function duplicates(looked: readonly Looked[]): Problem[] {
  const found: Problem[] = [];
  for (const alike of groupedBy(looked, ({ digest }) => digest)) {
    if (alike.length < 2) continue;
    const across = new Set(alike.map(({ split }) => split)).size > 1;
    const where = across ? 'in splits that must not share parts' : 'to the pixel';
    found.push(
      problem(across ? 'sharedPart' : 'samePart', `the same part ${alike.length} times, ${where}: ${named(alike)}`),
    );
  }
  return found;
}

/** Of the pixels, above what is usual in the folder. */
const muchMissing = 0.2;
/** A mask of more than this is likelier to mark the part than the defect. */
const muchMarked = 0.5;

function oddities(looked: readonly Looked[]): Problem[] {
  const found: Problem[] = [];
  const shares = looked.flatMap(({ signs }) => (signs === null ? [] : [signs.missingShare])).sort((a, b) => a - b);
  const usual = shares[shares.length >> 1] ?? 0;
  const blind = looked.filter(({ signs }) => signs !== null && signs.missingShare > usual + muchMissing);
  if (blind.length > 0) {
    const percent = rounded(usual * 100);
    found.push(
      problem('missingDepth', `${blind.length} parts lack far more depth than the usual ${percent} %: ${named(blind)}`),
    );
  }
  const full = looked.filter(({ kind, marked }) => kind !== 'good' && marked !== null && marked > muchMarked);
  if (full.length > 0)
    found.push(problem('truthInverted', `masks that mark more than half of the picture: ${named(full)}`));
  const goodMarked = looked.filter(({ kind, marked }) => kind === 'good' && marked !== null && marked > 0);
  if (goodMarked.length > 0)
    found.push(problem('goodMarked', `good parts with a defect in their mask: ${named(goodMarked)}`));
  const nearlyGood = mistakenKinds(looked);
  if (nearlyGood.length > 0) {
    found.push(
      problem('kindName', `"${nearlyGood.join('", "')}" counts as a kind of defect; good parts are in "good"`),
    );
  }
  return found;
}

interface Findings {
  root: string;
  samples: readonly Sample[];
  looked: readonly Looked[];
  remarks: readonly string[];
  problems: readonly Problem[];
}

function report(context: Context, args: Args, { root, samples, looked, remarks, problems }: Findings): void {
  const parts: Record<string, number> = {};
  for (const { split, kind } of samples) parts[`${split}/${kind}`] = (parts[`${split}/${kind}`] ?? 0) + 1;
  const signs = looked.flatMap((part) => (part.signs === null ? [] : [part.signs]));
  const middles = signs.flatMap(({ medianMm }) => (medianMm === null ? [] : [medianMm])).sort((a, b) => a - b);
  const missing = signs.reduce((sum, { missingShare }) => sum + missingShare, 0) / Math.max(1, signs.length);
  const sizes = [...new Set(looked.map(({ size }) => size))];
  const depth =
    middles.length === 0
      ? null
      : {
          medianMm: rounded(middles[middles.length >> 1]!),
          nearestMm: rounded(Math.min(...signs.map(({ leastMm }) => leastMm ?? Number.POSITIVE_INFINITY))),
          farthestMm: rounded(Math.max(...signs.map(({ mostMm }) => mostMm ?? 0))),
          missingShare: rounded(missing),
        };
  if (args.flag('json')) {
    context.stdout(JSON.stringify({ folder: root, parts, sizes, depth, remarks, problems }));
    return;
  }
  context.stdout(`${root}: ${samples.length} parts, ${sizes.join(' and ') || 'none could be opened'}`);
  for (const [folder, count] of Object.entries(parts)) context.stdout(`  ${folder.padEnd(24)} ${count}`);
  if (depth !== null) {
    const { medianMm, nearestMm, farthestMm } = depth;
    const lacking = `${rounded(missing * 100)} % of the pixels have no reading`;
    context.stdout(`  depth ${medianMm} mm in the middle, ${nearestMm} to ${farthestMm} mm; ${lacking}`);
  }
  for (const remark of remarks) context.stdout(`  ${remark}`);
  for (const { code, text, action } of problems) {
    context.stdout(`wrong ${code}: ${text}`);
    if (action !== null) context.stdout(`  ${action}`);
  }
  context.stdout(problems.length === 0 ? 'nothing looks wrong' : `${problems.length} things look wrong`);
}
