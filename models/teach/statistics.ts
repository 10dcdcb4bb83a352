/** Order statistics and running moments over good parts. */

/** The q-quantile by linear interpolation between order statistics; NaN for no values. Sorts a copy. */
export function quantile(values: ArrayLike<number>, q: number): number {
  const sorted = Float64Array.from(values).sort();
  if (sorted.length === 0) return Number.NaN;
  const at = q * (sorted.length - 1);
  const low = Math.floor(at);
  const high = Math.min(low + 1, sorted.length - 1);
  return sorted[low]! + (at - low) * (sorted[high]! - sorted[low]!);
}

/** Every nth value, so that no more than `most` remain. */
export function thinned(values: Float32Array, most: number): Float32Array {
  const step = Math.max(1, Math.ceil(values.length / most));
  return step === 1 ? values : values.filter((_, i) => i % step === 0);
}

/** Mean and spread per place over parts, updated part by part (Welford). */
export class PlaceMoments {
  readonly mean: Float64Array;
  readonly #squares: Float64Array;
  #count = 0;

  constructor(places: number) {
    this.mean = new Float64Array(places);
    this.#squares = new Float64Array(places);
  }

  add(values: ArrayLike<number>): void {
    this.#count++;
    for (let i = 0; i < this.mean.length; i++) {
      const delta = values[i]! - this.mean[i]!;
      this.mean[i]! += delta / this.#count;
      this.#squares[i]! += delta * (values[i]! - this.mean[i]!);
    }
  }

  spread(): Float64Array {
    return this.#squares.map((sum) => Math.sqrt(sum / Math.max(1, this.#count - 1)));
  }
}
