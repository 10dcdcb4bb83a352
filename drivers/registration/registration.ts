/**
 * Registration: the RGB picture as the depth camera would see it. The depth grid stays as it is, without a hole more
 * or a reading invented; for each of its pixels the RGB picture is sampled where that spot appears in it.
 *
 * What the RGB camera cannot see becomes black, which the network reads as "no colour here": spots hidden behind
 * something nearer (tested with a z-buffer), and spots outside its picture. Hidden slivers up to `sliverPx` wide take
 * the colour beside them. Refuses frames of another size than the calibration's. One function for running, recording
 * and teaching.
 */
import { fail } from '../../errors.ts';
import type { DepthFrame, RgbFrame } from '../frame.ts';
import type { Calibration } from './calibration.ts';
import { guessDepth } from './depth-guess.ts';
import {
  type Cells,
  cellsFor,
  farAwayMm,
  fieldOf,
  hide,
  outside,
  type Projected,
  project,
  projectedFor,
  sample,
  slackOf,
  spacingPx,
  turnedDirections,
} from './projection.ts';
import { fillSlivers } from './slivers.ts';

/** A pair on the depth grid. */
export interface RegisteredPair {
  readonly widthPx: number;
  readonly heightPx: number;
  /** [heightPx, widthPx, 3]; black where the RGB camera sees nothing. */
  readonly rgb: Uint8Array<ArrayBuffer>;
  /** The depth frame's own. */
  readonly depthMm: Float32Array;
  /** Share of the grid that the RGB camera cannot see, 0..1: hidden or outside its picture. */
  readonly unseenShare: number;
}

/** A pair on one grid, whoever brought it there. */
export type PairImage = Pick<RegisteredPair, 'widthPx' | 'heightPx' | 'depthMm'> & { readonly rgb: Uint8Array };
export type RgbImage = Pick<RgbFrame, 'widthPx' | 'heightPx' | 'pixels'>;
export type DepthImage = Pick<DepthFrame, 'widthPx' | 'heightPx' | 'depthMm'>;

/** A cell of the z-buffer spans this many depth pixels, so that a surface leaves no cell empty. */
const cellSpan = 1.5;
/** Something nearer hides a spot when it stands this many cells in front, seen from the RGB camera. */
const hiddenCells = 1.5;
/** Directions beyond the picture's own corners by this factor are outside, whatever the distortion says of them. */
const fieldMargin = 1.1;

export class Registration {
  readonly calibration: Calibration;
  readonly #turned: Float32Array;
  readonly #cells: Cells;
  /** How much nearer, 1 / mm, is in front. */
  readonly #inFront: number;
  readonly #slack: Float32Array | null;
  readonly #fieldR2: number;
  readonly #guess: Float32Array;
  readonly #projected: Projected;

  /** The calibration is a checked one. Some 100 ms of preparation; about 15 MB for a grid of 640 x 480. */
  constructor(calibration: Calibration) {
    const { depth, rgb, depthToRgb } = calibration;
    this.calibration = calibration;
    this.#turned = turnedDirections(depth, depthToRgb.rotation);
    const cellPx = Math.max(1, cellSpan * spacingPx(depth, rgb, depthToRgb.rotation));
    this.#cells = cellsFor(rgb, cellPx);
    this.#inFront = (hiddenCells * cellPx) / (rgb.fx * Math.hypot(...depthToRgb.translationMm));
    this.#slack = slackOf(this.#turned, rgb);
    this.#fieldR2 = fieldOf(rgb, fieldMargin);
    this.#guess = new Float32Array(depth.widthPx * depth.heightPx);
    this.#projected = projectedFor(this.#guess.length);
  }

  /** Throws `image/size`. The result shares `depthMm` with the frame and owns its `rgb`. */
  register(rgb: RgbImage, depth: DepthImage): RegisteredPair {
    const { calibration } = this;
    expectPair(calibration, rgb, depth);
    const { widthPx, heightPx, depthMm } = depth;
    // Blind depth leaves no place to look at; far away shows at least whether the colour camera lives.
    if (!guessDepth(depthMm, widthPx, heightPx, this.#guess)) this.#guess.fill(farAwayMm);
    const { translationMm } = calibration.depthToRgb;
    const to = this.#projected;
    const beyond = project(this.#guess, this.#turned, translationMm, calibration.rgb, this.#fieldR2, to, this.#cells);
    // two cameras in one place: nothing hides anything
    const behind = Number.isFinite(this.#inFront) ? hide(to, this.#cells, this.#inFront, this.#slack) : 0;
    const out = new Uint8Array(widthPx * heightPx * 3);
    sample(rgb.pixels, rgb.widthPx, rgb.heightPx, to, out);
    const filled = behind > 0 ? fillSlivers(out, to.state, widthPx, heightPx) : 0;
    const unseen = beyond + behind - filled;
    return { widthPx, heightPx, rgb: out, depthMm, unseenShare: unseen / to.state.length };
  }

  /** Where each depth pixel of the last pair appears in the RGB picture, pixels: [x, y] per pixel, NaN outside. */
  places(): Float32Array {
    const { u, v, state } = this.#projected;
    const places = new Float32Array(u.length * 2).fill(Number.NaN);
    for (let at = 0; at < u.length; at++) if (state[at] !== outside) places.set([u[at]!, v[at]!], at * 2);
    return places;
  }
}

/** Throws `image/size` where the frames are not of the cameras that were calibrated. */
export function expectPair(calibration: Calibration, rgb: RgbImage, depth: DepthImage): void {
  expectSize('RGB frame', rgb, calibration.rgb);
  expectSize('depth frame', depth, calibration.depth);
}

interface Size {
  readonly widthPx: number;
  readonly heightPx: number;
}

function expectSize(what: string, actual: Size, expected: Size): void {
  if (actual.widthPx === expected.widthPx && actual.heightPx === expected.heightPx) return;
  throw fail('image/size', {
    what,
    actual: `${actual.widthPx} x ${actual.heightPx}`,
    expected: `the calibration's ${expected.widthPx} x ${expected.heightPx}`,
  });
}
