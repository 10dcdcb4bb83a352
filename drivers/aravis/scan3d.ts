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

/** Fills `out` ([heightPx, widthPx]) with mm; NaN = no reading. `data` holds exactly one image of the format. */
export function toDepthMm(format: PixelFormat, data: Uint8Array, scaling: DepthScale, out: Float32Array): void {
  const { scale, offset, invalid } = scaling;
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const isFloat = format.name.endsWith('32f');
  const step = format.bytesPerPx;
  // C is the last of the three coordinates of a pixel.
  const first = isFloat ? step - 4 : step - 2;
  if (!isFloat && step === 2 && data.byteOffset % 2 === 0) {
    wordsToDepthMm(data, scaling, out);
    return;
  }
  for (let at = first, to = 0; to < out.length; at += step, to++) {
    const raw = isFloat ? view.getFloat32(at, true) : view.getUint16(at, true);
    const mm = raw * scale + offset;
    out[to] = raw === invalid || !(mm > 0) || mm === Number.POSITIVE_INFINITY ? Number.NaN : mm;
  }
}

/** The usual case, without a call for each pixel. */
function wordsToDepthMm(data: Uint8Array, { scale, offset, invalid }: DepthScale, out: Float32Array): void {
  const words = new Uint16Array(data.buffer, data.byteOffset, out.length);
  for (let to = 0; to < out.length; to++) {
    const raw = words[to]!;
    const mm = raw * scale + offset;
    out[to] = raw === invalid || !(mm > 0) ? Number.NaN : mm;
  }
}

/** Takes away what the camera itself does not believe: readings whose confidence is below the least. */
export function dropUnsure(format: PixelFormat, confidence: Uint8Array, least: number, depthMm: Float32Array): void {
  const step = format.bytesPerPx;
  for (let at = 0, to = 0; to < depthMm.length; at += step, to++) {
    const value = step === 1 ? confidence[at]! : confidence[at]! | (confidence[at + 1]! << 8);
    if (value < least) depthMm[to] = Number.NaN;
  }
}
