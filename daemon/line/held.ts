/**
 * The frames of a complete pair, on one grid, until nobody needs them: the inference reads them and the evidence is
 * copied from them when the verdict is told. The last one to let go releases both frames.
 */
import type { DepthFrame, RgbFrame } from '../../drivers/frame.ts';
import { fail, invariant } from '../../errors.ts';
import type { PairImages } from '../inference/port.ts';
import type { Pair } from './finding.ts';

/** Brings a pair onto one grid, at once or on another thread. Throws or rejects with `image/size` where it cannot. */
export type Register = (rgb: RgbFrame, depth: DepthFrame) => PairImages | Promise<PairImages>;

/** The cameras deliver registered frames already: one grid, nothing to do. */
export const sameGrid = (rgb: RgbFrame, depth: DepthFrame): PairImages => {
  if (rgb.widthPx !== depth.widthPx || rgb.heightPx !== depth.heightPx) {
    throw fail('image/size', {
      what: `RGB frame of camera ${rgb.cameraId}`,
      actual: `${rgb.widthPx} x ${rgb.heightPx}`,
      expected: `the depth frame's ${depth.widthPx} x ${depth.heightPx}`,
    });
  }
  return { widthPx: depth.widthPx, heightPx: depth.heightPx, rgb: rgb.pixels, depthMm: depth.depthMm };
};

export class HeldPair {
  readonly capturedAtUs: number;
  readonly #pair: Pair;
  #images: PairImages | null = null;
  #holders = 1;

  /** Held once, by the part. */
  constructor(pair: Pair) {
    this.#pair = pair;
    this.capturedAtUs = Math.min(pair.rgb.capturedAtUs, pair.depth.capturedAtUs);
  }

  /** The registered pair; null before `register`. */
  get images(): PairImages | null {
    return this.#images;
  }

  async register(register: Register): Promise<PairImages> {
    const images = await register(this.#pair.rgb, this.#pair.depth);
    if (this.#holders > 0) this.#images = images;
    return images;
  }

  hold(): void {
    invariant(this.#holders > 0, 'a pair was held after its frames were released');
    this.#holders++;
  }

  letGo(): void {
    invariant(this.#holders > 0, 'a pair was let go more often than it was held');
    if (--this.#holders > 0) return;
    this.#images = null;
    this.#pair.rgb.release();
    this.#pair.depth.release();
  }
}
