/** Order statistics of good scores, against cases worked out by hand. */
import { describe, expect, test } from 'vitest';
import { PlaceMoments, pooledMoments, quantile, thinned } from '../../models/teach/statistics.ts';
import { betaQuantile, scoreThreshold } from '../../models/teach/threshold.ts';

/** 1..n in an order of its own. */
const scores = (n: number): number[] => Array.from({ length: n }, (_, i) => ((i * 7) % n) + 1);

describe('the score threshold', () => {
  test.each([
    // parts, rate asked, the k-th largest, lowest rate supported, parts missing
    [99, 0.01, 1, 0.01, 0],
    [99, 0.05, 5, 0.01, 0],
    [100, 0.05, 5, 1 / 101, 0],
    [20, 0.01, 1, 1 / 21, 79],
    [4, 0.1, 1, 0.2, 5],
    [9, 0.1, 1, 0.1, 0],
    [9, 0.5, 5, 0.1, 0],
    [2, 0.001, 1, 1 / 3, 997],
  ])('%d good parts and a rate of %d: just above the %dth largest', (n, wanted, k, lowestSupported, partsMissing) => {
    const found = scoreThreshold(scores(n), wanted);
    const kth = n + 1 - k;
    expect(found.threshold).toBeGreaterThan(kth);
    expect(found.threshold).toBeLessThan(kth * 1.001);
    expect(found.expected).toBeCloseTo(k / (n + 1), 12);
    expect(found.lowestSupported).toBeCloseTo(lowestSupported, 12);
    expect(found.partsMissing).toBe(partsMissing);
    const failing = scores(n).filter((score) => score >= found.threshold);
    expect(failing).toHaveLength(k - 1);
    expect(found.interval95[0]).toBeLessThan(found.expected);
    expect(found.interval95[1]).toBeGreaterThan(found.expected);
  });

  test('the order of the parts does not matter, and they are left as they are', () => {
    const given = [3, 1, 2];
    expect(scoreThreshold(given, 0.1)).toEqual(scoreThreshold([1, 2, 3], 0.1));
    expect(given).toEqual([3, 1, 2]);
  });
});

describe('quantiles of Beta(a, b)', () => {
  const quantiles = [0.025, 0.3, 0.5, 0.975];
  test.each(quantiles)('Beta(1, n) at %d is 1 - (1 - q)^(1/n)', (q) => {
    for (const n of [1, 2, 20, 500]) expect(betaQuantile(q, 1, n)).toBeCloseTo(1 - (1 - q) ** (1 / n), 10);
  });
  test.each(quantiles)('Beta(n, 1) at %d is q^(1/n)', (q) => {
    for (const n of [1, 2, 20, 500]) expect(betaQuantile(q, n, 1)).toBeCloseTo(q ** (1 / n), 10);
  });
  test('Beta(2, 2) has the distribution 3 x^2 - 2 x^3; swapped parameters mirror it', () => {
    for (const q of quantiles) {
      const x = betaQuantile(q, 2, 2);
      expect(3 * x ** 2 - 2 * x ** 3).toBeCloseTo(q, 10);
      expect(betaQuantile(q, 3, 17)).toBeCloseTo(1 - betaQuantile(1 - q, 17, 3), 10);
    }
  });
});

describe('statistics', () => {
  test('a quantile lies between order statistics', () => {
    expect(quantile([30, 10, 20], 0.5)).toBe(20);
    expect(quantile([30, 10, 20], 0.25)).toBe(15);
    expect(quantile([5], 0.9)).toBe(5);
    expect(quantile([], 0.5)).toBeNaN();
    expect(quantile(Float32Array.of(-1, 2), 1)).toBe(2);
  });
  test('thinning keeps at most as many as asked, evenly', () => {
    const values = Float32Array.from({ length: 10 }, (_, i) => i);
    expect([...thinned(values, 4)]).toEqual([0, 3, 6, 9]);
    expect(thinned(values, 10)).toBe(values);
    for (const most of [1, 2, 3, 7, 9]) expect(thinned(values, most).length).toBeLessThanOrEqual(most);
  });
  test('moments per place, part by part, are those of all parts at once', () => {
    const moments = new PlaceMoments(2);
    for (const part of [
      [1, 5],
      [2, 5],
      [6, 5],
    ])
      moments.add(part);
    expect([...moments.mean()]).toEqual([3, 5]);
    expect(moments.variance()[0]).toBeCloseTo(7, 12); // (4 + 1 + 9) / 2
    expect(moments.fourth()[0]).toBeCloseTo((16 + 1 + 81) / 3, 12);
    expect([moments.variance()[1], moments.fourth()[1]]).toEqual([0, 0]);
  });
});

test('moments of all from those of batches, also where parts come in kinds', () => {
  const kinds = [
    [1, 1.2, 0.8],
    [5, 5.1, 4.9],
  ];
  const moments = (values: readonly number[]): { mean: number; variance: number } => {
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    return { mean, variance: values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length };
  };
  const each = kinds.map(moments);
  const pooled = pooledMoments(
    each.map(({ mean }) => Float32Array.of(mean)),
    each.map(({ variance }) => Float32Array.of(variance)),
  );
  const whole = moments(kinds.flat());
  expect(pooled.mean[0]).toBeCloseTo(whole.mean, 5);
  expect(pooled.variance[0]).toBeCloseTo(whole.variance, 5);
});
