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

/** Moments per place over parts, as sums of powers around the first part: height and distance are near it. */
export class PlaceMoments {
  readonly #origin: Float64Array;
  readonly #sums: readonly [Float64Array, Float64Array, Float64Array, Float64Array];
  #count = 0;

  constructor(places: number) {
    const plane = (): Float64Array => new Float64Array(places);
    this.#origin = plane();
    this.#sums = [plane(), plane(), plane(), plane()];
  }

  add(values: ArrayLike<number>): void {
    if (this.#count === 0) this.#origin.set(Float64Array.from(values));
    this.#count++;
    const [first, second, third, fourth] = this.#sums;
    for (let i = 0; i < this.#origin.length; i++) {
      const d = values[i]! - this.#origin[i]!;
      first[i]! += d;
      second[i]! += d * d;
      third[i]! += d * d * d;
      fourth[i]! += d * d * d * d;
    }
  }

  mean(): Float64Array {
    return this.#sums[0].map((sum, i) => this.#origin[i]! + sum / Math.max(1, this.#count));
  }

  /** Unbiased. */
  variance(): Float64Array {
    const [first, second] = this.#sums;
    const n = Math.max(1, this.#count);
    return second.map((sum, i) => Math.max(0, sum - first[i]! ** 2 / n) / Math.max(1, this.#count - 1));
  }

  /** Mean fourth power around the mean. */
  fourth(): Float64Array {
    const n = Math.max(1, this.#count);
    const [first, second, third, fourth] = this.#sums;
    return fourth.map((sum, i) => {
      const m = first[i]! / n;
      return sum / n - 4 * m * (third[i]! / n) + 6 * m * m * (second[i]! / n) - 3 * m ** 4;
    });
  }
}

/** Moments of all, from those of batches of one size: [C] each. The variance of the means belongs to the whole. */
export function pooledMoments(
  means: readonly Float32Array[],
  variances: readonly Float32Array[],
): { mean: Float32Array; variance: Float32Array } {
  const average = (of: (batch: number) => number): number =>
    means.reduce((sum, _, batch) => sum + of(batch), 0) / means.length;
  const mean = means[0]!.map((_, c) => average((batch) => means[batch]![c]!));
  const variance = mean.map((middle, c) =>
    average((batch) => variances[batch]![c]! + (means[batch]![c]! - middle) ** 2),
  );
  return { mean, variance };
}
