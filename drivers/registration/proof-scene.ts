/**
 * A scene whose answer is known: a tilted floor with a block on it, seen by two bent lenses, coloured by its own
 * millimetres. Whoever registers it can be measured: the colour at a depth pixel says which spot was really sampled.
 * Drawn by following each pixel's ray, the other way round than registration projects.
 */
import { type Calibration, inverted } from './calibration.ts';
import { type Lens, type Point, toDirection } from './lens.ts';
import type { DepthImage, RgbImage } from './registration.ts';

type Vector = readonly [number, number, number];

/** The floor's distance on the axis and its slopes; the block's footprint and height, mm. */
const floor = { distanceMm: 420, slopeX: 0.08, slopeY: -0.05 };
const block = { left: -45, right: 35, top: -30, bottom: 40, heightMm: 40 };
/** A channel runs from dark to bright and back over twice this, mm; blue tells the block from the floor. */
const waveMm = 5.3;
const [darkest, brightest] = [20, 240];

export const proofCalibration: Calibration = {
  depth: {
    ...{ widthPx: 640, heightPx: 480, fx: 610, fy: 612, cx: 322.4, cy: 236.8 },
    distortion: [-0.05, 0.02, 0.0004, -0.0003, 0, 0, 0, 0],
  },
  rgb: {
    ...{ widthPx: 1280, heightPx: 960, fx: 1190, fy: 1188, cx: 652.1, cy: 471.3 },
    distortion: [-0.11, 0.07, -0.0005, 0.0006, -0.01, 0, 0, 0],
  },
  depthToRgb: { rotation: turned(0.012, 0.13, 0.008), translationMm: [-58, 3.5, 6.2] },
};

export interface ProofScene {
  readonly rgb: RgbImage;
  readonly depth: DepthImage;
  /** Of a registered picture: how far from the right spot it was sampled, RGB pixels; NaN where black is right. */
  errorsPx(registered: Uint8Array): Float32Array;
  /** [heightPx, widthPx] of the depth grid, 1 = the RGB camera sees this spot. */
  readonly seen: Uint8Array;
}

export function proofScene(calibration: Calibration = proofCalibration): ProofScene {
  const { depth, rgb, depthToRgb } = calibration;
  const back = inverted(depthToRgb);
  const eye: Vector = [back.translationMm[0]!, back.translationMm[1]!, back.translationMm[2]!];
  const pixels = new Uint8Array(rgb.widthPx * rgb.heightPx * 3);
  eachRay(rgb, (at, { x, y }) => {
    const hit = follow(eye, turn(back.rotation, [x, y, 1]));
    for (let k = 0; k < 3; k++) pixels[at * 3 + k] = Math.round(colourAt(hit, k));
  });
  const depthMm = new Float32Array(depth.widthPx * depth.heightPx);
  const seen = new Uint8Array(depthMm.length);
  const spots: Vector[] = [];
  eachRay(depth, (at, { x, y }) => {
    const spot = follow([0, 0, 0], [x, y, 1]);
    spots.push(spot);
    depthMm[at] = spot[2];
    const way: Vector = [spot[0] - eye[0], spot[1] - eye[1], spot[2] - eye[2]];
    const first = follow(eye, way);
    seen[at] = Math.hypot(first[0] - spot[0], first[1] - spot[1], first[2] - spot[2]) < 0.01 ? 1 : 0;
  });
  const perPx = (brightest - darkest) / waveMm / (rgb.fx / floor.distanceMm);
  const errorsPx = (registered: Uint8Array): Float32Array =>
    Float32Array.from(spots, (spot, at) => {
      if (seen[at] === 0) return Number.NaN;
      const off = (k: number): number => registered[at * 3 + k]! - colourAt(spot, k);
      return Math.hypot(off(0), off(1)) / perPx;
    });
  return {
    rgb: { widthPx: rgb.widthPx, heightPx: rgb.heightPx, pixels },
    depth: { widthPx: depth.widthPx, heightPx: depth.heightPx, depthMm },
    errorsPx,
    seen,
  };
}

function eachRay(lens: Lens, draw: (at: number, direction: Point) => void): void {
  for (let row = 0, at = 0; row < lens.heightPx; row++) {
    for (let column = 0; column < lens.widthPx; column++, at++) draw(at, toDirection(lens, { x: column, y: row }));
  }
}

/** Where a ray first meets the scene. The block's faces are level with the floor's slopes or upright. */
function follow(from: Vector, way: Vector): Vector {
  const fall = way[2] - floor.slopeX * way[0] - floor.slopeY * way[1];
  const above = lift(from);
  const onTop = along(from, way, (above - block.heightMm) / fall);
  if (overBlock(onTop)) return onTop;
  const onFloor = along(from, way, above / fall);
  return passesBeside(onTop, onFloor) ? onFloor : (upright(from, way) ?? onFloor);
}

/** Height over the floor, mm. */
function lift(point: Vector): number {
  return floor.distanceMm + floor.slopeX * point[0] + floor.slopeY * point[1] - point[2];
}

function along(from: Vector, way: Vector, s: number): Vector {
  return [from[0] + s * way[0], from[1] + s * way[1], from[2] + s * way[2]];
}

function overBlock([x, y]: Vector): boolean {
  return x >= block.left && x <= block.right && y >= block.top && y <= block.bottom;
}

/** Between these two points, on one side of the block both, a ray meets none of its walls: most rays do not. */
function passesBeside([x0, y0]: Vector, [x1, y1]: Vector): boolean {
  if ((x0 < block.left && x1 < block.left) || (x0 > block.right && x1 > block.right)) return true;
  return (y0 < block.top && y1 < block.top) || (y0 > block.bottom && y1 > block.bottom);
}

function upright(from: Vector, way: Vector): Vector | undefined {
  const walls = [
    ...[block.left, block.right].map((x) => (x - from[0]) / way[0]),
    ...[block.top, block.bottom].map((y) => (y - from[1]) / way[1]),
  ];
  return walls
    .filter((s) => s > 0 && Number.isFinite(s))
    .sort((a, b) => a - b)
    .map((s) => along(from, way, s + 1e-9 * s))
    .find((point) => overBlock(point) && lift(point) >= 0 && lift(point) <= block.heightMm);
}

/** Red runs along x, green along y. */
function colourAt([x, y, z]: Vector, channel: number): number {
  if (channel === 2) return z < floor.distanceMm + floor.slopeX * x + floor.slopeY * y - 0.5 ? 200 : 60;
  const phase = (channel === 0 ? x : y) / waveMm;
  const saw = phase - 2 * Math.floor(phase / 2);
  return darkest + (brightest - darkest) * (saw < 1 ? saw : 2 - saw);
}

function turn(r: readonly number[], [x, y, z]: Vector): Vector {
  const row = (at: number): number => r[at]! * x + r[at + 1]! * y + r[at + 2]! * z;
  return [row(0), row(3), row(6)];
}

/** Rotation about x, then y, then z, radians. */
function turned(about: number, across: number, around: number): number[] {
  const [sx, cx] = [Math.sin(about), Math.cos(about)];
  const [sy, cy] = [Math.sin(across), Math.cos(across)];
  const [sz, cz] = [Math.sin(around), Math.cos(around)];
  return [
    ...[cz * cy, cz * sy * sx - sz * cx, cz * sy * cx + sz * sx],
    ...[sz * cy, sz * sy * sx + cz * cx, sz * sy * cx - cz * sx],
    ...[-sy, cy * sx, cy * cx],
  ];
}
