/**
 * The two sensors: what a colour camera under a ring light and a structured-light camera make of a surface.
 *
 * Each has a noise-free answer (compared to find the truth of a defect) and the same answer with its noise. Depth is
 * distance in mm, 0 = no reading: the projector's shadow, mirror-like slopes, steep edges and a sparse few.
 */
import { gaussMask, gaussTable, mix, SeededRandom } from './random.ts';
import { clamp } from './shapes.ts';
import type { Surface } from './surface.ts';

/** Distance from the cameras to the plate's nominal face. */
export const standOffMm = 400;
/** The camera's own step; a multiple of the export unit of 0.01 mm, so that a 16-bit PNG keeps it exactly. */
export const depthStepUnits = 2;
export const depthUnitMm = 0.01;
export const depthNoiseMm = 0.05;
/** Deviation of the colour camera's noise at a grey level: readout and a part that grows with the light. */
export function rgbNoiseLevels(value: number): number {
  return 2 + value * 0.006;
}

/** The projector stands to the left: mm of height that the edge of its shadow loses per mm to the right. */
const shadowFallPerMm = 400 / 130;
/** Unit vector half way between camera and projector: where a mirror would blind the camera. */
const glareX = -0.157;
const glareZ = 0.9876;
/** Slope above which an edge returns no stripes, and share of such pixels lost. */
const steepSlope = 2.2;

/** Noise-free picture, 0..255 as floats, [heightPx, widthPx, 3]. */
export function shade(surface: Surface): Float32Array {
  const { widthPx, heightPx, placement } = surface;
  const out = new Float32Array(widthPx * heightPx * 3);
  const warmRed = placement.brightness * (1 + placement.warmth);
  const warmBlue = placement.brightness * (1 - placement.warmth);
  for (let row = 0; row < heightPx; row++) {
    const y = (2 * row) / (heightPx - 1) - 1;
    for (let column = 0; column < widthPx; column++) {
      const at = row * widthPx + column;
      const x = (2 * column) / (widthPx - 1) - 1;
      const slopeX = slopeAcross(surface, row, column);
      const slopeY = slopeDown(surface, row, column);
      const nz = 1 / Math.sqrt(1 + slopeX * slopeX + slopeY * slopeY);
      // lamp up and to the left, a ring for the rest; the pair of constants is a unit vector
      const lambert = clamp((0.36 * slopeX + 0.48 * slopeY + 0.8) * nz, 0, 1);
      const mirror = clamp((0.19 * slopeX + 0.25 * slopeY + 0.949) * nz, 0, 1);
      const glint = fourth(fourth(mirror)) * surface.gloss[at]! * 0.22;
      // light does not reach the bottom of a bore
      const depth = -3 - surface.height[at]!;
      const reach = depth > 0 && surface.cover[at]! > 0.5 ? 1 / (1 + depth) : 1;
      const light = (0.34 + 0.72 * lambert) * reach * (1 - 0.06 * (x * x + y * y)) * 255;
      const shine = glint * 255 * reach;
      out[at * 3] = (surface.red[at]! * light + shine) * warmRed;
      out[at * 3 + 1] = (surface.green[at]! * light + shine) * placement.brightness;
      out[at * 3 + 2] = (surface.blue[at]! * light + shine) * warmBlue;
    }
  }
  return out;
}

/** Noise-free distance in mm; 0 where the structured light finds nothing. `chance` picks which edge pixels are lost. */
export function measure(surface: Surface, chance: number): Float32Array {
  const { widthPx, heightPx, mmPerPx } = surface;
  const out = new Float32Array(widthPx * heightPx);
  const fall = shadowFallPerMm * mmPerPx;
  for (let row = 0; row < heightPx; row++) {
    let horizon = -1e9;
    for (let column = 0; column < widthPx; column++) {
      const at = row * widthPx + column;
      const height = surface.height[at]!;
      horizon -= fall;
      const shadowed = height < horizon - 0.15;
      if (height > horizon) horizon = height;
      if (shadowed || surface.lost[at] === 1) continue;
      const luck = (mix(chance + at) >>> 8) / 16777216;
      if (luck < 0.0008 || isBlinded(surface, row, column, luck)) continue;
      out[at] = standOffMm - height;
    }
  }
  return out;
}

function isBlinded(surface: Surface, row: number, column: number, luck: number): boolean {
  const slopeX = slopeAcross(surface, row, column);
  const slopeY = slopeDown(surface, row, column);
  const square = slopeX * slopeX + slopeY * slopeY;
  if (square > steepSlope * steepSlope && luck < 0.6) return true;
  const mirror = clamp((glareZ - glareX * slopeX) / Math.sqrt(1 + square), 0, 1);
  const peak = fourth(fourth(fourth(mirror)));
  return peak * surface.gloss[row * surface.widthPx + column]! > 0.5 + 0.25 * luck;
}

/** Adds the colour camera's noise and rounds; where two pictures agree, so do their noisy ones. */
export function exposeRgb(picture: Float32Array, seed: number, part: number): Uint8Array<ArrayBuffer> {
  const random = new SeededRandom(seed, part, 'rgbNoise');
  const out = new Uint8Array(picture.length);
  for (let i = 0; i < picture.length; i += 3) {
    const bits = random.bits();
    for (let k = 0; k < 3; k++) {
      const value = picture[i + k]!;
      const noise = gaussTable[(bits >>> (k * 10)) & gaussMask]! * rgbNoiseLevels(value);
      out[i + k] = Math.round(clamp(value + noise, 0, 255));
    }
  }
  return out;
}

/** Adds the depth camera's noise and rounds to its step. */
export function exposeDepth(distance: Float32Array, seed: number, part: number): Float32Array<ArrayBuffer> {
  const random = new SeededRandom(seed, part, 'depthNoise');
  const out = new Float32Array(distance.length);
  const stepMm = depthUnitMm * depthStepUnits;
  for (let i = 0; i < distance.length; i++) {
    const noise = gaussTable[random.bits() & gaussMask]! * depthNoiseMm;
    if (distance[i] === 0) continue;
    out[i] = Math.round((distance[i]! + noise) / stepMm) * depthStepUnits * depthUnitMm;
  }
  return out;
}

function slopeAcross(surface: Surface, row: number, column: number): number {
  const { height, widthPx, mmPerPx } = surface;
  const left = column > 0 ? column - 1 : column;
  const right = column < widthPx - 1 ? column + 1 : column;
  return (height[row * widthPx + right]! - height[row * widthPx + left]!) / ((right - left) * mmPerPx);
}

function slopeDown(surface: Surface, row: number, column: number): number {
  const { height, widthPx, heightPx, mmPerPx } = surface;
  const up = row > 0 ? row - 1 : row;
  const down = row < heightPx - 1 ? row + 1 : row;
  return (height[down * widthPx + column]! - height[up * widthPx + column]!) / ((down - up) * mmPerPx);
}

function fourth(value: number): number {
  const square = value * value;
  return square * square;
}
