/** After teaching: the scale of every source on held-out good parts, then thresholds of the combined map. */
import { assemble, assembleSources, type Networks, type GraphSpec as Spec } from '../bundle/assemble.ts';
import { pairFeeds } from '../bundle/golden.ts';
import type { SourceNorm } from '../bundle/manifest.ts';
import { writeOnnx } from '../onnx/write.ts';
import { openSession } from '../runtime/session.ts';
import type { PartImages } from './prepared.ts';
import { quantile, thinned } from './statistics.ts';
import { type ScoreThreshold, scoreThreshold } from './threshold.ts';

/** How a source's values on good parts become its scale: its middle is 0, its tail is 1. */
const middleQuantile = 0.5;
const tailQuantile = 0.995;
/** Values looked at per part and source. */
const valuesPerPart = 4096;

/** Weight of each source in the combined map. */
export const sourceWeights: Record<string, number> = { fused: 1, rgb: 1, depth: 1, fine: 1, coarse: 1, missing: 1 };

export async function measureSources(
  spec: Spec,
  networks: Networks,
  parts: readonly PartImages[],
  threads: number,
): Promise<SourceNorm[]> {
  const session = await openSession(writeOnnx(assembleSources(spec, networks)), { threads });
  const values = new Map<string, number[]>();
  for (const { rgb, depthMm } of parts) {
    const results = await session.run(pairFeeds(rgb, depthMm, spec.input));
    for (const [output, { data }] of Object.entries(results)) {
      const name = output.replace('source.', '');
      values.set(name, [...(values.get(name) ?? []), ...thinned(data as Float32Array, valuesPerPart)]);
    }
  }
  await session.release();
  return [...values].map(([name, all]) => {
    const centre = quantile(all, middleQuantile);
    const scale = Math.max(quantile(all, tailQuantile) - centre, 1e-6);
    return { name, centre: Math.fround(centre), scale: Math.fround(scale), weight: sourceWeights[name] ?? 0 };
  });
}

export interface Thresholds {
  score: ScoreThreshold;
  pixelThreshold: number;
  leastAreaPx: number;
  minJudgedShare: number;
}

/** A defect's outline is drawn where the map passes this tail of good pixels, but not below half the threshold. */
const outlineQuantile = 0.999;
const outlineFloor = 0.5;
/** A part is undecided when less of it was judged than this share of the least good part. */
const judgedSlack = 0.5;
/** Regions smaller than this many working pixels are specks. */
const leastAreaWorkingPx = 4;

export async function measureThresholds(
  spec: Spec,
  sources: SourceNorm[],
  networks: Networks,
  parts: readonly PartImages[],
  falseRejectRate: number,
  threads: number,
): Promise<Thresholds> {
  const session = await openSession(writeOnnx(assemble(spec, { sources }, networks)), { threads });
  const scores: number[] = [];
  const pixels: number[] = [];
  let leastShare = 1;
  for (const { rgb, depthMm } of parts) {
    const results = await session.run(pairFeeds(rgb, depthMm, spec.input), ['score', 'map', 'judgedShare']);
    const first = (name: string): number => (results[name]!.data as Float32Array)[0]!;
    scores.push(first('score'));
    leastShare = Math.min(leastShare, first('judgedShare'));
    pixels.push(...thinned(results['map']!.data as Float32Array, valuesPerPart));
  }
  await session.release();
  const score = scoreThreshold(scores, falseRejectRate);
  const frame = spec.roi ?? spec.input;
  const perWorkingPx = (frame.widthPx * frame.heightPx) / (spec.working.widthPx * spec.working.heightPx);
  return {
    score,
    pixelThreshold: Math.min(
      score.threshold,
      Math.max(quantile(pixels, outlineQuantile), outlineFloor * score.threshold),
    ),
    leastAreaPx: Math.ceil(leastAreaWorkingPx * perWorkingPx),
    minJudgedShare: judgedSlack * leastShare,
  };
}
