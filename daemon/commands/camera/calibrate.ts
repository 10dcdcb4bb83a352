/**
 * `twinspect camera calibrate`: calibrations made with OpenCV or ROS, brought into the one file the line reads and
 * checked. It does not find a printed board itself: no kept npm library does without a compiler (OpenCV's own build
 * for JavaScript leaves the board finders out).
 */
import { resolve } from 'node:path';
import {
  type Calibration,
  calibrationDigest,
  formatCalibration,
  parseCalibration,
} from '../../../drivers/registration/calibration.ts';
import { widestRad } from '../../../drivers/registration/fish-eye.ts';
import { type CalibrationText, importCalibration, type Size } from '../../../drivers/registration/import.ts';
import { type Lens, toDirection } from '../../../drivers/registration/lens.ts';
import { fail } from '../../../errors.ts';
import { writeNew } from '../../write-whole.ts';
import type { Args } from '../args.ts';
import type { Context } from '../command.ts';

export async function calibrateCameras(context: Context, args: Args): Promise<void> {
  args.atMost(1);
  const read = async (path: string): Promise<CalibrationText> => ({
    path,
    text: new TextDecoder().decode(await context.files.read(resolve(context.cwd, path))),
  });
  const check = args.text('check');
  if (check !== null) args.alone('check', ['json']);
  if (check !== null) {
    report(context, args, check, parseCalibration((await read(check)).text, check));
    return;
  }
  for (const option of ['depth', 'rgb', 'pose', 'unit', 'out']) args.required(option);
  const calibration = importCalibration({
    depth: await read(args.required('depth')),
    rgb: await read(args.required('rgb')),
    pose: await read(args.required('pose')),
    depthSize: sizeOf(args, 'depth-size'),
    rgbSize: sizeOf(args, 'rgb-size'),
    unit: choice(args, 'unit', ['mm', 'm'], 'mm'),
    first: choice(args, 'first', ['depth', 'rgb'], 'depth'),
  });
  const out = resolve(context.cwd, args.required('out'));
  await writeNew(out, new TextEncoder().encode(formatCalibration(calibration)));
  report(context, args, out, calibration);
}

function choice<T extends string>(args: Args, option: string, values: readonly T[], otherwise: T): T {
  const found = args.text(option) ?? otherwise;
  const value = values.find((each) => each === found);
  if (value !== undefined) return value;
  throw fail('usage/value', { option, found, expected: values.join(' or ') });
}

function sizeOf(args: Args, option: string): Size | null {
  const found = args.text(option);
  if (found === null) return null;
  const match = /^(\d{1,5})x(\d{1,5})$/.exec(found);
  if (!match) throw fail('usage/value', { option, found, expected: 'WIDTHxHEIGHT in pixels' });
  return { widthPx: Number(match[1]), heightPx: Number(match[2]) };
}

function report(context: Context, args: Args, file: string, calibration: Calibration): void {
  const { depth, rgb, depthToRgb } = calibration;
  const digest = calibrationDigest(calibration);
  const { rotation: r, translationMm } = depthToRgb;
  const distanceMm = Math.hypot(...translationMm);
  const turnDeg = (Math.acos(Math.min(1, Math.max(-1, (r[0]! + r[4]! + r[8]! - 1) / 2))) * 180) / Math.PI;
  if (args.flag('json')) {
    context.stdout(JSON.stringify({ file, digest, distanceMm, turnDeg, ...calibration }));
    return;
  }
  context.stdout(`${file}: digest ${digest}`);
  for (const [name, lens] of [
    ['depth', depth],
    ['rgb', rgb],
  ] as const) {
    const view = `${viewDeg(lens, 'x').toFixed(1)} x ${viewDeg(lens, 'y').toFixed(1)} degrees`;
    const model = lens.model === 'fishEye' ? ' (fish eye)' : '';
    context.stdout(`  ${name.padEnd(6)} ${lens.widthPx} x ${lens.heightPx} px, sees ${view}${model}`);
  }
  context.stdout(
    `  the cameras stand ${distanceMm.toFixed(1)} mm apart, turned ${turnDeg.toFixed(2)} degrees to each other`,
  );
}

/** From edge to edge through the middle of the picture, as without distortion; a fish eye has no such view. */
function viewDeg(lens: Lens, axis: 'x' | 'y'): number {
  const [side, focal] = axis === 'x' ? [lens.widthPx, lens.fx] : [lens.heightPx, lens.fy];
  if (lens.model !== 'fishEye') return (2 * Math.atan(side / 2 / focal) * 180) / Math.PI;
  const angles = [0, side - 1].map((at) => {
    const edge = toDirection(lens, axis === 'x' ? { x: at, y: lens.cy } : { x: lens.cx, y: at })[axis];
    return Number.isNaN(edge) ? widestRad : Math.abs(Math.atan(edge));
  });
  return ((angles[0]! + angles[1]!) * 180) / Math.PI;
}
