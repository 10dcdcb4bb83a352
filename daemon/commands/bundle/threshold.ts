/**
 * `twinspect bundle threshold`: sets a bundle's threshold again from recorded parts whose truth is known. Shows what
 * each candidate would reject and miss, and makes the next version; the bundle itself is never changed.
 */

import { join, resolve } from 'node:path';
import type { Sample } from '../../../drivers/index.ts';
import { fail } from '../../../errors.ts';
import { openBundle, sha256 } from '../../../models/bundle/load.ts';
import { variantFor } from '../../../models/bundle/variants.ts';
import { named } from '../../../models/teach/inspect.ts';
import type { PartImages } from '../../../models/teach/prepared.ts';
import { candidates, type Labelled, rethresholded, valueThreshold } from '../../../models/teach/rethreshold.ts';
import { thinned } from '../../../models/teach/statistics.ts';
import { scoreThreshold } from '../../../models/teach/threshold.ts';
import type { Args } from '../args.ts';
import { checkedSamples } from '../checked-samples.ts';
import type { Context } from '../command.ts';
import { openBundleJudge } from '../judge-bundle.ts';
import { nextVersion } from '../teach-continue.ts';
import { readFalseRejectRate, readThreads } from '../teach-options.ts';
import { percent } from '../teach-report.ts';
import { openTeachingFolder } from '../teaching-folder.ts';

/** Good parts kept whole, to make golden parts of. */
const mostImages = 8;
/** Pixels of a map that are looked at. */
const valuesPerPart = 4096;

export async function setThreshold(context: Context, args: Args, given: string): Promise<void> {
  const [path, out] = [resolve(context.cwd, given), resolve(context.cwd, args.required('out'))];
  const [rate, value] = [readFalseRejectRate(args), args.number('value', { min: 1e-6, max: 1e9 })];
  if (rate !== null && value !== null)
    throw fail('usage/value', {
      option: 'value',
      found: value,
      expected: 'not both of --value and --false-reject-rate',
    });
  const data = resolve(context.cwd, args.required('data'));
  const parent = await openBundle((file) => context.files.read(join(path, file)), path);
  const names = nextVersion(parent, out);
  const samples = labelledOf(context, await checkedSamples(context, data), data);
  const threads = readThreads(args);
  const seen = await judged(context, path, samples, threads);
  if (seen.undecided.length > 0)
    context.stderr(`warning: ${seen.undecided.length} parts are undecided and left out: ${named(seen.undecided)}`);
  const goods = seen.parts.filter(({ kind }) => kind === 'good').map(({ score }) => score);
  if (goods.length === 0) throw fail('threshold/noGood', { path: data, parts: seen.parts.length });
  const wanted = rate ?? parent.manifest.taught.falseRejectRate.wanted;
  const score = value === null ? scoreThreshold(goods, wanted) : valueThreshold(goods, value);
  const variant = variantFor(parent.manifest, 'cpu', ['fp32'], path);
  if (parent.manifest.variants.length > 1)
    context.stderr(`warning: only ${variant.provider}/${variant.precision} is measured; make the other variants again`);
  const folder = await openTeachingFolder(out, sha256(new TextEncoder().encode(`${parent.digest} ${score.threshold}`)));
  const { pixels, images } = seen;
  const change = { ...names, variant, score, goods: { count: goods.length, pixels, images }, threads };
  await folder.finish((await rethresholded(parent, change)).files);
  report(context, args, seen.parts, { out, path, present: variant.threshold, chosen: score.threshold });
  if (value === null && score.partsMissing > 0)
    context.stderr(
      `${goods.length} good parts support a rate of ${percent(score.lowestSupported)} at the lowest; ` +
        `${score.partsMissing} more are needed for the ${percent(wanted)} asked for`,
    );
}

/** Parts the student was not taught on; where the folder says of none, all of them. */
function labelledOf(context: Context, samples: readonly Sample[], data: string): readonly Sample[] {
  const fresh = samples.filter(({ split }) => split !== 'train');
  const left = samples.length - fresh.length;
  if (fresh.length === 0) return samples;
  if (left > 0) context.stderr(`${left} parts of ${data} are for teaching and left out`);
  return fresh;
}

interface Seen {
  parts: Labelled[];
  undecided: string[];
  /** Thinned maps, and a few whole images, of good parts. */
  pixels: number[];
  images: PartImages[];
}

async function judged(context: Context, path: string, samples: readonly Sample[], threads: number): Promise<Seen> {
  const judge = await openBundleJudge(context, path, threads);
  const seen: Seen = { parts: [], undecided: [], pixels: [], images: [] };
  try {
    for (const [index, sample] of samples.entries()) {
      context.signal.throwIfAborted();
      if (index % 20 === 0) context.stderr(`judging ${index + 1} of ${samples.length}`);
      const { reading, judgement, widthPx, heightPx, rgb, depthMm } = await judge.look(sample);
      if (judgement.decision === 'undecided') {
        seen.undecided.push(sample.id);
        continue;
      }
      seen.parts.push({ id: sample.id, kind: sample.kind, score: reading.score });
      if (sample.kind !== 'good') continue;
      seen.pixels.push(...thinned(reading.map, valuesPerPart));
      if (seen.images.length < mostImages) seen.images.push({ widthPx, heightPx, rgb, depthMm });
    }
  } finally {
    await judge.release();
  }
  return seen;
}

function report(
  context: Context,
  args: Args,
  parts: readonly Labelled[],
  { out, path, present, chosen }: { out: string; path: string; present: number; chosen: number },
): void {
  const rows = candidates(parts, present, chosen);
  const bad = parts.filter(({ kind }) => kind !== 'good');
  const kinds = [...new Set(bad.map(({ kind }) => kind))].map((kind) => {
    const own = bad.filter((part) => part.kind === kind);
    return { kind, parts: own.length, missed: own.filter(({ score }) => score < chosen).length };
  });
  const good = parts.length - bad.length;
  if (args.flag('json')) {
    const threshold = { before: present, after: chosen };
    const counts = { good, bad: bad.length };
    context.stdout(JSON.stringify({ bundle: out, parent: path, threshold, parts: counts, candidates: rows, kinds }));
    return;
  }
  context.stdout(`${out}: threshold ${present.toPrecision(5)} before, ${chosen.toPrecision(5)} now`);
  context.stdout('  threshold  good rejected  expected (95 %)          bad missed   ');
  for (const { threshold, what, falseRejects, misses, expected, interval95 } of rows) {
    const mark = threshold === chosen ? '*' : ' ';
    const cells = [
      threshold.toPrecision(5).padEnd(9),
      `${falseRejects} of ${good}`.padEnd(13),
      `${percent(expected)} (${interval95.map(percent).join(' to ')})`.padEnd(23),
      `${misses} of ${bad.length}`.padEnd(11),
    ];
    context.stdout(`${mark} ${[...cells, what].join('  ')}`);
  }
  if (bad.length === 0) context.stdout('no defective part in the folder: what the threshold misses is not known');
  for (const { kind, parts: count, missed } of kinds)
    if (missed > 0) context.stdout(`missed: ${missed} of ${count} ${kind}`);
}
