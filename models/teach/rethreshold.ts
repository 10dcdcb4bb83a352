/**
 * Another threshold for a bundle, from parts whose truth is known: what each candidate would reject and miss, and the
 * next version with the chosen one. Networks and scales stay byte for byte; golden parts are made again, since the one
 * near the threshold must lie near the new one.
 */
import { writeGolden } from '../bundle/golden.ts';
import { type OpenedBundle, sha256 } from '../bundle/load.ts';
import type { Manifest, Variant } from '../bundle/manifest.ts';
import { networkFiles } from '../bundle/networks.ts';
import { outlineFloor, outlineQuantile } from './calibrate.ts';
import { goldenParts } from './golden-parts.ts';
import type { PartImages } from './prepared.ts';
import { quantile } from './statistics.ts';
import { betaQuantile, type ScoreThreshold, scoreThreshold } from './threshold.ts';

/** A part whose truth is known: `good`, or the kind of its defect. */
export interface Labelled {
  id: string;
  kind: string;
  score: number;
}

export interface Candidate {
  threshold: number;
  /** What it stands for. */
  what: string;
  falseRejects: number;
  misses: number;
  /** Expected share of good parts that fail, and where it lies with 95 % probability. */
  expected: number;
  interval95: [number, number];
}

/** Rates whose thresholds are shown beside the one that was asked for. */
const shownRates = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2];

/** A threshold this close above a good score was made of it, as `scoreThreshold` makes it. */
const justAbove = 1 + 2e-4;

/**
 * A threshold that was chosen by hand, as order statistics see it: between the k-th and the next larger of n good
 * scores the expected rate is no more than k / (n + 1), and the interval reaches from that of the larger one.
 */
export function valueThreshold(goodScores: readonly number[], threshold: number): ScoreThreshold {
  const n = goodScores.length;
  const above = goodScores.filter((score) => score > threshold).length;
  const k = Math.min(n, above + 1);
  const ofScore = goodScores.some((score) => score <= threshold && threshold <= score * justAbove);
  const larger = ofScore ? k : above;
  return {
    threshold,
    wanted: k / (n + 1),
    expected: k / (n + 1),
    lowestSupported: 1 / (n + 1),
    partsMissing: 0,
    interval95: [
      larger === 0 ? 0 : betaQuantile(0.025, larger, n + 1 - larger),
      above === n ? 1 : betaQuantile(0.975, k, n + 1 - k),
    ],
  };
}

/** Candidates from strict to lenient, the present and the chosen one among them. */
export function candidates(parts: readonly Labelled[], present: number, chosen: number): Candidate[] {
  const goods = parts.filter(({ kind }) => kind === 'good').map(({ score }) => score);
  const bads = parts.filter(({ kind }) => kind !== 'good').map(({ score }) => score);
  const named = new Map<number, string[]>();
  const add = (threshold: number, what: string): void => {
    named.set(threshold, [...(named.get(threshold) ?? []), what]);
  };
  add(chosen, 'chosen');
  add(present, 'as it is');
  if (bads.length > 0) add(Math.min(...bads), 'no miss');
  for (const rate of shownRates) {
    const { threshold, lowestSupported } = scoreThreshold(goods, rate);
    if (rate >= lowestSupported) add(threshold, `rate ${100 * rate} %`);
  }
  return [...named]
    .sort(([a], [b]) => a - b)
    .map(([threshold, what]) => {
      const { expected, interval95 } = valueThreshold(goods, threshold);
      const falseRejects = goods.filter((score) => score >= threshold).length;
      const misses = bads.filter((score) => score < threshold).length;
      return { threshold, what: what.join(', '), falseRejects, misses, expected, interval95 };
    });
}

export interface Rethreshold {
  name: string;
  version: string;
  variant: Variant;
  score: ScoreThreshold;
  /** Good parts: how many the threshold was measured on, thinned pixels of their maps, a few whole ones. */
  goods: { count: number; pixels: readonly number[]; images: readonly PartImages[] };
  threads: number;
}

/** The files of the next version, manifest.json among them. */
export async function rethresholded(
  { manifest: parent, digest, files: kept, networks, golden }: OpenedBundle,
  { name, version, variant: before, score, goods, threads }: Rethreshold,
): Promise<{ manifest: Manifest; files: Map<string, Uint8Array> }> {
  const { threshold } = score;
  const outline = Math.max(quantile(goods.pixels, outlineQuantile), outlineFloor * threshold);
  const variant = { ...before, threshold, pixelThreshold: Math.min(threshold, outline) };
  const { input } = parent;
  const own = golden.filter((part) => part.name.startsWith('good'));
  const images = [
    ...own.map(({ rgb, depthMm }) => ({ widthPx: input.widthPx, heightPx: input.heightPx, rgb, depthMm })),
    ...goods.images,
  ];
  const files = new Map<string, Uint8Array>(networkFiles.map((file) => [file, kept.get(file)!]));
  const entries = (await goldenParts(parent, before, networks, images, threshold, threads)).map((part) => {
    const written = writeGolden(part);
    for (const [path, bytes] of written.files) files.set(path, bytes);
    return written.entry;
  });
  const { wanted, lowestSupported, interval95 } = score;
  const step = {
    bundle: `${parent.name}@${parent.version}`,
    digest,
    how: 'threshold' as const,
    partsAdded: 0,
    heldOutAdded: goods.count,
  };
  const manifest: Manifest = {
    ...parent,
    name,
    version,
    files: Object.fromEntries([...files].map(([path, bytes]) => [path, sha256(bytes)])),
    taught: {
      ...parent.taught,
      falseRejectRate: { wanted, lowestSupported, interval95 },
      parents: [step, ...(parent.taught.parents ?? [])],
    },
    variants: [variant],
    golden: entries,
  };
  files.set('manifest.json', new TextEncoder().encode(`${JSON.stringify(manifest, null, 2)}\n`));
  return { manifest, files };
}
