/**
 * Verdicts on their way over the live topic: only over a link that keeps up. One that waited too long is not sent, and
 * while one is unanswered so long none is, since it would be the next part's time when it comes.
 */
import type { LineLimits } from './settings.ts';

export class LiveVerdicts {
  readonly #limits: Pick<LineLimits, 'liveInFlightMax' | 'liveMaxMs'>;
  /** When each was announced, the oldest first. */
  readonly #onTheWay = new Set<{ readonly atMs: number }>();

  constructor(limits: Pick<LineLimits, 'liveInFlightMax' | 'liveMaxMs'>) {
    this.#limits = limits;
  }

  /** Whether the link keeps up with one more. */
  keepsUp(nowMs: number): boolean {
    const [oldest] = this.#onTheWay;
    if (this.#onTheWay.size >= this.#limits.liveInFlightMax) return false;
    return oldest === undefined || nowMs - oldest.atMs <= this.#limits.liveMaxMs;
  }

  /** Null where it came too late for the live topic, else how long it may still live, ms. */
  leftMs(announcedMs: number, nowMs: number): number | null {
    const left = this.#limits.liveMaxMs - (nowMs - announcedMs);
    return left > 0 ? left : null;
  }

  async track(announcedMs: number, sending: Promise<unknown>): Promise<void> {
    const entry = { atMs: announcedMs };
    this.#onTheWay.add(entry);
    try {
      await sending;
    } finally {
      this.#onTheWay.delete(entry);
    }
  }
}
