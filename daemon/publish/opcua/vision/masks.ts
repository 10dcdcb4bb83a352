/**
 * The masks that can be fetched as files: the newest ones, in memory, bounded in number and bytes. A mask comes some
 * milliseconds behind its verdict; whoever asks in between waits for it, within a bound.
 */
import type { Clock } from '../../../clock.ts';

export const maskLimits = { max: 64, bytesMax: 16 * 1024 * 1024, waitMs: 500 } as const;

export class Masks {
  readonly #clock: Clock;
  readonly #kept = new Map<number, Uint8Array>();
  readonly #waiting = new Set<() => void>();
  #bytes = 0;
  #announced = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A verdict went out; its mask may follow. */
  announced(sequence: number): void {
    this.#announced = sequence;
  }

  keep(sequence: number, png: Uint8Array): void {
    if (png.length > maskLimits.bytesMax) return;
    this.#kept.set(sequence, png);
    this.#bytes += png.length;
    for (const [oldest, { length }] of this.#kept) {
      if (this.#kept.size <= maskLimits.max && this.#bytes <= maskLimits.bytesMax) break;
      this.#kept.delete(oldest);
      this.#bytes -= length;
    }
    for (const wake of [...this.#waiting]) wake();
  }

  has(sequence: number): boolean {
    return this.#kept.has(sequence);
  }

  /** Null where there is none, and none comes any more. */
  async fetch(sequence: number): Promise<Uint8Array | null> {
    const untilMs = this.#clock.nowMs() + maskLimits.waitMs;
    // Only what was just announced may still get one.
    while (!this.#kept.has(sequence) && sequence > this.#announced - maskLimits.max) {
      const leftMs = untilMs - this.#clock.nowMs();
      if (leftMs <= 0 || this.#waiting.size >= maskLimits.max) break;
      await this.#nextMask(leftMs);
    }
    return this.#kept.get(sequence) ?? null;
  }

  async #nextMask(withinMs: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const bound = new AbortController();
    this.#waiting.add(resolve);
    this.#clock.after(withinMs, resolve, bound.signal);
    await promise;
    bound.abort();
    this.#waiting.delete(resolve);
  }
}
