/**
 * A device's numbers made to rise: frame ids over the wrap of 16 bits (65535 is followed by 1), trigger counts beside
 * them, and whether either began anew. Pure. A frame that could not be read has a frame id only; its trigger count is
 * then the least it can have been, so that its part is opened and the next frame's count tells what else was missed.
 */

const wrapAfter = 65_535;
/** This close to the wrap on either side is a wrap and not a restart. */
const wrapMargin = 1024;
/** Frames overtake one another by a few at most; a number that lies further back is of another numbering. */
const outOfOrderMax = 8;

export class FrameIds {
  #last: number | null = null;
  #added = 0;
  #wide = false;

  /** The number over all wraps; `restarted` where the device began anew. */
  next(raw: bigint): { frameId: number; restarted: boolean } {
    const id = Number(raw);
    if (id > wrapAfter) this.#wide = true;
    const last = this.#last;
    if (last === null) return this.#taken(id, false);
    if (!this.#wide && last > wrapAfter - wrapMargin && id < wrapMargin) this.#added += wrapAfter;
    else if (!this.#wide && this.#added > 0 && id > wrapAfter - wrapMargin && last < wrapMargin) {
      // From before the wrap, overtaken by one from behind it.
      return { frameId: id + this.#added - wrapAfter, restarted: false };
    } else if (id < last - outOfOrderMax) {
      this.#added = 0;
      return this.#taken(id, true);
    } else if (id <= last) return { frameId: id + this.#added, restarted: false };
    return this.#taken(id, false);
  }

  reset(): void {
    this.#last = null;
    this.#added = 0;
    this.#wide = false;
  }

  #taken(id: number, restarted: boolean): { frameId: number; restarted: boolean } {
    this.#last = id;
    return { frameId: id + this.#added, restarted };
  }
}

export interface Counted {
  readonly trigger: number | null;
  /** Its edge was not told before. */
  readonly edge: boolean;
}

export class TriggerCounts {
  #last: number | null = null;
  #lastFrameId = 0;

  /** The highest count told. */
  get last(): number | null {
    return this.#last;
  }

  /** `count`: as the frame carries it; null where it could not be read or there is none. */
  next(count: number | null, frameId: number): Counted {
    const told = count ?? (this.#last === null ? null : this.#last + Math.max(0, frameId - this.#lastFrameId));
    if (told === null) return { trigger: null, edge: false };
    const last = this.#last;
    const restarted = last !== null && told < last - outOfOrderMax;
    const edge = last === null || told > last || restarted;
    if (edge) {
      this.#last = told;
      this.#lastFrameId = frameId;
    }
    return { trigger: told, edge };
  }

  /** The device's counter stands here, and no frame told of it. */
  passed(count: number): boolean {
    if (this.#last === null || count <= this.#last) return false;
    // Its frame may have a number all the same; where it has none, a later guess is too low and never too high.
    this.#lastFrameId += count - this.#last;
    this.#last = count;
    return true;
  }

  reset(): void {
    this.#last = null;
    this.#lastFrameId = 0;
  }
}
