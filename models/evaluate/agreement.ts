/**
 * How far two variants of one bundle agree on the same parts: verdicts that differ, how far the maps lie apart, and
 * whether the scores rank alike. Scores and maps are in units of each variant's own threshold.
 */

export interface Judged {
  score: number;
  map: Float32Array;
}
export interface Agreement {
  parts: number;
  /** Verdicts that differ while both scores stand outside the interval of their threshold. */
  flipsOutside: number;
  /** Verdicts that differ where a threshold from other good parts might have said the same. */
  flipsInside: number;
  /** Mean over parts and pixels of the difference, in thresholds. */
  mapError: number;
  /** The largest difference of two scores, in thresholds. */
  scoreError: number;
  /** Spearman's, ties sharing their mean rank; null under two parts. */
  rankCorrelation: number | null;
}

/** Where a threshold would lie, had it come from other good parts of the same line. */
export interface ThresholdInterval {
  threshold: number;
  low: number;
  high: number;
}

/** The upper tail whose slope says how far a threshold moves with the rate: a tenth of the good parts, or five. */
const tailShare = 0.1;
const leastTail = 5;

/**
 * Scores between which the threshold for the expected rate lies with 95 %. The rate at this threshold has an interval
 * (Beta); scores of good parts thin out exponentially in their upper tail, so that a rate that is r times the expected
 * one is met `slope * ln r` above.
 */
export function thresholdInterval(
  goodScores: readonly number[],
  { threshold, expected, interval95 }: { threshold: number; expected: number; interval95: readonly [number, number] },
): ThresholdInterval {
  const descending = [...goodScores].sort((a, b) => b - a);
  const count = Math.min(descending.length - 1, Math.max(leastTail, Math.round(tailShare * descending.length)));
  const edge = descending[count]!;
  const slope = descending.slice(0, count).reduce((sum, score) => sum + score - edge, 0) / Math.max(1, count);
  const at = (rate: number): number => threshold + slope * Math.log(Math.max(rate, 1e-6) / expected);
  return { threshold, low: at(interval95[0]), high: at(interval95[1]) };
}

/** Adds up part by part; maps need not be kept. */
export class AgreementOf {
  readonly #reference: ThresholdInterval;
  readonly #other: ThresholdInterval;
  readonly #scores: [number, number][] = [];
  #inside = 0;
  #outside = 0;
  #mapErrors = 0;

  constructor(reference: ThresholdInterval, other: ThresholdInterval) {
    this.#reference = reference;
    this.#other = other;
  }

  add(reference: Judged, other: Judged): void {
    const [a, b] = [this.#reference, this.#other];
    if (reference.score >= a.threshold !== other.score >= b.threshold) {
      if (within(reference.score, a) || within(other.score, b)) this.#inside++;
      else this.#outside++;
    }
    this.#scores.push([reference.score / a.threshold, other.score / b.threshold]);
    const sum = reference.map.reduce(
      (total, value, i) => total + Math.abs(value / a.threshold - other.map[i]! / b.threshold),
      0,
    );
    this.#mapErrors += sum / reference.map.length;
  }

  result(): Agreement {
    const parts = this.#scores.length;
    const columns = [this.#scores.map(([a]) => a), this.#scores.map(([, b]) => b)] as const;
    return {
      parts,
      flipsOutside: this.#outside,
      flipsInside: this.#inside,
      mapError: this.#mapErrors / parts,
      scoreError: this.#scores.reduce((most, [a, b]) => Math.max(most, Math.abs(a - b)), 0),
      rankCorrelation: parts < 2 ? null : correlation(ranks(columns[0]), ranks(columns[1])),
    };
  }
}

const within = (score: number, { low, high }: ThresholdInterval): boolean => score >= low && score <= high;

/** Ranks from 0, equal values sharing the mean of theirs. */
function ranks(values: readonly number[]): number[] {
  const order = values.map((_, i) => i).sort((a, b) => values[a]! - values[b]!);
  const result = new Array<number>(values.length);
  for (let from = 0; from < order.length; ) {
    let to = from;
    while (to + 1 < order.length && values[order[to + 1]!] === values[order[from]!]) to++;
    for (let i = from; i <= to; i++) result[order[i]!] = (from + to) / 2;
    from = to + 1;
  }
  return result;
}

/** Pearson's; 1 where neither moves, 0 where one alone does. */
function correlation(x: readonly number[], y: readonly number[]): number {
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [mx, my] = [mean(x), mean(y)];
  let [xy, xx, yy] = [0, 0, 0];
  for (const [i, each] of x.entries()) {
    xy += (each - mx) * (y[i]! - my);
    xx += (each - mx) ** 2;
    yy += (y[i]! - my) ** 2;
  }
  if (xx === 0 && yy === 0) return 1;
  return xx === 0 || yy === 0 ? 0 : xy / Math.sqrt(xx * yy);
}
