/**
 * Anomaly scores in ascending order, and counting in them: what every curve here stands on.
 * "Not judged" (NaN) becomes the lowest score there is, so that it counts against a defect and never raises an alarm.
 */
export type Scores = Float32Array | Float64Array;

/** The score of what nobody judged. */
export const lowest = Number.NEGATIVE_INFINITY;

/** Sorts in place, NaN made `lowest` first. Native sort: 0.15 s per million scores on one core. */
export function sortScores<T extends Scores>(scores: T): T {
  for (let i = 0; i < scores.length; i++) if (Number.isNaN(scores[i]!)) scores[i] = lowest;
  return scores.sort() as T;
}

/** How many of the ascending scores lie below the value; `from` of them are known to. */
export function countBelow(sorted: Scores, value: number, from = 0): number {
  let low = from;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** How many of the ascending scores lie at or below the value; `from` of them are known to. */
export function countUpTo(sorted: Scores, value: number, from = 0): number {
  let low = from;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle]! <= value) low = middle + 1;
    else high = middle;
  }
  return low;
}
