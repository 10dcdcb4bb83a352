/** After teaching: the scale of every source on held-out good parts, then thresholds of the combined map. */
import { assemble, assembleSources, type Networks, type GraphSpec as Spec } from '../bundle/assemble.ts';
import { pairFeeds } from '../bundle/golden.ts';
import type { SourceNorm } from '../bundle/manifest.ts';
import type { Graph } from '../graph/graph.ts';
import type { HalfScales } from '../nets/anomaly.ts';
import { writeOnnx } from '../onnx/write.ts';
import { openSession } from '../runtime/session.ts';
import type { PartImages } from './prepared.ts';
import { quantile, thinned } from './statistics.ts';
import { type ScoreThreshold, scoreThreshold } from './threshold.ts';

/** The middle of a source on good parts becomes 0. */
const middleQuantile = 0.5;
/** Where trust is measured, a source is held against this tail of its own. */
const tailQuantile = 0.995;
/** Values looked at per part and source. */
const valuesPerPart = 4096;

/** How much the level of whole parts (their median) wanders over good parts, in units of the source's own tail. */
function wander(perPart: readonly Seen[], scale: number): number {
  const levels = perPart.map(({ sample }) => quantile(sample, middleQuantile));
  const mean = levels.reduce((sum, level) => sum + level, 0) / levels.length;
  return Math.sqrt(levels.reduce((sum, level) => sum + (level - mean) ** 2, 0) / levels.length) / scale;
}

/**
 * How far the sources of one target are trusted: 1 where their level is the same on every good part, falling steeply
 * where it wanders more than `wanderUnit`. Light and material move colour from part to part on some products (weight
 * 0.1 on road surface) and hardly on others (1 on parts under controlled light); only the good parts can tell.
 */
const wanderUnit = 0.1;
const trust = (wanders: readonly number[]): number =>
  1 / (1 + (wanders.reduce((sum, each) => sum + each, 0) / wanders.length / wanderUnit) ** 4);
/** Geometry is trusted as it is: its three are in units of good parts already and do not depend on light. */
const targetOf = (source: string): string | null => /^(fused|rgb|depth)/.exec(source)?.[0] ?? null;

/**
 * Missing depth hardly peaks on most products, and then grows by a patch from one batch of material to the next: its
 * unit is what good parts reach rather than what is usual, within these shares of the surroundings. Under controlled
 * light they reach 0.13 and all alike; on road surface a few reach 0.7.
 */
const missingUnit = { least: 0.2, most: 0.36 };
const reachedSpreads = 2;

export interface Scales {
  sources: SourceNorm[];
  halves: HalfScales;
}

/**
 * Scale of every source, then of each half, on held-out good parts: what its peak on a good part usually is becomes 1.
 * A score is a peak, so that units of peaks let every source speak equally loud; units of a pixel's tail would let the
 * one with the longest tail drown the others.
 */
export async function measureScales(
  spec: Spec,
  networks: Networks,
  parts: readonly PartImages[],
  threads: number,
): Promise<Scales> {
  const values = await collectOutputs(assembleSources(spec, networks), spec, parts, threads);
  const measured = [...values].map(([output, perPart]) => {
    const name = output.replace('source.', '');
    const all = concatenated(perPart.map(({ sample }) => sample));
    const centre = quantile(all, middleQuantile);
    const scale = unitOf(name, perPart, centre);
    const tail = Math.max(quantile(all, tailQuantile) - centre, 1e-6);
    return { name, centre: Math.fround(centre), scale: Math.fround(scale), wander: wander(perPart, tail) };
  });
  const weightOf = (source: string): number => {
    const target = targetOf(source);
    if (target === null) return 1;
    return Math.fround(trust(measured.filter(({ name }) => targetOf(name) === target).map((each) => each.wander)));
  };
  const sources = measured.map(({ name, centre, scale }) => ({ name, centre, scale, weight: weightOf(name) }));
  const unscaled = { sources, halves: { network: 1, geometry: 1, colour: 1 } };
  const outputs = ['map.network', 'map.geometry', 'map.colour'];
  const maps = await collectOutputs(assemble(spec, unscaled, networks), spec, parts, threads, outputs);
  const peak = (name: string): number => Math.fround(Math.max(usualPeak(maps.get(name)!), 1e-6));
  const trusted = (name: string): number => Math.fround(peak(name) / steadiness(maps.get(name)!));
  const halves = {
    network: trusted('map.network'),
    geometry: peak('map.geometry'),
    colour: trusted('map.colour'),
  };
  return { sources, halves };
}

