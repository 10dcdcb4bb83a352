/**
 * What can go wrong between a camera and the line, as data: tests and simulations inject these into the synthetic
 * camera to see that each ends as `undecided` with its reason and never as a pass.
 */
import type { Modality } from '../frame.ts';

export type Fault =
  /** The camera knows it lost the data and reports it through `dropped`. */
  | { kind: 'lose'; of: readonly Modality[] }
  /** The frame never comes and nobody says so. */
  | { kind: 'vanish'; of: readonly Modality[] }
  /** The frame comes with missing data: `complete` is false and its lower half is empty. */
  | { kind: 'incomplete'; of: readonly Modality[] }
  /** The bytes of the part before, under a new frame id: a camera whose memory is stuck. */
  | { kind: 'repeat'; of: readonly Modality[] }
  /** The frame of the part before once more, frame id and all: a double delivery. */
  | { kind: 'stuckId'; of: readonly Modality[] }
  /** The frame comes this much later. */
  | { kind: 'delay'; of: readonly Modality[]; delayMs: number }
  /** No pixel of the depth has a reading. */
  | { kind: 'allInvalid' }
  /** Every pixel has this value (grey level or mm): covered, overexposed, or a sensor that is stuck. */
  | { kind: 'flat'; of: readonly Modality[]; value: number }
  /** The middle of the depth is NaN, as some cameras mark no reading. */
  | { kind: 'nan' }
  /** The frame has half the size in each direction. */
  | { kind: 'wrongSize'; of: readonly Modality[] }
  /** The camera is gone for so long from this part on: `lost`, no triggers, then `recovered`. */
  | { kind: 'disconnect'; forMs: number };

export interface Images {
  widthPx: number;
  heightPx: number;
  rgb: Uint8Array;
  depthMm: Float32Array;
}

export function affects(fault: Fault | null, kind: Fault['kind'], modality: Modality): boolean {
  return fault !== null && fault.kind === kind && 'of' in fault && fault.of.includes(modality);
}

/** The rgb image as the fault leaves it. */
export function spoilRgb(
  image: Images,
  fault: Fault | null,
): { widthPx: number; heightPx: number; pixels: Uint8Array } {
  const { widthPx, heightPx, rgb } = image;
  if (affects(fault, 'wrongSize', 'rgb')) return { ...half(image), pixels: halved(rgb, image, 3) as Uint8Array };
  if (affects(fault, 'incomplete', 'rgb')) return { widthPx, heightPx, pixels: rgb.slice().fill(0, rgb.length / 2) };
  if (fault?.kind === 'flat' && affects(fault, 'flat', 'rgb')) {
    return { widthPx, heightPx, pixels: new Uint8Array(rgb.length).fill(fault.value) };
  }
  return { widthPx, heightPx, pixels: rgb };
}

/** The depth image as the fault leaves it. */
export function spoilDepth(
  image: Images,
  fault: Fault | null,
): { widthPx: number; heightPx: number; depthMm: Float32Array } {
  const { widthPx, heightPx, depthMm } = image;
  if (affects(fault, 'wrongSize', 'depth')) {
    return { ...half(image), depthMm: halved(depthMm, image, 1) as Float32Array };
  }
  if (affects(fault, 'incomplete', 'depth')) {
    return { widthPx, heightPx, depthMm: depthMm.slice().fill(0, depthMm.length / 2) };
  }
  if (fault?.kind === 'allInvalid') return { widthPx, heightPx, depthMm: new Float32Array(depthMm.length) };
  if (fault?.kind === 'flat' && affects(fault, 'flat', 'depth')) {
    return { widthPx, heightPx, depthMm: new Float32Array(depthMm.length).fill(fault.value) };
  }
  if (fault?.kind === 'nan') {
    const third = Math.floor(depthMm.length / 3);
    return { widthPx, heightPx, depthMm: depthMm.slice().fill(Number.NaN, third, 2 * third) };
  }
  return { widthPx, heightPx, depthMm };
}

function half({ widthPx, heightPx }: Images): { widthPx: number; heightPx: number } {
  return { widthPx: widthPx >> 1, heightPx: heightPx >> 1 };
}

function halved(values: Uint8Array | Float32Array, image: Images, channels: number): Uint8Array | Float32Array {
  const { widthPx, heightPx } = half(image);
  const size = widthPx * heightPx * channels;
  const out = values instanceof Uint8Array ? new Uint8Array(size) : new Float32Array(size);
  for (let row = 0; row < heightPx; row++) {
    for (let column = 0; column < widthPx; column++) {
      for (let c = 0; c < channels; c++) {
        out[(row * widthPx + column) * channels + c] = values[(2 * row * image.widthPx + 2 * column) * channels + c]!;
      }
    }
  }
  return out;
}
