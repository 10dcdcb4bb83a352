/** The few statistics of the figures: quantiles, and the slope of a line through points. */

/** null where there is nothing. */
export function quantile(values: readonly number[], share: number): number | null {
  if (values.length === 0) return null;
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]!;
}

/** Least squares over equally spaced points: change of the value from one to the next; null for fewer than three. */
export function slope(values: readonly number[]): number | null {
  if (values.length < 3) return null;
  const middle = (values.length - 1) / 2;
  let [over, under] = [0, 0];
  for (const [at, value] of values.entries()) {
    over += (at - middle) * value;
    under += (at - middle) ** 2;
  }
  return over / under;
}

/** Three digits are more than any of it is known to. */
export const rounded = (value: number | null): number | null => (value === null ? null : Number(value.toPrecision(3)));