function unitOf(source: string, perPart: readonly Seen[], centre: number): number {
  const usual = Math.max(usualPeak(perPart) - centre, 1e-6);
  if (source !== 'missing') return usual;
  const { mean, spread } = ofPeaks(perPart);
  const reached = mean + reachedSpreads * spread - centre;
  return Math.max(usual, Math.min(Math.max(reached, missingUnit.least), missingUnit.most));
}

/** One output on one part: some of its values, and the largest of all. */
interface Seen {
  sample: Float32Array;
  peak: number;
}

/**
 * How far network and colour are trusted: as far as their peaks are alike from one good part to the next. Under
 * controlled light they are (spread 0.15 to 0.25 of the mean, trust 0.97 to 0.8); on road surface, where every stretch
 * has its own stains, they are not (0.5, trust 0.2). Geometry is in millimetres and trusted as it is.
 */
function steadiness(perPart: readonly Seen[]): number {
  const { mean, spread } = ofPeaks(perPart);
  return 1 / (1 + (spread / Math.max(mean, 1e-6) / steadySpread) ** 4);
}
const steadySpread = 0.35;

function ofPeaks(perPart: readonly Seen[]): { mean: number; spread: number } {
  const mean = perPart.reduce((sum, { peak }) => sum + peak, 0) / perPart.length;
  const variance = perPart.reduce((sum, { peak }) => sum + (peak - mean) ** 2, 0) / perPart.length;
  return { mean, spread: Math.sqrt(variance) };
}

/** The median, because a good part or two with a speck must not set the unit. */
const usualPeak = (perPart: readonly Seen[]): number =>
  quantile(
    perPart.map(({ peak }) => peak),
    0.5,
  );

/** Runs a graph over parts and gathers what its outputs are on each, without the places nobody looks at. */
async function collectOutputs(
  graph: Graph,
  spec: Spec,
  parts: readonly PartImages[],
  threads: number,
  outputs: readonly string[] = [...graph.outputs.keys()],
): Promise<Map<string, Seen[]>> {
  const session = await openSession(writeOnnx(graph), { threads });
  const values = new Map<string, Seen[]>(outputs.map((name) => [name, []]));
  for (const { rgb, depthMm } of parts) {
    const results = await session.run(pairFeeds(rgb, depthMm, spec.input), outputs);
    for (const name of outputs) {
      const looked = (results[name]!.data as Float32Array).filter((value) => !Number.isNaN(value));
      const peak = looked.reduce((most, value) => Math.max(most, value), 0);
      values.get(name)!.push({ sample: thinned(looked, valuesPerPart), peak });
    }
  }
  await session.release();
  return values;
}

function concatenated(parts: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

export interface Thresholds {
  score: ScoreThreshold;
  /** In the order of the parts. */
  heldOutScores: readonly number[];
  pixelThreshold: number;
  leastAreaPx: number;
  minJudgedShare: number;
}

/** A defect's outline is drawn where the map passes this tail of good pixels, but not below half the threshold. */
export const outlineQuantile = 0.999;
export const outlineFloor = 0.5;
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
    heldOutScores: scores,
    pixelThreshold: Math.min(
      score.threshold,
      Math.max(quantile(pixels, outlineQuantile), outlineFloor * score.threshold),
    ),
    leastAreaPx: Math.ceil(leastAreaWorkingPx * perWorkingPx),
    minJudgedShare: judgedSlack * leastShare,
  };
}
