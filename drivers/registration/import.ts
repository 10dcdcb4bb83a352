/**
 * Calibrations made elsewhere: OpenCV's FileStorage files and ROS' camera_info, told apart by what they hold. A lens
 * comes from one file each; the pose from a file with R and T, or from OpenCV's stereo file.
 *
 * Nothing is guessed: sizes and units that a file does not say have to be given, and what is not known is refused.
 */
import { type Calibration, checkCalibration, inverted, type Pose, refusal } from './calibration.ts';
import { matrixOf, nameOf, readCalibrationYaml, type YamlMap } from './calibration-yaml.ts';
import { fishEyeTerms } from './fish-eye.ts';
import type { Lens } from './lens.ts';
import { type LensModel, modelOf } from './lens-model.ts';

export interface CalibrationText {
  readonly path: string;
  readonly text: string;
}

export interface Size {
  readonly widthPx: number;
  readonly heightPx: number;
}

export interface ImportParts {
  /** May be one file for both, as OpenCV's stereo calibration writes it. */
  readonly depth: CalibrationText;
  readonly rgb: CalibrationText;
  /** Where R and T stand. */
  readonly pose: CalibrationText;
  /** Needed where the file of that camera does not say it. */
  readonly depthSize: Size | null;
  readonly rgbSize: Size | null;
  /** Which camera is the first of the pose: it maps points of the first camera into the second. */
  readonly first: 'depth' | 'rgb';
  /** Of T: the side of the board's squares was given in it. */
  readonly unit: 'mm' | 'm';
}

/** Throws `calibration/field`. */
export function importCalibration(parts: ImportParts): Calibration {
  const { depth, rgb, pose, depthSize, rgbSize, first, unit } = parts;
  const order = (name: 'depth' | 'rgb'): 1 | 2 => (name === first ? 1 : 2);
  const found: Calibration = {
    depth: importLens(depth, depthSize, order('depth')),
    rgb: importLens(rgb, rgbSize, order('rgb')),
    depthToRgb: importPose(pose, unit, first),
  };
  return checkCalibration(found, pose.path, { depth: depth.path, rgb: rgb.path });
}

/** Names a matrix goes by; with a number where a file holds both cameras. */
const intrinsicNames = ['camera_matrix', 'cameraMatrix', 'Camera_Matrix', 'K', 'k'];
const distortionNames = ['distortion_coefficients', 'distCoeffs', 'Distortion_Coefficients', 'D', 'd'];

function importLens({ path, text }: CalibrationText, given: Size | null, order: 1 | 2): Lens {
  const yaml = readCalibrationYaml(text, path);
  const k = matrixOf(yaml, [...intrinsicNames, `M${order}`, `K${order}`, `cameraMatrix${order}`], path);
  const [fx = 0, skew = 0, cx = 0, below = 0, fy = 0, cy = 0, ...last] = k;
  if (k.length !== 9 || below !== 0 || last[0] !== 0 || last[1] !== 0 || last[2] !== 1) {
    throw refusal(path, 'camera_matrix', k, '9 numbers: fx 0 cx 0 fy cy 0 0 1');
  }
  if (skew !== 0) throw refusal(path, 'camera_matrix', k, 'no skew (second number 0)');
  const model = modelOf(yaml, path);
  const distortion = matrixOf(yaml, [...distortionNames, `D${order}`, `distCoeffs${order}`], path);
  expectTerms(distortion, model, path);
  expectWholePicture(yaml, path);
  const says = sizeOf(yaml, path);
  if (says && given && (says.widthPx !== given.widthPx || says.heightPx !== given.heightPx)) {
    throw refusal(path, 'image_width x image_height', shown(says), `${shown(given)} as given`);
  }
  const size = says ?? given;
  if (!size) throw refusal(path, 'image_width', undefined, 'the size in the file, or given as WIDTHxHEIGHT');
  return { ...(model === 'fishEye' && { model }), ...size, fx, fy, cx, cy, distortion };
}

/** What OpenCV takes as distortion: none, or up to k2 p2, k3, k6; with a thin prism 12, tilted 14. */
const termCounts = [0, 4, 5, 8, 12, 14];

function expectTerms(terms: readonly number[], model: LensModel, path: string): void {
  if (model === 'fishEye') {
    if (terms.length === fishEyeTerms) return;
    throw refusal(path, 'distortion_coefficients', terms, 'the 4 numbers k1 k2 k3 k4 of a fish eye');
  }
  if (termCounts.includes(terms.length)) return;
  throw refusal(path, 'distortion_coefficients', terms, '4, 5 or 8 numbers: k1 k2 p1 p2 k3 k4 k5 k6');
}

/** A message of ROS may be of a picture that was made smaller or cut out after the calibration. */
function expectWholePicture(yaml: YamlMap, path: string): void {
  const roi = (yaml['roi'] ?? {}) as YamlMap;
  const expect = (field: string, value: unknown, fits: readonly unknown[]): void => {
    if (value === undefined || fits.includes(value)) return;
    throw refusal(path, field, value, 'the whole picture at the size it was calibrated at');
  };
  for (const key of ['binning_x', 'binning_y']) expect(key, yaml[key], [0, 1]);
  for (const key of ['x_offset', 'y_offset']) expect(`roi.${key}`, roi[key], [0]);
  for (const key of ['width', 'height']) expect(`roi.${key}`, roi[key], [0, yaml[key]]);
}

function importPose({ path, text }: CalibrationText, unit: 'mm' | 'm', first: 'depth' | 'rgb'): Pose {
  const yaml = readCalibrationYaml(text, path);
  const rotation = matrixOf(yaml, ['R', 'rotation', 'rotation_matrix'], path);
  const translation = matrixOf(yaml, ['T', 't', 'translation', 'translation_vector'], path);
  const perUnit = unit === 'm' ? 1000 : 1;
  const pose = { rotation, translationMm: translation.map((value) => value * perUnit) };
  if (rotation.length !== 9 || translation.length !== 3) {
    throw refusal(path, 'R and T', `${rotation.length} and ${translation.length} numbers`, '9 and 3 numbers');
  }
  return first === 'depth' ? pose : inverted(pose);
}

const sideNames = [
  ['image_width', 'image_height'],
  ['image_Width', 'image_Height'],
  ['width', 'height'],
] as const;
const sizeNames = ['image_size', 'imageSize', 'resolution'];

function sizeOf(yaml: YamlMap, path: string): Size | null {
  for (const [across, down] of sideNames) {
    const [widthPx, heightPx] = [yaml[across], yaml[down]];
    if (typeof widthPx === 'number' && typeof heightPx === 'number') return { widthPx, heightPx };
  }
  if (nameOf(yaml, sizeNames) === undefined) return null;
  const sides = matrixOf(yaml, sizeNames, path);
  const [widthPx, heightPx] = sides;
  if (sides.length === 2 && widthPx !== undefined && heightPx !== undefined) return { widthPx, heightPx };
  throw refusal(path, 'image_size', sides, 'width and height');
}

function shown({ widthPx, heightPx }: Size): string {
  return `${widthPx} x ${heightPx}`;
}
