/**
 * The calibration of two cameras: a lens each and the way from depth to RGB, in mm. Written and read as JSON.
 *
 * Refuses what would register wrongly without anybody noticing: a missing field, a matrix that is no rotation, a
 * distance that looks like metres, a lens that does not come back to its own corners, frames of another size.
 */
import { createHash } from 'node:crypto';
import { fail, messageOf } from '../../errors.ts';
import { fishEyeReach, fishEyeTerms, widestRad } from './fish-eye.ts';
import { distortionTerms, type Lens, returnErrorPx, toDirection } from './lens.ts';

/** A point of the depth camera in the RGB camera: rotation (row-major 3 x 3) times point plus translation. */
export interface Pose {
  readonly rotation: readonly number[];
  readonly translationMm: readonly number[];
}

export interface Calibration {
  readonly depth: Lens;
  readonly rgb: Lens;
  readonly depthToRgb: Pose;
}

export const calibrationSchema = 'twinspect.calibration/1';
/** Written where a lens is a fish eye: a version that does not know of it would read the terms as Brown-Conrady's. */
export const fishEyeSchema = 'twinspect.calibration/2';
const schemas: readonly unknown[] = [calibrationSchema, fishEyeSchema];

/** Two cameras on one bracket lie further apart than the first and nearer than the second, mm; or in one place. */
const nearestMm = 2;
const farthestMm = 5000;
/** A rotation from a file of four decimals is orthonormal to about this. */
const rotationTolerance = 2e-3;
/** Sides of a sensor, pixels. */
const sidesPx = { least: 16, most: 16_384 };
/** No principal point lies in the outer tenth; that of twice the resolution does. */
const edgeShare = 0.1;
/** A corner that misses itself by more is bent beyond what the model describes, pixels. */
const returnMaxPx = 0.01;

/** Reads our own JSON. Throws `calibration/field`, which names the field, its value and what was expected. */
export function parseCalibration(text: string, path: string): Calibration {
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch (error) {
    throw refusal(path, 'the file', messageOf(error), 'JSON written by "twinspect camera calibrate"', error);
  }
  const given = record(raw, path, 'the file');
  const schema = given['schema'];
  if (!schemas.includes(schema)) throw refusal(path, 'schema', schema, schemas.join(' or '));
  const pose = record(given['depthToRgb'], path, 'depthToRgb');
  return checkCalibration(
    {
      depth: readLens(given['depth'], path, 'depth', schema === fishEyeSchema),
      rgb: readLens(given['rgb'], path, 'rgb', schema === fishEyeSchema),
      depthToRgb: {
        rotation: numbers(pose['rotation'], path, 'depthToRgb.rotation'),
        translationMm: numbers(pose['translationMm'], path, 'depthToRgb.translationMm'),
      },
    },
    path,
  );
}

/** The file that `parseCalibration` reads; the same calibration, the same bytes. */
export function formatCalibration({ depth, rgb, depthToRgb }: Calibration): string {
  const { rotation, translationMm } = depthToRgb;
  const pose = { rotation, translationMm };
  const schema = depth.model === undefined && rgb.model === undefined ? calibrationSchema : fishEyeSchema;
  const fields = { schema, depth: lensFields(depth), rgb: lensFields(rgb), depthToRgb: pose };
  return `${JSON.stringify(fields, null, 2)}\n`;
}

/** sha256 of the calibration itself, hex: what a bundle and a recording name it by, wherever the file lies. */
export function calibrationDigest(calibration: Calibration): string {
  return createHash('sha256').update(formatCalibration(calibration)).digest('hex');
}

/**
 * Gives it back with every distortion term filled in, or throws `calibration/field`, which names `path`, or the file
 * that lens came from.
 */
