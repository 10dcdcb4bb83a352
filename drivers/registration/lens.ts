/**
 * A lens: pinhole and Brown-Conrady distortion, or a fish eye, as OpenCV and ROS write them. Pixel centres lie at whole
 * coordinates; x is right, y down, z forward. Pure arithmetic; whether the numbers make a camera is asked in
 * `calibration.ts`.
 */
import { fishEyeDirection, fishEyeScale } from './fish-eye.ts';

export interface Lens {
  /** Absent for Brown-Conrady: calibrations of before there was another keep their digest. */
  readonly model?: 'fishEye' | undefined;
  readonly widthPx: number;
  readonly heightPx: number;
  /** Focal lengths and principal point, pixels. */
  readonly fx: number;
  readonly fy: number;
  readonly cx: number;
  readonly cy: number;
  /**
   * k1, k2, p1, p2, k3, k4, k5, k6: radial over the rational 1 + k4 r2 + k5 r4 + k6 r6, and tangential; of a fish eye
   * k1, k2, k3, k4.
   */
  readonly distortion: readonly number[];
}

export interface Point {
  readonly x: number;
  readonly y: number;
}

export const distortionTerms = 8;

/** A direction (x/z, y/z) -> the pixel it is seen at. */
export function toPixel(lens: Lens, { x, y }: Point): Point {
  const bent = bend(lens, x, y);
  return { x: lens.fx * bent.x + lens.cx, y: lens.fy * bent.y + lens.cy };
}

/** Rounds that bring a pixel's direction to 1e-9 for any lens that is used to measure with. */
const undistortRounds = 60;
const settled = 1e-12;

/**
 * A pixel -> the direction (x/z, y/z) it looks in: distortion has no inverse in closed form, so by repetition.
 * NaN where a fish eye looks to its side.
 */
export function toDirection(lens: Lens, pixel: Point): Point {
  const goal = { x: (pixel.x - lens.cx) / lens.fx, y: (pixel.y - lens.cy) / lens.fy };
  if (lens.model === 'fishEye') return fishEyeDirection(lens.distortion, goal);
  let { x, y } = goal;
  for (let round = 0; round < undistortRounds; round++) {
    const bent = distort(lens.distortion, x, y);
    const [stepX, stepY] = [goal.x - bent.x, goal.y - bent.y];
    x += stepX;
    y += stepY;
    if (Math.abs(stepX) + Math.abs(stepY) < settled) break;
  }
  return { x, y };
}

/** How far a pixel lands from itself after `toDirection` and back, pixels: large where the lens bends too much. */
export function returnErrorPx(lens: Lens, pixel: Point): number {
  const back = toPixel(lens, toDirection(lens, pixel));
  return Math.hypot(back.x - pixel.x, back.y - pixel.y);
}

function bend({ model, distortion }: Lens, x: number, y: number): Point {
  if (model !== 'fishEye') return distort(distortion, x, y);
  const scale = fishEyeScale(distortion, Math.hypot(x, y));
  return { x: x * scale, y: y * scale };
}

function distort(terms: readonly number[], x: number, y: number): Point {
  const [k1 = 0, k2 = 0, p1 = 0, p2 = 0, k3 = 0, k4 = 0, k5 = 0, k6 = 0] = terms;
  const r2 = x * x + y * y;
  const radial = (1 + r2 * (k1 + r2 * (k2 + r2 * k3))) / (1 + r2 * (k4 + r2 * (k5 + r2 * k6)));
  return {
    x: x * radial + 2 * p1 * x * y + p2 * (r2 + 2 * x * x),
    y: y * radial + p1 * (r2 + 2 * y * y) + 2 * p2 * x * y,
  };
}
