/**
 * Golden parts: a few parts with the score and map they had at teaching, replayed before a bundle serves. They hold
 * raw camera bytes, so that the whole graph is tested, and maps thinned to every fourth pixel.
 */
import { fail } from '../../errors.ts';
import type { Feeds, Session } from '../runtime/session.ts';
import type { GoldenPart, Manifest, Variant } from './manifest.ts';

export interface Golden {
  name: string;
  rgb: Uint8Array;
  depthMm: Float32Array;
  /** The map, every `mapStep`th row and column. */
  map: Float32Array;
  score: number;
}
export const mapStep = 4;

/** What a golden part gave here, and how far it is from what it gave at teaching. */
export interface GoldenOutcome {
  name: string;
  score: number;
  expectedScore: number;
  scoreError: number;
  mapError: number;
}

export function readGolden(part: GoldenPart, take: (file: string) => Uint8Array): Golden {
  const floats = (file: string): Float32Array => {
    const copy = new Uint8Array(take(file));
    return new Float32Array(copy.buffer, 0, copy.byteLength / 4);
  };
  return {
    name: part.name,
    rgb: take(part.rgb),
    depthMm: floats(part.depth),
    map: floats(part.map),
    score: part.score,
  };
}

/** The files of one golden part and its manifest entry. */
export function writeGolden({ name, rgb, depthMm, map, score }: Golden): {
  entry: GoldenPart;
  files: Map<string, Uint8Array>;
} {
  const bytes = (data: Float32Array): Uint8Array => new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  const entry = { name, rgb: `golden/${name}.rgb`, depth: `golden/${name}.depth`, map: `golden/${name}.map`, score };
  return {
    entry,
    files: new Map([
      [entry.rgb, rgb],
      [entry.depth, bytes(depthMm)],
      [entry.map, bytes(map)],
    ]),
  };
}

export function thinMap(map: Float32Array, widthPx: number, heightPx: number): Float32Array {
  const rows = Math.ceil(heightPx / mapStep);
  const columns = Math.ceil(widthPx / mapStep);
  return Float32Array.from(
    { length: rows * columns },
    (_, i) => map[Math.floor(i / columns) * mapStep * widthPx + (i % columns) * mapStep]!,
  );
}

export function pairFeeds(
  rgb: Uint8Array,
  depthMm: Float32Array,
  { widthPx, heightPx }: { widthPx: number; heightPx: number },
): Feeds {
  return { rgb: { data: rgb, shape: [heightPx, widthPx, 3] }, depthMm: { data: depthMm, shape: [heightPx, widthPx] } };
}

/**
 * Runs every golden part. Throws `bundle/drift` where score or map leave the tolerance (relative to the threshold), a
 * value is not finite, or a verdict flips.
 */
export async function replayGolden(
  session: Session,
  golden: readonly Golden[],
  manifest: Manifest,
  variant: Variant,
  path: string,
): Promise<GoldenOutcome[]> {
  const outcomes: GoldenOutcome[] = [];
  for (const part of golden) outcomes.push(await replayPart(session, part, manifest, variant, path));
  return outcomes;
}

/** Runs one golden part. Throws `bundle/drift` as `replayGolden` does. */
export async function replayPart(
  session: Session,
  part: Golden,
  { input }: Pick<Manifest, 'input'>,
  { threshold, goldenTolerance: tolerance }: Variant,
  path: string,
): Promise<GoldenOutcome> {
  const results = await session.run(pairFeeds(part.rgb, part.depthMm, input), ['score', 'map']);
  const score = (results['score']!.data as Float32Array)[0]!;
  const map = thinMap(results['map']!.data as Float32Array, input.widthPx, input.heightPx);
  const mapError = map.reduce((most, value, i) => worse(most, Math.abs(value - part.map[i]!) / threshold), 0);
  const scoreError = Math.abs(score - part.score) / threshold;
  const flips = score >= threshold !== part.score >= threshold;
  if (!(scoreError <= tolerance && mapError <= tolerance) || flips) {
    const actual = `score ${score}, map off by ${mapError}`;
    throw fail('bundle/drift', { path, part: part.name, actual, expected: `score ${part.score}`, tolerance });
  }
  return { name: part.name, score, expectedScore: part.score, scoreError, mapError };
}

/** The larger, with NaN the largest of all. */
const worse = (a: number, b: number): number => (Number.isNaN(b) || b > a ? b : a);
