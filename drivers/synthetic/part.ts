/**
 * One part of the synthetic line, rendered: picture, depth, and the truth of its defect. Pure: the same seed and part
 * number give the same bytes.
 *
 * The truth is what changed: the part is rendered with and without its defect before any noise, and every pixel that
 * differs visibly in a modality that claims to see the kind is defect (shading and projector shadow included). Only
 * lone pixels are left out and pinholes closed, so that a region is what an inspector would outline.
 */
import { invariant } from '../../errors.ts';
import { type Defect, type DefectRequest, kindFacts, planDefect } from './defects.ts';
import { loseReadings } from './missing-depth.ts';
import { mix, SeededRandom } from './random.ts';
import { exposeDepth, exposeRgb, measure, shade } from './sensors.ts';
import { type Grid, laySurface, partX, partY, place, type Surface } from './surface.ts';

export interface PartRequest {
  seed: number;
  part: number;
  defect?: DefectRequest | null;
  /** Default 320 x 240. */
  grid?: Grid;
  /**
   * Share of the part's pixels without a reading, on average over parts, at least what geometry costs anyway. Absent:
   * that alone, about 0.04.
   */
  missingShare?: number | null;
}

export interface RenderedPart extends Grid {
  /** [heightPx, widthPx, 3] */
  rgb: Uint8Array<ArrayBuffer>;
  /** [heightPx, widthPx], mm, 0 = no reading */
  depthMm: Float32Array<ArrayBuffer>;
  /** [heightPx, widthPx], 1 = defect; all 0 for a good part */
  truth: Uint8Array<ArrayBuffer>;
  defect: Defect | null;
}

export const defaultGrid: Grid = { widthPx: 320, heightPx: 240 };
/** Largest side of a grid: four times the default, about a second per part. */
export const maxGridPx = 1280;
/** A change below these is hidden by the sensors' noise and is no truth. */
export const visibleLevels = 8;
export const visibleDepthMm = 0.1;

export function renderPart(request: PartRequest): RenderedPart {
  const { seed, part, defect = null, grid = defaultGrid, missingShare = null } = request;
  for (const side of [grid.widthPx, grid.heightPx]) {
    invariant(Number.isInteger(side) && side >= 16 && side <= maxGridPx, `renderPart: grid side ${side}`);
  }
  const placement = place(seed, part);
  const good = laySurface(placement, grid, null);
  const chance = mix(seed) ^ mix(part + 77);
  let picture = shade(good);
  const goodDistance = measure(good, chance);
  let distance = goodDistance;
  const truth = new Uint8Array(grid.widthPx * grid.heightPx);
  let done: Defect | null = null;
  if (defect) {
    const plan = planDefect(defect, new SeededRandom(seed, part, 'defect'));
    done = plan.defect;
    const bad = plan.missing ? laySurface(placement, grid, plan.missing) : copySurface(good);
    touchAll(bad, plan.touch);
    if (done.seenBy.includes('rgb')) {
      const changed = shade(bad);
      markChangedPicture(picture, changed, truth);
      picture = changed;
    }
    if (done.seenBy.includes('depth')) {
      const changed = measure(bad, chance);
      markChangedDepth(distance, changed, truth, good.cover);
      distance = changed;
    }
    if (kindFacts[done.kind].wholeSurface) markMovedSurface(good, bad, truth);
    tidy(truth, grid);
  }
  const depthMm = exposeDepth(distance, seed, part);
  if (missingShare !== null) {
    // from the good part: a defective part and its good twin lose the same readings
    const random = new SeededRandom(seed, part, 'missing');
    loseReadings(depthMm, { surface: good, distance: goodDistance, share: missingShare, random });
  }
  return {
    ...grid,
    rgb: exposeRgb(picture, seed, part),
    depthMm,
    truth,
    defect: done,
  };
}

function copySurface(from: Surface): Surface {
  return {
    ...from,
    height: from.height.slice(),
    red: from.red.slice(),
    green: from.green.slice(),
    blue: from.blue.slice(),
    gloss: from.gloss.slice(),
    lost: from.lost.slice(),
  };
}

function touchAll(surface: Surface, touch: (surface: Surface, at: number, x: number, y: number) => void): void {
  const { widthPx, heightPx, mmPerPx, placement } = surface;
  for (let row = 0; row < heightPx; row++) {
    const yMm = (row - (heightPx - 1) / 2) * mmPerPx;
    for (let column = 0; column < widthPx; column++) {
      const at = row * widthPx + column;
      if (surface.cover[at] === 0) continue;
      const xMm = (column - (widthPx - 1) / 2) * mmPerPx;
      touch(surface, at, partX(placement, xMm, yMm), partY(placement, xMm, yMm));
    }
  }
}

function markChangedPicture(before: Float32Array, after: Float32Array, truth: Uint8Array): void {
  for (let i = 0; i < before.length; i++) {
    const change = Math.min(after[i]!, 255) - Math.min(before[i]!, 255);
    if (change >= visibleLevels || change <= -visibleLevels) truth[Math.floor(i / 3)] = 1;
  }
}

/** A shadow that falls otherwise on the fixture is no defect of the part. */
function markChangedDepth(before: Float32Array, after: Float32Array, truth: Uint8Array, cover: Float32Array): void {
  for (let i = 0; i < before.length; i++) {
    if (cover[i]! < 0.5) continue;
    const change = after[i]! - before[i]!;
    if (change >= visibleDepthMm || change <= -visibleDepthMm) truth[i] = 1;
  }
}

/** Where the part lies elsewhere than it should, whether the camera has a reading there or not. */
function markMovedSurface(good: Surface, bad: Surface, truth: Uint8Array): void {
  for (let i = 0; i < truth.length; i++) {
    if (good.cover[i]! >= 0.5 && Math.abs(bad.height[i]! - good.height[i]!) >= visibleDepthMm) truth[i] = 1;
  }
}

/** Drops pixels with fewer than two marked neighbours, then marks those with at least six: lone ones and pinholes. */
function tidy(truth: Uint8Array, grid: Grid): void {
  const lonely = truth.map((mark, at) => (mark === 1 && markedAround(truth, grid, at) < 2 ? 1 : 0));
  for (let at = 0; at < truth.length; at++) if (lonely[at] === 1) truth[at] = 0;
  const pinholes = truth.map((mark, at) => (mark === 0 && markedAround(truth, grid, at) >= 6 ? 1 : 0));
  for (let at = 0; at < truth.length; at++) if (pinholes[at] === 1) truth[at] = 1;
}

function markedAround(truth: Uint8Array, { widthPx, heightPx }: Grid, at: number): number {
  const column = at % widthPx;
  const row = (at - column) / widthPx;
  if (row === 0 || column === 0 || row === heightPx - 1 || column === widthPx - 1) return 0;
  let sum = -truth[at]!;
  for (let y = -widthPx; y <= widthPx; y += widthPx) {
    for (let x = -1; x <= 1; x++) sum += truth[at + y + x]!;
  }
  return sum;
}
