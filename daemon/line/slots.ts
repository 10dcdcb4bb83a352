/**
 * The parts as pairing sees them: what of each pair has come. Open ones in trigger order, and the ones closed lately,
 * to tell a frame that is late from one that belongs nowhere.
 */
import type { DepthFrame, Frame, Modality, RgbFrame } from '../../drivers/frame.ts';

/** Closed parts kept in mind beyond those in flight: a frame later than this many parts belongs nowhere. */
export const rememberedParts = 64;

export interface Slot {
  readonly ordinal: number;
  /** When its trigger was, as far as can be told; NaN where nothing tells. */
  readonly openedAtMs: number;
  /** Where nothing tells: it was before this. */
  readonly beforeMs: number;
  rgb: RgbFrame | null;
  depth: DepthFrame | null;
  /** Ids of the frames that came, kept after the frames are gone. */
  readonly had: { rgb: number | null; depth: number | null };
  phase: 'waiting' | 'paired' | 'closed';
  /** Closed for want of frames: one that comes now is late. */
  late: boolean;
}

export class Slots {
  readonly #slots = new Map<number, Slot>();
  readonly #limit: number;
  #newest = 0;

  constructor(maxPartsInFlight: number) {
    this.#limit = maxPartsInFlight + rememberedParts;
  }

  /** The ordinal of the part opened last; 0 before the first. */
  get newest(): number {
    return this.#newest;
  }

  open(ordinal: number, openedAtMs: number, beforeMs: number): Slot {
    const had = { rgb: null, depth: null };
    const slot: Slot = { ordinal, openedAtMs, beforeMs, rgb: null, depth: null, had, phase: 'waiting', late: false };
    this.#newest = ordinal;
    this.#slots.set(ordinal, slot);
    this.#forget();
    return slot;
  }

  get(ordinal: number): Slot | undefined {
    return this.#slots.get(ordinal);
  }

  all(): Iterable<Slot> {
    return this.#slots.values();
  }

  waiting(): Slot[] {
    return [...this.#slots.values()].filter((slot) => slot.phase === 'waiting');
  }

  /** Waiting parts that lack a frame of one of these modalities. */
  lacking(modalities: readonly Modality[]): Slot[] {
    return this.waiting().filter((slot) => modalities.some((modality) => slot.had[modality] === null));
  }

  /**
   * Parts opened around an instant of exposure, after the part this modality came to last. Closed ones too: they were
   * exposed as well, and the frame may be theirs; and those of which no instant is known. The part that has this very
   * frame already is among them.
   */
  around(frame: Frame, capturedAtMs: number, earlyMs: number, lateMs: number, latest: number): Slot[] {
    return [...this.#slots.values()].filter(({ ordinal, openedAtMs, beforeMs, had }) => {
      if (capturedAtMs < openedAtMs - earlyMs || capturedAtMs > openedAtMs + lateMs) return false;
      if (Number.isNaN(openedAtMs) && capturedAtMs >= beforeMs - earlyMs) return false;
      return ordinal > latest || had[frame.modality] === frame.frameId;
    });
  }

  /** Closed parts go oldest first; open ones are bounded by the line's own limit. */
  #forget(): void {
    for (const slot of this.#slots.values()) {
      if (this.#slots.size <= this.#limit) return;
      if (slot.phase === 'closed') this.#slots.delete(slot.ordinal);
    }
  }
}
