/**
 * One camera's trigger counter against the line's own numbering of parts.
 *
 * The counter that opens parts defines the numbering; any other counter is aligned to it by an edge that falls close
 * to exactly one part, and every later edge is held against that. What fits no part, or two, aligns nothing.
 */

export interface PartInstant {
  readonly ordinal: number;
  /** When its trigger was, as far as can be told; NaN for one that only a gap in the counter tells of. */
  readonly openedAtMs: number;
}

/**
 * A counter may run so many parts ahead of the one that opens them: there a frame waits for packets to be sent again,
 * and those behind it wait as well.
 */
const maxAhead = 32;

interface Edge {
  readonly count: number;
  readonly atMs: number;
}

export class Alignment {
  readonly #windowMs: number;
  #shift: number | null = null;
  /** When the edge came by which this counter was aligned. */
  #alignedAtMs: number | null = null;
  /** Before it is aligned: the latest edge that came before any part it fits. */
  #early: Edge | null = null;
  /** Aligned: edges of parts that are not opened yet, oldest first. */
  readonly #ahead: Edge[] = [];

  constructor(windowMs: number) {
    this.#windowMs = windowMs;
  }

  /** This counter's `count` is the part `ordinal`. */
  align(count: number, ordinal: number): void {
    this.#shift = ordinal - count;
    this.#early = null;
    this.#ahead.length = 0;
    this.#alignedAtMs = null;
  }

  #alignBy(edge: Edge, ordinal: number): void {
    this.align(edge.count, ordinal);
    this.#alignedAtMs = edge.atMs;
  }

  /** Holds an edge against the parts opened lately; false where it contradicts the alignment so far. */
  confirm(count: number, atMs: number, parts: Iterable<PartInstant>, newest: number): boolean {
    const known = [...parts];
    const near = known.filter((part) => this.#isNear(part, atMs));
    if (this.#shift === null) {
      if (near.length === 1) this.#alignBy({ count, atMs }, near[0]!.ordinal);
      else if (near.length === 0) this.#early = { count, atMs };
      return true;
    }
    const ordinal = count + this.#shift;
    if (ordinal > newest) {
      this.#ahead.push({ count, atMs });
      return ordinal - newest <= maxAhead;
    }
    // Nothing contradicts an instant that is not known.
    const unknown = known.some((part) => part.ordinal === ordinal && Number.isNaN(part.openedAtMs));
    return unknown || near.some((part) => part.ordinal === ordinal);
  }

  /** A part was opened: an edge that ran ahead of it belongs to it, or contradicts the alignment (false). */
  partOpened(part: PartInstant): boolean {
    // The edge that aligned this counter would have fitted this part as well.
    const aligned = this.#alignedAtMs;
    if (aligned !== null && this.#isNear(part, aligned)) return false;
    if (this.#shift !== null) {
      const own = this.#aheadOf(part.ordinal - this.#shift);
      return own === null || Number.isNaN(part.openedAtMs) || this.#isNear(part, own.atMs);
    }
    const early = this.#early;
    // A part that only a gap tells of may own the edge that ran ahead, and so may the next one.
    if (early === null || Number.isNaN(part.openedAtMs)) return true;
    this.#early = null;
    if (this.#isNear(part, early.atMs)) this.#alignBy(early, part.ordinal);
    return true;
  }

  /** The edge of this count among those that ran ahead; it and those before it wait no longer. */
  #aheadOf(count: number): Edge | null {
    let own: Edge | null = null;
    while (this.#ahead.length > 0 && this.#ahead[0]!.count <= count) own = this.#ahead.shift()!;
    return own?.count === count ? own : null;
  }

  #isNear({ openedAtMs }: PartInstant, atMs: number): boolean {
    return Math.abs(openedAtMs - atMs) <= this.#windowMs;
  }

  /** The part a frame of this count belongs to; null while the counter is not aligned. */
  ordinalOf(count: number): number | null {
    return this.#shift === null ? null : count + this.#shift;
  }

  reset(): void {
    this.#shift = null;
    this.#early = null;
    this.#ahead.length = 0;
    this.#alignedAtMs = null;
  }
}
