/** Thresholds from parts whose truth is known: what each candidate would reject and miss. */
import { describe, expect, test } from 'vitest';
import { candidates, type Labelled, valueThreshold } from '../../models/teach/rethreshold.ts';
import { scoreThreshold } from '../../models/teach/threshold.ts';

const part = (kind: string, score: number): Labelled => ({ id: `${kind}${score}`, kind, score });
const goods = Array.from({ length: 99 }, (_, i) => (i + 1) / 100);
const parts = [...goods.map((score) => part('good', score)), part('dent', 0.5), part('dent', 1.5), part('stain', 3)];

describe('candidates', () => {
  const rows = candidates(parts, 2, 0.98);
  const row = (what: string) => rows.find((each) => each.what.split(', ').includes(what))!;

  test('from strict to lenient, rejecting fewer good parts and missing more bad ones', () => {
    const column = (pick: (each: (typeof rows)[number]) => number): number[] => rows.map(pick);
    const rising = (values: number[]): boolean => values.every((value, i) => i === 0 || value >= values[i - 1]!);
    expect(rising(column(({ threshold }) => threshold))).toBe(true);
    expect(rising(column(({ misses }) => misses))).toBe(true);
    expect(rising(column(({ falseRejects }) => -falseRejects))).toBe(true);
  });

  test('counts: at or above the threshold is rejected, below it is missed', () => {
    expect(row('chosen')).toMatchObject({ threshold: 0.98, falseRejects: 2, misses: 1 });
    expect(row('as it is')).toMatchObject({ threshold: 2, falseRejects: 0, misses: 2 });
    expect(row('no miss')).toMatchObject({ threshold: 0.5, falseRejects: 50, misses: 0 });
  });

  test('rates are those this many parts support, by the same order statistics as teaching', () => {
    expect(rows.map(({ what }) => what).join()).not.toContain('0.5 %');
    expect(row('rate 1 %').threshold).toBe(scoreThreshold(goods, 0.01).threshold);
    expect(row('rate 10 %').threshold).toBe(scoreThreshold(goods, 0.1).threshold);
    expect(row('rate 5 %').expected).toBeCloseTo(0.05, 9);
  });

  test('one threshold that stands for two is one row', () => {
    expect(candidates(parts, 0.98, 0.98).filter(({ what }) => what === 'chosen, as it is')).toHaveLength(1);
  });

  test('without bad parts nothing can be missed', () => {
    const only = candidates(parts.slice(0, 99), 2, 0.98);
    expect(only.every(({ misses }) => misses === 0)).toBe(true);
    expect(only.some(({ what }) => what.includes('no miss'))).toBe(false);
  });
});

describe('a threshold by hand', () => {
  test.each([0.01, 0.03, 0.5])('where teaching would put it, it is worth the same: rate %f', (rate) => {
    const asked = scoreThreshold(goods, rate);
    const byHand = valueThreshold(goods, asked.threshold);
    expect(byHand.expected).toBeCloseTo(asked.expected, 12);
    expect(byHand.interval95[0]).toBeCloseTo(asked.interval95[0], 9);
    expect(byHand.interval95[1]).toBeCloseTo(asked.interval95[1], 9);
  });

  test('between two good scores the interval reaches from one to the other', () => {
    const { expected, interval95 } = valueThreshold(goods, 0.975);
    expect(expected).toBe(0.03);
    expect(interval95[0]).toBeCloseTo(scoreThreshold(goods, 0.02).interval95[0], 9);
    expect(interval95[1]).toBeCloseTo(scoreThreshold(goods, 0.03).interval95[1], 9);
  });

  test('above every good score the rate may be nothing, and is no more than so many parts can exclude', () => {
    const { expected, interval95 } = valueThreshold(goods, 5);
    expect(expected).toBe(0.01);
    expect(interval95[0]).toBe(0);
    // P(none of 99 above) = 0.025
    expect(interval95[1]).toBeCloseTo(1 - 0.025 ** (1 / 99), 6);
  });

  test('below every good score all may fail', () => {
    const { expected, interval95 } = valueThreshold(goods, 0.001);
    expect(expected).toBe(0.99);
    expect(interval95[0]).toBeGreaterThan(0.95);
    expect(interval95[1]).toBe(1);
  });
});
