/** After teaching: the scale of every source on held-out good parts, then thresholds of the combined map. */
import { assemble, assembleSources, type Networks, type GraphSpec as Spec } from '../bundle/assemble.ts';
import { pairFeeds } from '../bundle/golden.ts';
import type { SourceNorm } from '../bundle/manifest.ts';
import type { Graph } from '../graph/graph.ts';
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

/**
 * Colour changes from part to part in ways depth does not, so colour has to leave its good range about three times as
 * far to weigh the same; geometry's three weigh alike.
 */
const colourWeight = 0.3;
const weightOf = (source: string): number => (/^(rgb|fused)/.test(source) ? colourWeight : 1);
/** Missing depth has no tail on most products; its unit is then the share that geometry calls full. */
const leastScale = (source: string): number => (source === 'missing' ? 1 : 1e-6);

export interface Scales {
  sources: SourceNorm[];
  halves: { network: number; geometry: number };
}

/** Scale of every source, then of each half, on held-out good parts. */
export async function measureScales(
  spec: Spec,
  networks: Networks,
  parts: readonly PartImages[],
  threads: number,
): Promise<Scales> {
  const values = await collectOutputs(assembleSources(spec, networks), spec, parts, threads);
  const sources = [...values].map(([output, all]) => {
    const name = output.replace('source.', '');
    const centre = quantile(all, middleQuantile);
    const scale = Math.max(quantile(all, tailQuantile) - centre, leastScale(name));
    return { name, centre: Math.fround(centre), scale: Math.fround(scale), weight: weightOf(name) };
  });
  const unscaled = { sources, halves: { network: 1, geometry: 1 } };
  const maps = await collectOutputs(assemble(spec, unscaled, networks), spec, parts, threads, [
    'map.network',
    'map.geometry',
  ]);
  const tail = (name: string): number => Math.fround(Math.max(quantile(maps.get(name)!, tailQuantile), 1e-6));
  return { sources, halves: { network: tail('map.network'), geometry: tail('map.geometry') } };
}

/** Runs a graph over parts and gathers thinned values of its outputs. */
async function collectOutputs(
  graph: Graph,
  spec: Spec,
  parts: readonly PartImages[],
  threads: number,
  outputs: readonly string[] = [...graph.outputs.keys()],
): Promise<Map<string, number[]>> {
  const session = await openSession(writeOnnx(graph), { threads });
  const values = new Map<string, number[]>(outputs.map((name) => [name, []]));
  for (const { rgb, depthMm } of parts) {
    const results = await session.run(pairFeeds(rgb, depthMm, spec.input), outputs);
    for (const name of outputs) values.get(name)!.push(...thinned(results[name]!.data as Float32Array, valuesPerPart));
  }
  await session.release();
  return values;
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
  scales: Scales,
  networks: Networks,
  parts: readonly PartImages[],
  falseRejectRate: number,
  threads: number,
): Promise<Thresholds> {
  const session = await openSession(writeOnnx(assemble(spec, scales, networks)), { threads });
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
