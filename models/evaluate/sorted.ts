/**
 * Anomaly scores in ascending order, and counting in them: what every curve here stands on.
 * "Not judged" (NaN) becomes the lowest score there is, so that it counts against a defect and never raises an alarm.
 */
export type Scores = Float32Array | Float64Array;

/** The score of what nobody judged. */
export const lowest = Number.NEGATIVE_INFINITY;

/** Below this the native sort is as fast and needs no second buffer. */
const radixFrom = 2 ** 14;

/** Sorts in place, NaN made `lowest` first. */
export function sortScores<T extends Scores>(scores: T): T {
  for (let i = 0; i < scores.length; i++) if (Number.isNaN(scores[i]!)) scores[i] = lowest;
  if (scores instanceof Float32Array && scores.length >= radixFrom) radixSort(scores);
  else scores.sort();
  return scores;
}

/**
 * Radix sort on the bits of the floats, three passes of eleven bits: several times faster than the native sort on
 * the millions of pixels of a test set, for one more buffer of the same size while it runs.
 */
function radixSort(scores: Float32Array): void {
  const { length } = scores;
  let from: Uint32Array = new Uint32Array(scores.buffer, scores.byteOffset, length);
  let to: Uint32Array = new Uint32Array(length);
  const counts = [0, 11, 22].map(() => new Uint32Array(2048));
  const [low, middle, high] = counts as [Uint32Array, Uint32Array, Uint32Array];
  for (let i = 0; i < length; i++) {
    // Ordered as a whole number: a negative float has all its bits turned, a positive one only its sign.
    const bits = from[i]!;
    const key = (bits ^ (-(bits >>> 31) | 0x80000000)) >>> 0;
    from[i] = key;
    low[key & 2047]!++;
    middle[(key >>> 11) & 2047]!++;
    high[key >>> 22]!++;
  }
  for (const [pass, count] of counts.entries()) {
    let start = 0;
    for (let digit = 0; digit < 2048; digit++) {
      const many = count[digit]!;
      count[digit] = start;
      start += many;
    }
    const shift = 11 * pass;
    for (let i = 0; i < length; i++) {
      const key = from[i]!;
      to[count[(key >>> shift) & 2047]!++] = key;
    }
    [from, to] = [to, from];
  }
  // Three passes end in the second buffer, so turning the bits back also brings them home.
  for (let i = 0; i < length; i++) {
    const key = from[i]!;
    to[i] = key >>> 31 === 1 ? key ^ 0x80000000 : ~key;
  }
}

/** How many of the ascending scores lie below the value; `from` of them are known to. */
export function countBelow(sorted: Scores, value: number, from = 0): number {
  let [low, high] = [from, from];
  // in growing steps first: asked in ascending order, the answer is near, and a test set has 10^8 pixels
  for (let step = 1; high < sorted.length && sorted[high]! < value; step *= 2) {
    low = high + 1;
    high = Math.min(sorted.length, high + step);
  }
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** How many of the ascending scores lie at or below the value; `from` of them are known to. */
export function countUpTo(sorted: Scores, value: number, from = 0): number {
  let [low, high] = [from, from];
  for (let step = 1; high < sorted.length && sorted[high]! <= value; step *= 2) {
    low = high + 1;
    high = Math.min(sorted.length, high + step);
  }
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle]! <= value) low = middle + 1;
    else high = middle;
  }
  return low;
}
