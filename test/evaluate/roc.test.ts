import { describe, expect, it } from 'vitest';
import { auroc, f1At, f1MaxOnTest, falseRejectRate, missRate, rocCurve } from '../../models/evaluate/roc.ts';
import { countBelow, countUpTo, lowest, sortScores } from '../../models/evaluate/sorted.ts';
import { seeded } from '../../models/random.ts';
import { slowAuroc, slowF1Max } from './reference.ts';

const sorted = (...values: number[]): Float64Array => sortScores(Float64Array.from(values));

describe('sorted scores', () => {
  it('puts what was not judged lowest', () => {
    expect([...sorted(2, Number.NaN, -5)]).toEqual([lowest, -5, 2]);
  });
  it('in millions as in dozens: both ways of sorting agree, with signs, zeros, ties and what was not judged', () => {
    const random = seeded(2);
    const special = [Number.NaN, 0, -0, 1e-40, -1e-40, 3e38, -3e38];
    const many = Float32Array.from({ length: 40_000 }, (_, i) =>
      i % 100 < special.length ? special[i % 100]! : Math.fround(random.normal() * 10 ** (i % 7)),
    );
    const expected = many.map((score) => (Number.isNaN(score) ? lowest : score)).toSorted();
    const padded = new Float32Array(many.length + 3);
    padded.set(many, 3);
    // Not toEqual: a difference of many numbers takes minutes to print.
    expect(sortScores(padded.subarray(3)).findIndex((score, i) => score !== expected[i])).toBe(-1);
    expect([...padded.subarray(0, 3)]).toEqual([0, 0, 0]);
    expect(padded[3]).toBe(lowest);
  });
  it('counts below and up to a value', () => {
    const scores = sorted(1, 2, 2, 3);
    expect([countBelow(scores, 2), countUpTo(scores, 2)]).toEqual([1, 3]);
    expect([countBelow(scores, 0), countUpTo(scores, 9)]).toEqual([0, 4]);
  });
});

describe('two classes with ties, on paper', () => {
  // good 1 2 2 3, defective 2 3 4
  const good = sorted(1, 2, 2, 3);
  const defective = sorted(2, 3, 4);

  it('AUROC: 2 beats 1 and half of two 2s = 2; 3 beats three and half of one = 3.5; 4 beats four: 9.5 of 12', () => {
    expect(auroc(good, defective)).toBe(9.5 / 12);
  });
  it('F1: at 3, found 2, false alarms 1, missed 1: 4 / 6; at 4, found 1, missed 2: 2 / 4', () => {
    expect(f1At(good, defective, 3)).toBe(4 / 6);
    expect(f1At(good, defective, 4)).toBe(2 / 4);
    expect(f1At(good, defective, 5)).toBe(0);
  });
  it('largest F1: at 2 it is 6 / 9, at 3 it is 4 / 6; the higher threshold of the two is named', () => {
    expect(f1MaxOnTest(good, defective)).toEqual({ f1: 2 / 3, threshold: 3 });
  });
  it('rates at 3: of 2 3 4 one lies below; of 1 2 2 3 one lies at or above', () => {
    expect(missRate(defective, 3)).toBe(1 / 3);
    expect(falseRejectRate(good, 3)).toBe(1 / 4);
  });
  it('ROC points: thresholds 4, 3, 2, 1', () => {
    expect(rocCurve(good, defective)).toEqual([
      { x: 0, y: 0 },
      { x: 0, y: 1 - 2 / 3 },
      { x: 1 / 4, y: 1 - 1 / 3 },
      { x: 3 / 4, y: 1 },
      { x: 1, y: 1 },
    ]);
  });
});

describe('what the test set cannot give is null', () => {
  const [none, some] = [sorted(), sorted(1, 2)];
  it('no defective', () => {
    expect([auroc(some, none), f1At(some, none, 1), f1MaxOnTest(some, none), missRate(none, 1)]).toEqual([
      null,
      null,
      null,
      null,
    ]);
    expect(falseRejectRate(some, 2)).toBe(1 / 2);
  });
  it('no good: F1 is still defined', () => {
    expect([auroc(none, some), falseRejectRate(none, 1)]).toEqual([null, null]);
    expect(f1At(none, some, 2)).toBe(2 / 3);
    expect(rocCurve(none, some)).toEqual([]);
  });
});

it('all scores equal: AUROC one half', () => {
  expect(auroc(sorted(7, 7, 7), sorted(7, 7))).toBe(0.5);
});

it('a defect that was not judged at all lies below every judged good part', () => {
  expect(auroc(sorted(-1e9, 0), sorted(Number.NaN))).toBe(0);
});

it('agrees with every pair compared, on random scores with many ties', () => {
  const random = seeded(11);
  for (let round = 0; round < 60; round++) {
    const levels = 2 + Math.floor(random.uniform() * 20);
    const draw = (count: number): number[] =>
      Array.from({ length: count }, () => Math.floor(random.uniform() * levels) / 4 - 1);
    const [good, defective] = [
      draw(1 + Math.floor(random.uniform() * 40)),
      draw(1 + Math.floor(random.uniform() * 30)),
    ];
    const [a, b] = [sortScores(Float32Array.from(good)), sortScores(Float32Array.from(defective))];
    expect(auroc(a, b)).toBeCloseTo(slowAuroc(good, defective), 12);
    expect(f1MaxOnTest(a, b)?.f1).toBeCloseTo(slowF1Max(good, defective), 12);
    const points = rocCurve(a, b);
    const area = points.slice(1).reduce((sum, p, i) => sum + ((p.y + points[i]!.y) / 2) * (p.x - points[i]!.x), 0);
    expect(area).toBeCloseTo(slowAuroc(good, defective), 12);
  }
});
