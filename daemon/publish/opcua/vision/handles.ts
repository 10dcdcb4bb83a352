/**
 * Handles of lists and results that clients were given. What they stand for costs nothing to keep, so one is a number
 * with an end: the client's own hint of how long it needs it (`Timeout`, 7.10.2), within bounds. Bounded: the
 * oldest gives way, and one that is never released expires.
 */
import type { Clock } from '../../../clock.ts';

export const handleLimits = { max: 256, usualMs: 60_000, longestMs: 600_000 } as const;

interface Held {
  readonly session: string;
  readonly untilMs: number;
}

export class Handles {
  readonly #clock: Clock;
  readonly #held = new Map<number, Held>();
  #next = 1;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** `hintMs` above 0 is how long it is needed, below 0 not known; 0 needs none and is answered 0. */
  give(session: string, hintMs: number): number {
    if (hintMs === 0) return 0;
    this.#expire();
    const oldest = this.#held.size >= handleLimits.max ? this.#held.keys().next().value : undefined;
    if (oldest !== undefined) this.#held.delete(oldest);
    const handle = this.#next;
    // UInt32, and 0 stands for none.
    this.#next = (this.#next % 0xffffffff) + 1;
    const lastsMs = hintMs < 0 ? handleLimits.usualMs : Math.min(hintMs, handleLimits.longestMs);
    this.#held.set(handle, { session, untilMs: this.#clock.nowMs() + lastsMs });
    return handle;
  }

  /** False for one that is not, or not any more, of this session. */
  release(session: string, handle: number): boolean {
    this.#expire();
    return this.#held.get(handle)?.session === session && this.#held.delete(handle);
  }

  get size(): number {
    return this.#held.size;
  }

  #expire(): void {
    const nowMs = this.#clock.nowMs();
    for (const [handle, { untilMs }] of this.#held) if (untilMs <= nowMs) this.#held.delete(handle);
  }
}
