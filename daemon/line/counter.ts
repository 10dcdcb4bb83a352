/**
 * One camera's trigger counter, as its edges are heard: which edge is new, which was told twice, which were missed, and
 * when the counter was set anew. What an edge means for a part is said elsewhere.
 */

/** A larger step is a counter that was set anew, not triggers that went unheard. */
export const maxMissedTriggers = 64;

export type CountStep = { kind: 'duplicate' } | { kind: 'next'; missed: number } | { kind: 'restart' };

export class TriggerCounter {
  readonly #repeatMs: number;
  #last: number | null = null;
  #lastAtMs = 0;

  /** The same count within `repeatMs` is one edge told twice. */
  constructor(repeatMs: number) {
    this.#repeatMs = repeatMs;
  }

  /** False until the first edge: the camera may have no counter at all. */
  get counts(): boolean {
    return this.#last !== null;
  }

  /**
   * Notes an edge. The same count again at once is one edge told twice; later it is a counter that was restarted and
   * has come to the same number.
   */
  count(count: number, atMs: number): CountStep {
    const last = this.#last;
    if (last === count && atMs - this.#lastAtMs <= this.#repeatMs) return { kind: 'duplicate' };
    this.#lastAtMs = atMs;
    this.#last = count;
    if (last === null) return { kind: 'next', missed: 0 };
    const step = count - last;
    if (step <= 0 || step > maxMissedTriggers + 1) return { kind: 'restart' };
    return { kind: 'next', missed: step - 1 };
  }

  /** Every frame of a trigger comes after its edge; a larger count is of another numbering. */
  heard(count: number): boolean {
    return this.#last !== null && count <= this.#last;
  }

  reset(): void {
    this.#last = null;
  }
}
