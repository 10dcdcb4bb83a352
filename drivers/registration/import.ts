/**
 * Calibrations made elsewhere: OpenCV's FileStorage YAML, ROS' camera_info YAML and our own JSON, told apart by what
 * they hold. A lens comes from one file each; the pose from a file with R and T, or from OpenCV's stereo file.
 *
 * Nothing is guessed: sizes and units that a file does not say have to be given, and what is not known is refused.
 */
import { type Calibration, checkCalibration, inverted, type Pose, parseCalibration, refusal } from './calibration.ts';
import type { Lens } from './lens.ts';
import { type PlainYaml, readPlainYaml } from './plain-yaml.ts';

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
  return checkCalibration(found, pose.path);
}

/** Our own JSON, whole: checked, nothing else. */
export function isOwnJson({ text }: CalibrationText): boolean {
  return text.trimStart().startsWith('{');
}

export function importOwn({ path, text }: CalibrationText): Calibration {
  return parseCalibration(text, path);
}

/** Names a matrix goes by; with a number where a file holds both cameras. */
const intrinsicNames = ['camera_matrix', 'cameraMatrix', 'Camera_Matrix', 'K'];
const distortionNames = ['distortion_coefficients', 'distCoeffs', 'Distortion_Coefficients', 'D'];
/** Models of distortion by the names ROS and OpenCV give them that are Brown-Conrady's. */
const knownModels = ['plumb_bob', 'rational_polynomial', 'brown_conrady'];

function importLens({ path, text }: CalibrationText, given: Size | null, order: 1 | 2): Lens {
  const yaml = readPlainYaml(text, path);
  const k = matrix(yaml, [...intrinsicNames, `M${order}`, `K${order}`, `cameraMatrix${order}`], path);
  if (k.length !== 9) throw refusal(path, 'camera_matrix', k, '9 numbers: fx 0 cx 0 fy cy 0 0 1');
  const [fx = 0, skew = 0, cx = 0, , fy = 0, cy = 0] = k;
  if (skew !== 0) throw refusal(path, 'camera_matrix', k, 'no skew (second number 0)');
  const model = yaml['distortion_model'];
  if (model !== undefined && !knownModels.includes(String(model))) {
    throw refusal(path, 'distortion_model', model, knownModels.join(' or '));
  }
  const distortion = matrix(yaml, [...distortionNames, `D${order}`, `distCoeffs${order}`], path);
  const says = sizeOf(yaml);
  if (says && given && (says.widthPx !== given.widthPx || says.heightPx !== given.heightPx)) {
    throw refusal(path, 'image_width x image_height', shown(says), `${shown(given)} as given`);
  }
  const size = says ?? given;
  if (!size) throw refusal(path, 'image_width', undefined, 'the size in the file, or given as WIDTHxHEIGHT');
  return { ...size, fx, fy, cx, cy, distortion };
}

function importPose({ path, text }: CalibrationText, unit: 'mm' | 'm', first: 'depth' | 'rgb'): Pose {
  const yaml = readPlainYaml(text, path);
  const rotation = matrix(yaml, ['R', 'rotation', 'rotation_matrix'], path);
  const translation = matrix(yaml, ['T', 't', 'translation', 'translation_vector'], path);
  const perUnit = unit === 'm' ? 1000 : 1;
  const pose = { rotation, translationMm: translation.map((value) => value * perUnit) };
  if (rotation.length !== 9 || translation.length !== 3) {
    throw refusal(path, 'R and T', `${rotation.length} and ${translation.length} numbers`, '9 and 3 numbers');
  }
  return first === 'depth' ? pose : inverted(pose);
}

/** A list of numbers as it stands, or under `data` of a matrix with rows and cols. */
function matrix(yaml: PlainYaml, names: readonly string[], path: string): number[] {
  const name = names.find((each) => yaml[each] !== undefined);
  if (name === undefined) throw refusal(path, names[0]!, undefined, `a matrix called ${names.join(', ')}`);
  const value = yaml[name]!;
  if (Array.isArray(value)) return value;
  if (typeof value !== 'object') throw refusal(path, name, value, 'a matrix');
  const { rows, cols, data } = value;
  if (!Array.isArray(data)) throw refusal(path, `${name}.data`, data, 'a list of numbers');
  if (Number(rows) * Number(cols) !== data.length) {
    throw refusal(path, `${name}.data`, `${data.length} numbers`, `rows x cols = ${rows} x ${cols}`);
  }
  return data;
}

function sizeOf(yaml: PlainYaml): Size | null {
  const widthPx = yaml['image_width'] ?? yaml['width'] ?? yaml['image_Width'];
  const heightPx = yaml['image_height'] ?? yaml['height'] ?? yaml['image_Height'];
  return typeof widthPx === 'number' && typeof heightPx === 'number' ? { widthPx, heightPx } : null;
}

function shown({ widthPx, heightPx }: Size): string {
  return `${widthPx} x ${heightPx}`;
}
