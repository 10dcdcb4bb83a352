/** Measures what the geometry box compares with: mean and spread of height and missing depth at each place. */
import {
  type GeometryName,
  type GeometryReference,
  type GeometryReferences,
  geometryNames,
  referenceStride,
} from '../nets/geometry.ts';
import type { PreparedPart } from './prepared.ts';
import { PlaceMoments } from './statistics.ts';

/** A mean counts as far as it stands out of its own uncertainty: 1 - surely / t^2 of it, nothing below. */
const surely = 4;
/** Spreads below this (mm, share) are rounding. */
const leastSpread = 1e-3;

/**
 * References over `count` parts, and where each part had readings. Parts that lie loose (no place has a height of its
 * own) get a reference near zero and an even spread; fixtured ones keep their relief and the play of its edges.
 */
export async function measureGeometry(
  count: number,
  { widthPx: width, heightPx: height }: { widthPx: number; heightPx: number },
  prepared: (part: number) => Promise<PreparedPart>,
): Promise<{ references: GeometryReferences; valid: Uint8Array[] }> {
  const [columns, rows] = [width / referenceStride, height / referenceStride];
  const moments = new Map(geometryNames.map((name) => [name, new PlaceMoments(columns * rows)]));
  const valid: Uint8Array[] = [];
  for (let part = 0; part < count; part++) {
    const { geometry, valid: readings } = await prepared(part);
    valid.push(Uint8Array.from(readings));
    for (const name of geometryNames) moments.get(name)!.add(pooled(geometry[name], width, columns, rows));
  }
  const references = Object.fromEntries(
    geometryNames.map((name) => [name, reference(moments.get(name)!, count, name)]),
  );
  return { references: references as GeometryReferences, valid };
}

function reference(moments: PlaceMoments, count: number, name: GeometryName): GeometryReference {
  const own = moments.spread();
  const common = own.reduce((sum, s) => sum + s * s, 0) / own.length;
  // Half its own, half everyone's: with a few dozen parts a place's own variance is a poor guess.
  const spread = Float32Array.from(own, (s) => Math.max(Math.sqrt((s * s + common) / 2), leastSpread));
  if (name === 'missing') return { mean: Float32Array.from(moments.mean), spread };
  const mean = Float32Array.from(moments.mean, (m, place) => {
    const t2 = (count * m * m) / Math.max(own[place]! ** 2, leastSpread ** 2);
    return m * Math.max(0, 1 - surely / t2);
  });
  return { mean, spread };
}

/** Means of square blocks, working grid -> reference grid. */
function pooled(values: Float32Array, width: number, columns: number, rows: number): Float32Array {
  const out = new Float32Array(columns * rows);
  for (let i = 0; i < values.length; i++) {
    const row = Math.floor(i / width / referenceStride);
    const column = Math.floor((i % width) / referenceStride);
    out[row * columns + column]! += values[i]! / referenceStride ** 2;
  }
  return out;
}
