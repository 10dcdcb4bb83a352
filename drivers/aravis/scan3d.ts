/**
 * Codec, depth: what the camera's own description says of its coordinates (SFNC chapter 3D Scan Control: scale, offset,
 * invalid value, unit), and the depth in mm that follows. Pure. NaN = no reading. Refuses a unit or an output mode that
 * is no distance along the optical axis, because nothing could tell that the numbers are wrong.
 */
import { fail } from '../../errors.ts';
import type { PixelFormat } from './pixel-formats.ts';

export interface DepthScale {
  /** mm = raw * scale + offset, already in mm. */
  readonly scale: number;
  readonly offset: number;
  /** A raw value that means no reading; null where the camera does not say. */
  readonly invalid: number | null;
}

/** What a camera was found to say; null where it has no such feature. */
export interface Scan3dFacts {
  readonly coordinateScale: number | null;
  readonly coordinateOffset: number | null;
  readonly invalidFlag: boolean | null;
  readonly invalidValue: number | null;
  readonly distanceUnit: string | null;
  readonly outputMode: string | null;
}

const mmPer: Readonly<Record<string, number>> = {
  Millimeter: 1,
  Micrometer: 1e-3,
  Centimeter: 10,
  Meter: 1000,
  Inch: 25.4,
};
/** Modes whose C is the distance along the optical axis (or, rectified, along the stage's normal). */
const distanceModes = [
  'CalibratedC',
  'CalibratedC_Grid',
  'CalibratedABC_Grid',
  'CalibratedABC_PointCloud',
  'RectifiedC',
];

/** Throws `camera/setting`. A camera that says nothing counts millimetres. */
export function depthScaleOf(id: string, format: PixelFormat, facts: Scan3dFacts): DepthScale {
  const { distanceUnit, outputMode, invalidFlag, invalidValue } = facts;
  const refuse = (setting: string, value: string, expected: string): never => {
    throw fail('camera/setting', { id, setting, value, expected });
  };
  if (outputMode !== null && !distanceModes.includes(outputMode)) {
    refuse('Scan3dOutputMode', outputMode, `a distance: ${distanceModes.join(', ')}`);
  }
  const mm = distanceUnit === null ? 1 : (mmPer[distanceUnit] ?? 0);
  if (mm === 0) refuse('Scan3dDistanceUnit', String(distanceUnit), Object.keys(mmPer).join(', '));
  const scale = facts.coordinateScale ?? 1;
  const offset = facts.coordinateOffset ?? 0;
  if (!(Number.isFinite(scale) && scale !== 0)) refuse('Scan3dCoordinateScale', String(scale), 'a number, not 0');
  if (!Number.isFinite(offset)) refuse('Scan3dCoordinateOffset', String(offset), 'a number');
  // Floats mark what is missing by NaN; words have no NaN, and 0 is what cameras write that do not say.
  const said = invalidFlag === true && invalidValue !== null ? invalidValue : null;
  const isFloat = format.name.endsWith('32f');
  return { scale: scale * mm, offset: offset * mm, invalid: said ?? (isFloat ? null : 0) };
}

/** A confidence image beside the depth, and the least value that is believed. */
export interface Doubt {
  readonly format: PixelFormat;
  readonly data: Uint8Array;
  /** A whole number. */
  readonly least: number;
}

/**
 * Fills `out` ([heightPx, widthPx]) with mm; NaN = no reading, or one the camera itself does not believe. `data` holds
 * exactly one image of the format, at any alignment.
 */
export type DepthDecoder = (data: Uint8Array, doubt: Doubt | null, out: Float32Array) => void;

/** For the pictures of one stream: made once, because what a word means is looked up. */
export function depthDecoder(format: PixelFormat, scaling: DepthScale): DepthDecoder {
  const isFloat = format.name.endsWith('32f');
  // C is the last of the coordinates of a pixel
  const step = format.bytesPerPx / (isFloat ? 4 : 2);
  return isFloat ? floatDecoder(scaling, step) : wordDecoder(scaling, step);
}

function toMm(raw: number, { scale, offset, invalid }: DepthScale): number {
  const mm = raw * scale + offset;
  return raw === invalid || !(mm > 0) || mm === Number.POSITIVE_INFINITY ? Number.NaN : mm;
}

function floatDecoder(scaling: DepthScale, step: number): DepthDecoder {
  return (data, doubt, out) => {
    const raws = new Float32Array(...aligned(data, 4), out.length * step);
    for (let at = step - 1, to = 0; to < out.length; at += step, to++) out[to] = toMm(raws[at]!, scaling);
    if (doubt === null) return;
    const confidence = confidenceOf(doubt);
    for (let to = 0; to < out.length; to++) if (confidence[to]! < doubt.least) out[to] = Number.NaN;
  };
}

const wordValues = 0x10000;

/** Without a branch for a pixel: readings drop out at random, and a mispredicted branch costs more than both tables. */
function wordDecoder(scaling: DepthScale, step: number): DepthDecoder {
  // The second half is for what is not believed.
  const mm = new Float32Array(2 * wordValues).fill(Number.NaN);
  for (let raw = 0; raw < wordValues; raw++) mm[raw] = toMm(raw, scaling);
  return (data, doubt, out) => {
    const raws = new Uint16Array(...aligned(data, 2), out.length * step);
    if (doubt === null) {
      for (let at = step - 1, to = 0; to < out.length; at += step, to++) out[to] = mm[raws[at]!]!;
      return;
    }
    const { least } = doubt;
    const confidence = confidenceOf(doubt);
    for (let at = step - 1, to = 0; to < out.length; at += step, to++) {
      // the sign of the difference, moved to where it chooses the half
      out[to] = mm[raws[at]! | (((confidence[to]! - least) >>> 31) << 16)]!;
    }
  };
}

function confidenceOf({ format, data }: Doubt): Uint8Array | Uint16Array {
  return format.bytesPerPx === 1 ? data : new Uint16Array(...aligned(data, 2), data.byteLength / 2);
}

/** Where the bytes lie for a view of wider elements: as they are, or copied where an element would begin in another. */
function aligned(data: Uint8Array, bytes: number): [ArrayBufferLike, number] {
  const { buffer, byteOffset } = data.byteOffset % bytes === 0 ? data : data.slice();
  return [buffer, byteOffset];
}
