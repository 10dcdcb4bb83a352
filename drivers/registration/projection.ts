/**
 * The loops of registration: each depth pixel into the RGB picture, what hides what, the colour there. Free functions
 * over plain arrays, written for speed: a pair has to be registered while the next one arrives.
 */
import { fishEyeReach, fishEyeScale, fishEyeStretch } from './fish-eye.ts';
import { type Lens, toDirection, toPixel } from './lens.ts';

/** What is known of each depth pixel, in arrays that are used again for every pair. */
export interface Projected {
  /** Place in the RGB picture, pixels. */
  readonly u: Float32Array;
  readonly v: Float32Array;
  /** One over the distance along the RGB camera's axis, 1 / mm: parallax is linear in it. */
  readonly w: Float32Array;
  /** Index of its cell. */
  readonly cell: Int32Array;
  readonly state: Uint8Array;
}

/** A coarse copy of the RGB picture: of each cell the nearest surface in it, as 1 / mm. */
export interface Cells {
  readonly perPx: number;
  readonly across: number;
  readonly nearest: Float32Array;
}

/** So far that no parallax is left, and still a number to calculate with. */
export const farAwayMm = 1e9;

export const seen = 0;
export const hidden = 1;
export const outside = 2;

export function projectedFor(count: number): Projected {
  const floats = (): Float32Array => new Float32Array(count);
  return { u: floats(), v: floats(), w: floats(), cell: new Int32Array(count), state: new Uint8Array(count) };
}

export function cellsFor({ widthPx, heightPx }: Lens, cellPx: number): Cells {
  const across = Math.ceil(widthPx / cellPx) + 1;
  return { perPx: 1 / cellPx, across, nearest: new Float32Array(across * (Math.ceil(heightPx / cellPx) + 1)) };
}

/** Each depth pixel's direction, turned into the RGB camera: a point there is distance x this + translation. */
export function turnedDirections(depth: Lens, rotation: readonly number[]): Float32Array {
  const [r0 = 0, r1 = 0, r2 = 0, r3 = 0, r4 = 0, r5 = 0, r6 = 0, r7 = 0, r8 = 0] = rotation;
  const turned = new Float32Array(depth.widthPx * depth.heightPx * 3);
  for (let row = 0, to = 0; row < depth.heightPx; row++) {
    for (let column = 0; column < depth.widthPx; column++, to += 3) {
      const { x, y } = toDirection(depth, { x: column, y: row });
      turned[to] = r0 * x + r1 * y + r2;
      turned[to + 1] = r3 * x + r4 * y + r5;
      turned[to + 2] = r6 * x + r7 * y + r8;
    }
  }
  return turned;
}

/** A square of a lens's tangent: beyond it the distortion means nothing. Its farthest corner's, with some room. */
export function fieldOf(lens: Lens, room: number): number {
  const [right, bottom] = [lens.widthPx - 1, lens.heightPx - 1];
  const corners = [
    ...[toDirection(lens, { x: 0, y: 0 }), toDirection(lens, { x: right, y: 0 })],
    ...[toDirection(lens, { x: 0, y: bottom }), toDirection(lens, { x: right, y: bottom })],
  ];
  const field = Math.max(...corners.map(({ x, y }) => x * x + y * y)) * room * room;
  if (lens.model !== 'fishEye') return field;
  const reach = Math.tan(fishEyeReach(lens.distortion)) ** 2;
  // a corner that looks to the side
  return Number.isNaN(field) ? reach : Math.min(field, reach);
}

/**
 * How far apart, RGB pixels, neighbouring depth pixels fall at most where both cameras look. Two pinholes are alike
 * everywhere; a fish eye draws its rim together.
 */
export function spacingPx(depth: Lens, rgb: Lens, rotation: readonly number[]): number {
  const usual = rgb.fx / depth.fx;
  if (depth.model !== 'fishEye' && rgb.model !== 'fishEye') return usual;
  const fieldR2 = fieldOf(rgb, 1);
  const [r0 = 0, r1 = 0, r2 = 0, r3 = 0, r4 = 0, r5 = 0, r6 = 0, r7 = 0, r8 = 0] = rotation;
  const seenAt = (column: number, row: number): { x: number; y: number } | null => {
    const { x, y } = toDirection(depth, { x: column, y: row });
    const z = r6 * x + r7 * y + r8;
    const there = { x: (r0 * x + r1 * y + r2) / z, y: (r3 * x + r4 * y + r5) / z };
    if (!(z > 0 && there.x * there.x + there.y * there.y < fieldR2)) return null;
    const { x: u, y: v } = toPixel(rgb, there);
    return u >= 0 && v >= 0 && u <= rgb.widthPx - 1 && v <= rgb.heightPx - 1 ? { x: u, y: v } : null;
  };
  let most = 0;
  const probes = 32;
  for (let i = 0; i <= probes; i++) {
    for (let k = 0; k <= probes; k++) {
      const column = Math.floor((i * (depth.widthPx - 2)) / probes);
      const row = Math.floor((k * (depth.heightPx - 2)) / probes);
      const at = seenAt(column, row);
      if (at === null) continue;
      for (const next of [seenAt(column + 1, row), seenAt(column, row + 1)]) {
        if (next !== null) most = Math.max(most, Math.hypot(next.x - at.x, next.y - at.y));
      }
    }
  }
  return most > 0 ? most : usual;
}