export function checkCalibration(
  calibration: Calibration,
  path: string,
  lensPaths: { readonly depth: string; readonly rgb: string } = { depth: path, rgb: path },
): Calibration {
  checkPose(calibration.depthToRgb, path);
  return {
    depth: checkLens(calibration.depth, lensPaths.depth, 'depth'),
    rgb: checkLens(calibration.rgb, lensPaths.rgb, 'rgb'),
    depthToRgb: calibration.depthToRgb,
  };
}

/** The inverse way: where a file gives RGB -> depth. */
export function inverted({ rotation: r, translationMm: t }: Pose): Pose {
  const rotation = [0, 3, 6, 1, 4, 7, 2, 5, 8].map((at) => r[at]!);
  const turned = (row: number): number =>
    rotation[row]! * t[0]! + rotation[row + 1]! * t[1]! + rotation[row + 2]! * t[2]!;
  // no -0 in a file
  return { rotation, translationMm: [0, 3, 6].map((row) => 0 - turned(row)) };
}

export function refusal(path: string, field: string, value: unknown, expected: string, cause?: unknown): Error {
  const shown = value === undefined ? 'missing' : typeof value === 'string' ? value : JSON.stringify(value);
  return fail('calibration/field', { path, field, value: shown.slice(0, 200), expected }, cause);
}

function checkLens(lens: Lens, path: string, name: string): Lens {
  const { widthPx, heightPx, fx, fy, cx, cy, distortion } = lens;
  const expect = (field: string, value: number, fits: boolean, expected: string): void => {
    if (!fits) throw refusal(path, `${name}.${field}`, value, expected);
  };
  for (const [field, side] of [
    ['widthPx', widthPx],
    ['heightPx', heightPx],
  ] as const) {
    const fits = Number.isInteger(side) && side >= sidesPx.least && side <= sidesPx.most;
    expect(field, side, fits, `a whole number of pixels from ${sidesPx.least} to ${sidesPx.most}`);
  }
  const span = Math.max(widthPx, heightPx);
  // Fish eyes and telescopes alike: beyond these the numbers belong to another resolution or unit.
  for (const [field, focal] of [
    ['fx', fx],
    ['fy', fy],
  ] as const) {
    const expected = `a focal length in pixels, ${span / 10} to ${span * 50} for this size`;
    expect(field, focal, focal >= span / 10 && focal <= span * 50, expected);
  }
  const central = (at: number, side: number): boolean => at > side * edgeShare && at < side * (1 - edgeShare);
  const middle = (side: number): string => `inside the middle of ${side} px; is it of another resolution?`;
  expect('cx', cx, central(cx, widthPx), middle(widthPx));
  expect('cy', cy, central(cy, heightPx), middle(heightPx));
  const terms = termsOf(lens, path, name);
  const whole = { ...lens, distortion: terms };
  for (const corner of [
    { x: 0, y: 0 },
    { x: widthPx - 1, y: 0 },
    { x: 0, y: heightPx - 1 },
    { x: widthPx - 1, y: heightPx - 1 },
  ]) {
    const error = returnErrorPx(whole, corner);
    if (error <= returnMaxPx || looksToTheSide(whole, corner)) continue;
    const expected = 'terms that describe the whole image: at a corner these bend back; calibrate with the board there';
    throw refusal(path, `${name}.distortion`, distortion, expected);
  }
  return whole;
}

/** The corners of a fish eye of 180 degrees see nothing in front of it. */
function looksToTheSide(lens: Lens, corner: { x: number; y: number }): boolean {
  if (lens.model !== 'fishEye' || fishEyeReach(lens.distortion) < widestRad) return false;
  return Number.isNaN(toDirection(lens, corner).x);
}

/** Every term filled in; what the model has no place for has to be 0. */
function termsOf({ model, distortion }: Lens, path: string, name: string): number[] {
  const count = model === 'fishEye' ? fishEyeTerms : distortionTerms;
  if (distortion.slice(count).some((term) => term !== 0)) {
    const names = model === 'fishEye' ? 'k1 k2 k3 k4 of a fish eye' : 'k1 k2 p1 p2 k3 k4 k5 k6';
    const expected = `at most ${count} terms (${names}): no thin prism, no tilt`;
    throw refusal(path, `${name}.distortion`, distortion, expected);
  }
  return Array.from({ length: count }, (_, at) => distortion[at] ?? 0);
}

