/** The newest N durations and what they say; bounded, so it may be fed for months. */
export interface DurationFigures {
  count: number;
  lastMs: number;
  p50Ms: number;
  p99Ms: number;
  maxMs: number;
}

export class Durations {
  readonly #ring: Float64Array;
  #count = 0;

  constructor(size: number) {
    this.#ring = new Float64Array(size);
  }

  add(durationMs: number): void {
    this.#ring[this.#count % this.#ring.length] = durationMs;
    this.#count += 1;
  }

  /** Null before the first. */
  figures(): DurationFigures | null {
    if (this.#count === 0) return null;
    const kept = this.#ring.slice(0, Math.min(this.#count, this.#ring.length)).sort();
    const at = (share: number): number => kept[Math.min(kept.length - 1, Math.floor(share * kept.length))] as number;
    const lastMs = this.#ring[(this.#count - 1) % this.#ring.length] as number;
    return { count: this.#count, lastMs, p50Ms: at(0.5), p99Ms: at(0.99), maxMs: at(1) };
  }
}
