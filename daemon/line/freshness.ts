/**
 * Is a frame news? One watch per modality: a frame whose number does not advance, or whose bytes equal those of the
 * frame before it, is stale: a driver or a camera that repeats itself must never be judged twice.
 *
 * The digest is CRC-32 over every byte (about 0.2 ms per megabyte in zlib): equal bytes always give equal digests,
 * so no repetition escapes; two different frames in a row collide once in 2^32, which costs one part an `undecided`.
 */
import { crc32 } from 'node:zlib';
import type { Frame } from '../../drivers/frame.ts';

export class Freshness {
  #frameId: number | null = null;
  #digest: number | null = null;

  /** Notes the frame as the latest; why it is stale, or null. */
  problem(frame: Frame): string | null {
    const digest = digestOf(frame);
    const before = { frameId: this.#frameId, digest: this.#digest };
    this.#frameId = frame.frameId;
    this.#digest = digest;
    if (before.frameId !== null && frame.frameId <= before.frameId) {
      return `${frame.modality} frame id ${frame.frameId} after ${before.frameId}, expected a larger one`;
    }
    if (digest === before.digest)
      return `${frame.modality} frame ${frame.frameId} has the bytes of the frame before it`;
    return null;
  }

  /** A frame of another numbering: its bytes may not come again as the next one's, its number says nothing. */
  seen(frame: Frame): void {
    this.#digest = digestOf(frame);
  }

  /** The camera was opened anew: its numbers may begin again, its pictures may still not repeat. */
  reset(): void {
    this.#frameId = null;
  }
}

export function digestOf(frame: Frame): number {
  const data = frame.modality === 'rgb' ? frame.pixels : frame.depthMm;
  return crc32(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
}
