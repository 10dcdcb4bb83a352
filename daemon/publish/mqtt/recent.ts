/** Answers of the last minutes by request id, so that a command that comes twice is done once. Bounded both ways. */
export class Recent<T> {
  readonly #max: number;
  readonly #keepMs: number;
  readonly #kept = new Map<string, { value: T; atMs: number }>();

  constructor(max: number, keepMs: number) {
    this.#max = max;
    this.#keepMs = keepMs;
  }

  get(id: string, nowMs: number): T | null {
    const kept = this.#kept.get(id);
    return kept && nowMs - kept.atMs <= this.#keepMs ? kept.value : null;
  }

  keep(id: string, value: T, nowMs: number): void {
    this.#kept.delete(id);
    this.#kept.set(id, { value, atMs: nowMs });
    // A map goes in the order of insertion: the first is the oldest.
    for (const [oldest, { atMs }] of this.#kept) {
      if (this.#kept.size <= this.#max && nowMs - atMs <= this.#keepMs) break;
      this.#kept.delete(oldest);
    }
  }
}

/** So many at once, and so many a second after that. */
export class Allowance {
  readonly #burst: number;
  readonly #perSecond: number;
  #left: number;
  #atMs: number;

  constructor(burst: number, perSecond: number, nowMs: number) {
    this.#burst = burst;
    this.#perSecond = perSecond;
    this.#left = burst;
    this.#atMs = nowMs;
  }

  take(nowMs: number): boolean {
    this.#left = Math.min(this.#burst, this.#left + ((nowMs - this.#atMs) / 1000) * this.#perSecond);
    this.#atMs = nowMs;
    if (this.#left < 1) return false;
    this.#left -= 1;
    return true;
  }
}