function checkPose({ rotation: r, translationMm: t }: Pose, path: string): void {
  if (r.length !== 9) throw refusal(path, 'depthToRgb.rotation', r, '9 numbers, row by row');
  if (t.length !== 3) throw refusal(path, 'depthToRgb.translationMm', t, '3 numbers');
  const dot = (a: number, b: number): number => r[a]! * r[b]! + r[a + 1]! * r[b + 1]! + r[a + 2]! * r[b + 2]!;
  const off = [dot(0, 0) - 1, dot(3, 3) - 1, dot(6, 6) - 1, dot(0, 3), dot(0, 6), dot(3, 6)];
  const volume =
    r[0]! * (r[4]! * r[8]! - r[5]! * r[7]!) -
    r[1]! * (r[3]! * r[8]! - r[5]! * r[6]!) +
    r[2]! * (r[3]! * r[7]! - r[4]! * r[6]!);
  if (!off.every((error) => Math.abs(error) <= rotationTolerance) || !(volume > 0)) {
    throw refusal(path, 'depthToRgb.rotation', r, 'a rotation: rows of length 1, at right angles, not mirrored');
  }
  const distance = Math.hypot(...t);
  if (distance === 0 || (distance >= nearestMm && distance <= farthestMm)) return;
  const looks = distance < nearestMm ? 'these look like metres' : 'these look like another unit';
  const expected = `mm: 0, or ${nearestMm} to ${farthestMm} from camera to camera (${looks})`;
  throw refusal(path, 'depthToRgb.translationMm', t, expected);
}

const lensKeys = ['model', 'widthPx', 'heightPx', 'fx', 'fy', 'cx', 'cy', 'distortion'];

function readLens(raw: unknown, path: string, name: string, mayBeFishEye: boolean): Lens {
  const given = record(raw, path, name);
  // A model under a name that is not looked at would be taken for Brown-Conrady.
  const unknown = Object.keys(given).find((key) => !lensKeys.includes(key));
  if (unknown !== undefined) throw refusal(path, `${name}.${unknown}`, given[unknown], lensKeys.join(', '));
  const { model } = given;
  if (model !== undefined && !(mayBeFishEye && model === 'fishEye')) {
    throw refusal(path, `${name}.model`, model, `fishEye in a file of schema ${fishEyeSchema}, or none`);
  }
  const number = (field: string): number => {
    const value = given[field];
    if (typeof value !== 'number' || !Number.isFinite(value))
      throw refusal(path, `${name}.${field}`, value, 'a number');
    return value;
  };
  return {
    ...(model === 'fishEye' && { model }),
    ...{ widthPx: number('widthPx'), heightPx: number('heightPx') },
    ...{ fx: number('fx'), fy: number('fy'), cx: number('cx'), cy: number('cy') },
    distortion: numbers(given['distortion'], path, `${name}.distortion`),
  };
}

function record(raw: unknown, path: string, field: string): Record<string, unknown> {
  if (typeof raw === 'object' && raw !== null && !Array.isArray(raw)) return raw as Record<string, unknown>;
  throw refusal(path, field, raw, 'an object');
}

function numbers(raw: unknown, path: string, field: string): number[] {
  const fits = Array.isArray(raw) && raw.every((each) => typeof each === 'number' && Number.isFinite(each));
  if (!fits) throw refusal(path, field, raw, 'a list of numbers');
  return raw as number[];
}

/** In one order, so that equal calibrations have equal digests. */
function lensFields({ model, widthPx, heightPx, fx, fy, cx, cy, distortion }: Lens): Lens {
  return { ...(model !== undefined && { model }), widthPx, heightPx, fx, fy, cx, cy, distortion };
}
