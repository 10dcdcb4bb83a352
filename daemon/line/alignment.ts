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

export class Alignment {
  readonly #windowMs: number;
  #shift: number | null = null;
  /** When the edge came by which this counter was aligned. */
  #alignedAtMs: number | null = null;
  /** The latest edge that came before its part was opened. */
  #early: { count: number; atMs: number } | null = null;

  constructor(windowMs: number) {
    this.#windowMs = windowMs;
  }

  /** This counter's `count` is the part `ordinal`. */
  align(count: number, ordinal: number): void {
    this.#shift = ordinal - count;
    this.#early = null;
    this.#alignedAtMs = null;
  }

  #alignBy(edge: { count: number; atMs: number }, ordinal: number): void {
    this.align(edge.count, ordinal);
    this.#alignedAtMs = edge.atMs;
  }

  /** Holds an edge against the parts opened lately; false where it contradicts the alignment so far. */
  confirm(count: number, atMs: number, parts: Iterable<PartInstant>, newest: number): boolean {
    const known = [...parts];
    const near = known.filter((part) => Math.abs(part.openedAtMs - atMs) <= this.#windowMs);
    if (this.#shift === null) {
      if (near.length === 1) this.#alignBy({ count, atMs }, near[0]!.ordinal);
      else if (near.length === 0) this.#early = { count, atMs };
      return true;
    }
    const ordinal = count + this.#shift;
    if (ordinal === newest + 1) {
      this.#early = { count, atMs };
      return true;
    }
    // Nothing contradicts an instant that is not known.
    const unknown = known.some((part) => part.ordinal === ordinal && Number.isNaN(part.openedAtMs));
    return unknown || near.some((part) => part.ordinal === ordinal);
  }

  /** A part was opened: an edge that ran ahead of it belongs to it, or contradicts the alignment (false). */
  partOpened(part: PartInstant): boolean {
    const early = this.#early;
    // The edge that aligned this counter would have fitted this part as well.
    const aligned = this.#alignedAtMs;
    if (aligned !== null && Math.abs(part.openedAtMs - aligned) <= this.#windowMs) return false;
    if (early === null) return true;
    // One that only a gap tells of may own the edge that ran ahead; where nothing is aligned, so may the next part.
    if (Number.isNaN(part.openedAtMs)) {
      if (this.#shift !== null) this.#early = null;
      return true;
    }
    this.#early = null;
    const near = Math.abs(part.openedAtMs - early.atMs) <= this.#windowMs;
    if (this.#shift !== null) return near;
    if (near) this.#alignBy(early, part.ordinal);
    return true;
  }

  /** The part a frame of this count belongs to; null while the counter is not aligned. */
  ordinalOf(count: number): number | null {
    return this.#shift === null ? null : count + this.#shift;
  }

  reset(): void {
    this.#shift = null;
    this.#early = null;
    this.#alignedAtMs = null;
  }
}
