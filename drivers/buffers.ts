/**
 * Ownership of frames: a camera has so many buffers; a frame holds one until it is released, exactly once. When the
 * consumer holds them all the camera drops and says so, as real ones do.
 */
import { invariant } from '../errors.ts';
import type { DepthFrame, FrameStamp, RgbFrame } from './frame.ts';

/** Buffers per camera: 16 parts of two modalities in flight are more than any line's limit. */
export const maxHeldFrames = 32;

export type Stamp = Omit<FrameStamp, 'release'>;

export class FrameBuffers {
  #held = 0;

  /** Frames delivered and not yet released. */
  get held(): number {
    return this.#held;
  }

  isFull(): boolean {
    return this.#held >= maxHeldFrames;
  }

  rgb(stamp: Stamp, image: { widthPx: number; heightPx: number; pixels: Uint8Array }): RgbFrame {
    return { ...stamp, modality: 'rgb', ...image, release: this.#lend(stamp) };
  }

  depth(stamp: Stamp, image: { widthPx: number; heightPx: number; depthMm: Float32Array }): DepthFrame {
    return { ...stamp, modality: 'depth', ...image, release: this.#lend(stamp) };
  }

  #lend(stamp: Stamp): () => void {
    this.#held++;
    let released = false;
    return () => {
      invariant(!released, `frame ${stamp.frameId} of camera ${stamp.cameraId} was released twice`);
      released = true;
      this.#held--;
    };
  }
}
