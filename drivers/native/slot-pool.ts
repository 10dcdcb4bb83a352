/**
 * The slots as the camera's process sees them: which are free, and the room for the images of one exposure in each.
 * The one freed last is used first: its pages are warm, and slots never needed are never touched.
 */
import { invariant } from '../../errors.ts';
import type { Modality } from '../frame.ts';
import type { SlotImage } from './protocol.ts';

export class SlotPool {
  readonly #slots: readonly Uint8Array<ArrayBuffer>[];
  readonly #free: number[];

  constructor(slots: readonly Uint8Array<ArrayBuffer>[], inUse: readonly number[]) {
    this.#slots = slots;
    this.#free = slots.map((_, slot) => slot).filter((slot) => !inUse.includes(slot));
    this.#free.reverse();
  }

  /** Null where the consumer holds them all. */
  take(): SlotWriter | null {
    const slot = this.#free.pop();
    return slot === undefined ? null : new SlotWriter(slot, this.#slots[slot]!);
  }

  give(slot: number): void {
    invariant(slot < this.#slots.length && !this.#free.includes(slot), `slot ${slot} was given back twice`);
    this.#free.push(slot);
  }
}

/** Lays the images of an exposure one behind the other. */
export class SlotWriter {
  readonly slot: number;
  readonly images: SlotImage[] = [];
  readonly #memory: Uint8Array<ArrayBuffer>;
  #used = 0;

  constructor(slot: number, memory: Uint8Array<ArrayBuffer>) {
    this.slot = slot;
    this.#memory = memory;
  }

  /** Room for the pixels of an RGB image; null where the slot is too small. */
  rgb(widthPx: number, heightPx: number): Uint8Array<ArrayBuffer> | null {
    const at = this.#room('rgb', widthPx, heightPx, 3);
    return at === null ? null : this.#memory.subarray(at, at + 3 * widthPx * heightPx);
  }

  /** Room for the values of a depth image; null where the slot is too small. */
  depth(widthPx: number, heightPx: number): Float32Array<ArrayBuffer> | null {
    const at = this.#room('depth', widthPx, heightPx, 4);
    const { buffer, byteOffset } = this.#memory;
    return at === null ? null : new Float32Array(buffer, byteOffset + at, widthPx * heightPx);
  }

  #room(modality: Modality, widthPx: number, heightPx: number, bytesPerPx: number): number | null {
    const offset = this.#used;
    const end = offset + widthPx * heightPx * bytesPerPx;
    if (end > this.#memory.length) return null;
    this.#used = Math.ceil(end / 4) * 4;
    this.images.push({ modality, offset, widthPx, heightPx });
    return offset;
  }
}
