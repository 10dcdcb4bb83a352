/**
 * The daemon's side of the shared memory: exposures become frames that look at their slot, and a slot goes back to the
 * camera's process when the last of its frames was released, exactly once each. The memory outlives the process that
 * filled it: frames of a camera that died stay whole until they are released.
 */
import { invariant } from '../../errors.ts';
import type { Frame, FrameStamp } from '../frame.ts';
import { closeShared, mapSlots, openShared, reserveShared, type SlotLayout } from './memory.ts';
import type { Exposure, SlotImage } from './protocol.ts';

export class FrameSlots {
  readonly fd: number;
  readonly #id: string;
  readonly #freed: (slot: number) => void;
  readonly #holders = new Map<number, number>();
  #layout: SlotLayout | null = null;
  #slots: Uint8Array<ArrayBuffer>[] = [];

  /** `freed` hears of every slot that may be filled again. Throws `camera/room`. */
  constructor(id: string, name: string, freed: (slot: number) => void) {
    this.#id = id;
    this.#freed = freed;
    this.fd = openShared(id, name);
  }

  /** Frames delivered and not yet released. */
  get held(): number {
    let held = 0;
    for (const holders of this.#holders.values()) held += holders;
    return held;
  }

  get inUse(): readonly number[] {
    return [...this.#holders.keys()];
  }

  /** Reserves and maps the slots, the first time; null where an exposure does not fit. Throws `camera/room`. */
  fit(slotBytes: number, slots: number): SlotLayout | null {
    if (this.#layout === null) {
      const layout = { slotBytes, slots };
      reserveShared(this.#id, this.fd, layout);
      this.#slots = mapSlots(this.#id, this.fd, layout);
      this.#layout = layout;
    }
    return slotBytes <= this.#layout.slotBytes ? this.#layout : null;
  }

  /** The frames of an exposure; each holds its slot until it is released. */
  frames(exposure: Exposure): Frame[] {
    const { slot, frameId, trigger, capturedAtUs, arrivedAtUs, images } = exposure;
    if (slot === null) return [];
    const memory = this.#slots[slot];
    invariant(memory, `camera ${this.#id} filled slot ${slot} of ${this.#slots.length}`);
    invariant(!this.#holders.has(slot), `camera ${this.#id} filled slot ${slot} while it was in use`);
    if (images.length === 0) {
      this.#freed(slot);
      return [];
    }
    this.#holders.set(slot, images.length);
    const stamp = {
      cameraId: this.#id,
      frameId,
      trigger,
      capturedAtUs,
      complete: true,
      arrivedAtMs: arrivedAtUs / 1000,
    };
    return images.map((image) => frameOf({ ...stamp, release: this.#lend(slot, frameId, image) }, memory, image));
  }

  /** No more frames come; what is mapped stays mapped. */
  close(): void {
    closeShared(this.fd);
  }

  #lend(slot: number, frameId: number, { modality }: SlotImage): () => void {
    let released = false;
    return () => {
      invariant(!released, `${modality} frame ${frameId} of camera ${this.#id} was released twice`);
      released = true;
      const holders = this.#holders.get(slot)! - 1;
      if (holders > 0) this.#holders.set(slot, holders);
      else {
        this.#holders.delete(slot);
        this.#freed(slot);
      }
    };
  }
}

function frameOf(stamp: FrameStamp, memory: Uint8Array<ArrayBuffer>, image: SlotImage): Frame {
  const { modality, offset, widthPx, heightPx } = image;
  const pixels = widthPx * heightPx;
  const bytes = modality === 'rgb' ? 3 * pixels : 4 * pixels;
  invariant(offset % 4 === 0 && offset + bytes <= memory.length, `${modality} of ${widthPx} x ${heightPx} has no room`);
  const at = memory.byteOffset + offset;
  return modality === 'rgb'
    ? { ...stamp, modality, widthPx, heightPx, pixels: new Uint8Array(memory.buffer, at, bytes) }
    : { ...stamp, modality, widthPx, heightPx, depthMm: new Float32Array(memory.buffer, at, pixels) };
}
