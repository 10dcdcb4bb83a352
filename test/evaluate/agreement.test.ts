import { describe, expect, test } from 'vitest';
import { AgreementOf, thresholdInterval } from '../../models/evaluate/agreement.ts';

const at = (threshold: number, low = threshold, high = threshold) => ({ threshold, low, high });
const judged = (score: number, ...map: number[]) => ({ score, map: new Float32Array(map.length > 0 ? map : [score]) });

describe('agreement of two variants', () => {
  test('thresholds are the unit: the same parts at twice the scale agree wholly', () => {
    const agreement = new AgreementOf(at(2), at(4));
    for (const score of [1, 3, 1.5, 8])
      agreement.add(judged(score, score, score / 2), judged(2 * score, 2 * score, score));
    const found = agreement.result();
    expect(found).toEqual({
      parts: 4,
      flipsInside: 0,
      flipsOutside: 0,
      mapError: 0,
      scoreError: 0,
      rankCorrelation: 1,
    });
  });

  test('a flip counts inside where either score stands in the interval of its threshold', () => {
    const agreement = new AgreementOf(at(2, 1.8, 2.1), at(2, 1.9, 2.5));
    agreement.add(judged(2.05), judged(1.2)); // the first stands in its interval
    agreement.add(judged(1.2), judged(2.4)); // the second does
    agreement.add(judged(1.2), judged(2.6)); // neither does
    agreement.add(judged(1.95), judged(1.95)); // no flip at all
    expect(agreement.result()).toMatchObject({ flipsInside: 2, flipsOutside: 1 });
  });

  test('a score at the threshold fails, as the judge has it', () => {
    const agreement = new AgreementOf(at(2), at(2));
    agreement.add(judged(2), judged(1.999));
    agreement.add(judged(2), judged(2));
    expect(agreement.result()).toMatchObject({ flipsInside: 1, flipsOutside: 0, parts: 2 });
  });

  test('map error is the mean, score error the largest, both in thresholds', () => {
    const agreement = new AgreementOf(at(2), at(1));
    agreement.add(judged(2, 2, 0), judged(1.5, 1.5, 0)); // 0.5 and 0 apart
    agreement.add(judged(1, 1, 1), judged(0.5, 0.5, 0.5)); // equal
    expect(agreement.result()).toMatchObject({ mapError: 0.125, scoreError: 0.5 });
  });

  test('ranks: reversed is -1, ties share their rank, one part says nothing', () => {
    const ranked = (pairs: [number, number][]): number | null => {
      const agreement = new AgreementOf(at(1), at(1));
      for (const [a, b] of pairs) agreement.add(judged(a), judged(b));
      return agreement.result().rankCorrelation;
    };
    expect(
      ranked([
        [1, 3],
        [2, 2],
        [3, 1],
      ]),
    ).toBeCloseTo(-1, 12);
    expect(
      ranked([
        [1, 1],
        [2, 1],
        [3, 2],
      ]),
    ).toBeCloseTo(Math.sqrt(3) / 2, 12);
    expect(ranked([[1, 1]])).toBeNull();
  });
});

describe('the interval of a threshold', () => {
  /** The k-th largest of n scores whose tail is exponential with this mean: quantiles, not a sample. */
  const exponential = (n: number, mean: number): number[] =>
    Array.from({ length: n }, (_, i) => mean * Math.log(n / (i + 0.5)));

  test('a rate twice the expected one lies one tail length times ln 2 above', () => {
    const scores = exponential(400, 0.5);
    const { low, high } = thresholdInterval(scores, { threshold: 3, expected: 0.01, interval95: [0.005, 0.02] });
    expect(high - 3).toBeCloseTo(0.5 * Math.LN2, 1);
    expect(3 - low).toBeCloseTo(0.5 * Math.LN2, 1);
  });

  test('it holds the threshold, and two scores are enough to have one', () => {
    const { low, high } = thresholdInterval([1, 1.2], { threshold: 1.3, expected: 1 / 3, interval95: [0.01, 0.8] });
    expect(low).toBeLessThan(1.3);
    expect(high).toBeGreaterThan(1.3);
  });
});