/**
 * For each depth pixel, how much more of a slanted surface a cell holds there than on the axis: towards the rim of a
 * fish eye a pixel spans more and more of a plane. null for a pinhole, where it is 1 everywhere.
 */
export function slackOf(turned: Float32Array, rgb: Lens): Float32Array | null {
  if (rgb.model !== 'fishEye') return null;
  const widest = Math.tan(fishEyeReach(rgb.distortion));
  return Float32Array.from({ length: turned.length / 3 }, (_, at) => {
    const z = turned[at * 3 + 2]!;
    const r = z > 0 ? Math.hypot(turned[at * 3]!, turned[at * 3 + 1]!) / z : widest;
    return Math.max(1, fishEyeStretch(rgb.distortion, Math.min(r, widest)));
  });
}

/**
 * Fills `to` and the cells, and answers how many pixels lie outside the RGB picture. `distanceMm` is above 0 and finite
 * everywhere, `farAwayMm` where only the direction counts.
 */
export function project(
  distanceMm: Float32Array,
  turned: Float32Array,
  translationMm: readonly number[],
  rgb: Lens,
  fieldR2: number,
  to: Projected,
  { perPx, across, nearest }: Cells,
): number {
  const { fx, fy, cx, cy } = rgb;
  const [k1 = 0, k2 = 0, p1 = 0, p2 = 0, k3 = 0, k4 = 0, k5 = 0, k6 = 0] = rgb.distortion;
  const rational = k4 !== 0 || k5 !== 0 || k6 !== 0;
  const fishEye = rgb.model === 'fishEye';
  const [tx = 0, ty = 0, tz = 0] = translationMm;
  const right = rgb.widthPx - 1;
  const bottom = rgb.heightPx - 1;
  const { u: us, v: vs, w: ws, cell: cells, state } = to;
  let inside = 0;
  nearest.fill(0);
  for (let at = 0, from = 0; at < state.length; at++, from += 3) {
    const distance = distanceMm[at]!;
    const w = 1 / (turned[from + 2]! * distance + tz);
    const x = (turned[from]! * distance + tx) * w;
    const y = (turned[from + 1]! * distance + ty) * w;
    const r2 = x * x + y * y;
    state[at] = outside;
    ws[at] = Number.POSITIVE_INFINITY; // nothing hides it
    if (!(w > 0 && r2 < fieldR2)) continue;
    let u: number;
    let v: number;
    if (fishEye) {
      const scale = fishEyeScale(rgb.distortion, Math.sqrt(r2));
      u = fx * x * scale + cx;
      v = fy * y * scale + cy;
    } else {
      let radial = 1 + r2 * (k1 + r2 * (k2 + r2 * k3));
      if (rational) radial /= 1 + r2 * (k4 + r2 * (k5 + r2 * k6));
      u = fx * (x * radial + 2 * p1 * x * y + p2 * (r2 + 2 * x * x)) + cx;
      v = fy * (y * radial + p1 * (r2 + 2 * y * y) + 2 * p2 * x * y) + cy;
    }
    if (!(u >= 0 && v >= 0 && u <= right && v <= bottom)) continue;
    us[at] = u;
    vs[at] = v;
    ws[at] = w;
    state[at] = seen;
    inside++;
    const cell = ((v * perPx + 0.5) | 0) * across + ((u * perPx + 0.5) | 0);
    cells[at] = cell;
    if (w > nearest[cell]!) nearest[cell] = w;
  }
  return state.length - inside;
}

/** Marks as hidden what has something nearer by more than `inFront` (1 / mm) in its cell. Answers how many. */
export function hide(
  { w, cell, state }: Projected,
  { nearest }: Cells,
  inFront: number,
  slack: Float32Array | null,
): number {
  let count = 0;
  for (let at = 0; at < state.length; at++) {
    const least = slack === null ? inFront : inFront * slack[at]!;
    if (!(nearest[cell[at]!]! - w[at]! > least)) continue;
    state[at] = hidden;
    count++;
  }
  return count;
}

/** The colour of everything seen, bilinear; the rest of `out` stays as it is. */
export function sample(pixels: Uint8Array, widthPx: number, heightPx: number, from: Projected, out: Uint8Array): void {
  const { u: us, v: vs, state } = from;
  const stride = widthPx * 3;
  for (let at = 0, to = 0; at < state.length; at++, to += 3) {
    if (state[at] !== seen) continue;
    const u = us[at]!;
    const v = vs[at]!;
    // the last pixel has no neighbour beyond: all of its own colour
    let left = u | 0;
    let top = v | 0;
    if (left > widthPx - 2) left = widthPx - 2;
    if (top > heightPx - 2) top = heightPx - 2;
    const a = u - left;
    const b = v - top;
    const w11 = a * b;
    const w01 = a - w11;
    const w10 = b - w11;
    const w00 = 1 - a - w10;
    const p = top * stride + left * 3;
    const q = p + stride;
    // the store cuts what stands behind the point
    out[to] = pixels[p]! * w00 + pixels[p + 3]! * w01 + pixels[q]! * w10 + pixels[q + 3]! * w11 + 0.5;
    out[to + 1] = pixels[p + 1]! * w00 + pixels[p + 4]! * w01 + pixels[q + 1]! * w10 + pixels[q + 4]! * w11 + 0.5;
    out[to + 2] = pixels[p + 2]! * w00 + pixels[p + 5]! * w01 + pixels[q + 2]! * w10 + pixels[q + 5]! * w11 + 0.5;
  }
}
