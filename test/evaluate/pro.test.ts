import { describe, expect, it } from 'vitest';
import { aupro, auproAt100, proCurve } from '../../models/evaluate/pro.ts';
import { auroc } from '../../models/evaluate/roc.ts';
import { sortScores } from '../../models/evaluate/sorted.ts';
import { seeded } from '../../models/random.ts';
import { slowAupro, slowAuproAt100 } from './reference.ts';

const sorted = (values: readonly number[]): Float32Array => sortScores(Float32Array.from(values));

describe('two components of different size, on paper', () => {
  // Ten OK pixels 0..9. Component A: one pixel, 8.5. Component B: three pixels, 9.5, 7 (a tie with an OK pixel), -1.
  // A joins at rate 0.1 (one OK pixel above it). In B, 9.5 joins at 0, 7 on a line from 0.2 to 0.3, -1 at 1.
  const ok = sorted([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  const parts = [sorted([8.5]), sorted([7, -1, 9.5])];

  it('up to 0.3: A 0.2, B (0.3 + 0.05 + 0) / 3; their mean over 0.3 is 19 / 36', () => {
    expect(aupro(ok, parts, 0.3)).toBeCloseTo(19 / 36, 12);
  });
  it('a limit inside the tie, 0.25: A 0.15, B (0.25 + 0.05^2 / (2 x 0.1)) / 3 = 0.0875; mean 0.11875', () => {
    expect(aupro(ok, parts, 0.25)).toBeCloseTo(0.475, 12);
  });
  it('100 thresholds: (0, 1/6) (0.1, 2/3) (0.2, 2/3) (0.3, 5/6); area 0.18333, over 0.3 is 11 / 18', () => {
    expect(auproAt100(ok, parts, 0.3)).toBeCloseTo(11 / 18, 12);
  });
  it('sizes do not weigh: the large component lost costs as much as the small one', () => {
    const large = sorted(new Array(500).fill(20));
    expect(aupro(ok, [large, sorted([-1])], 0.3)).toBeCloseTo(0.5, 12);
    expect(aupro(ok, [sorted(new Array(500).fill(-1)), sorted([20])], 0.3)).toBeCloseTo(0.5, 12);
  });
  it('not judged is lowest, tied with OK pixels that were not judged: half of the area beyond them', () => {
    // OK: two not judged, two at 1: the defect joins on a line from 0.5 to 1; up to 1 its area is 0.25.
    expect(aupro(sorted([Number.NaN, Number.NaN, 1, 1]), [sorted([Number.NaN])], 1)).toBe(0.25);
  });
});

it('without a component or an OK pixel there is no figure', () => {
  expect([aupro(sorted([1]), [], 0.3), auproAt100(sorted([1]), [], 0.3), proCurve(sorted([1]), [], 0.3)]).toEqual([
    null,
    null,
    [],
  ]);
  expect([aupro(sorted([]), [sorted([1])], 0.3), auproAt100(sorted([]), [sorted([1])], 0.3)]).toEqual([null, null]);
});

it('perfect separation is 1 in both forms, all scores equal is a straight line: half the limit', () => {
  expect(aupro(sorted([0, 1]), [sorted([2, 3])], 0.01)).toBe(1);
  expect(auproAt100(sorted([0, 1]), [sorted([2, 3])], 0.01)).toBe(1);
  expect(aupro(sorted([4, 4, 4]), [sorted([4])], 0.3)).toBeCloseTo(0.15, 12);
});

describe('against the curve built point by point, on random scores with many ties', () => {
  it.each([0.01, 0.05, 0.3, 1])('limit %d', (limit) => {
    const random = seeded(3, limit * 100);
    for (let round = 0; round < 40; round++) {
      const levels = 2 + Math.floor(random.uniform() * 40);
      const draw = (most: number, shift: number): number[] =>
        Array.from({ length: 1 + Math.floor(random.uniform() * most) }, () =>
          Math.floor((random.uniform() + shift * random.uniform()) * levels),
        );
      const ok = draw(300, 0);
      const parts = Array.from({ length: 1 + Math.floor(random.uniform() * 5) }, () => draw(30, 1));
      const [a, b] = [sorted(ok), parts.map(sorted)];
      expect(aupro(a, b, limit)).toBeCloseTo(slowAupro(ok, parts, limit), 10);
      expect(auproAt100(a, b, limit)).toBeCloseTo(slowAuproAt100(ok, parts, limit), 10);
    }
  });
});

it('one component up to the limit 1 is the pixel AUROC', () => {
  const random = seeded(8);
  const draw = (count: number, shift: number): Float32Array =>
    sorted(Array.from({ length: count }, () => Math.round(4 * random.normal()) + shift));
  const [ok, part] = [draw(2000, 0), draw(300, 3)];
  expect(aupro(ok, [part], 1)).toBeCloseTo(auroc(ok, part)!, 12);
});

describe('sixty Gaussian regions, three sigma apart', () => {
  const random = seeded(21);
  const draw = (count: number, shift: number): Float32Array =>
    sorted(
      Array.from({ length: count }, () => {
        const radius = Math.sqrt(-2 * Math.log(1 - random.uniform()));
        return shift + radius * Math.cos(2 * Math.PI * random.uniform());
      }),
    );
  const ok = draw(400_000, 0);
  const parts = Array.from({ length: 60 }, (_, i) => draw(40 + 10 * i, 3));

  // Expected: the mean over rates f up to 0.01 of Phi(3 - z(f)), 0.627; the trapezoid from the largest OK score
  // (overlap 0.05 or so) to Phi(3 - 2.326) = 0.75 gives 0.40. Up to 0.3 the two differ by less than 0.01.
  it('exact AUPRO@1% is far above the 100-threshold form', () => {
    expect(aupro(ok, parts, 0.01)).toBeGreaterThan(0.617);
    expect(aupro(ok, parts, 0.01)).toBeLessThan(0.637);
    expect(auproAt100(ok, parts, 0.01)).toBeGreaterThan(0.38);
    expect(auproAt100(ok, parts, 0.01)).toBeLessThan(0.42);
  });
  it('AUPRO@30% is nearly the same', () => {
    expect(aupro(ok, parts, 0.3)).toBeCloseTo(0.947, 2);
    expect(auproAt100(ok, parts, 0.3)).toBeCloseTo(0.939, 2);
  });
  it('the drawn curve rises from (0,0) to the limit', () => {
    const curve = proCurve(ok, parts, 0.3);
    expect(curve[0]).toEqual({ x: 0, y: 0 });
    expect(curve.at(-1)!.x).toBeCloseTo(0.3, 4);
    for (let i = 1; i < curve.length; i++) {
      expect(curve[i]!.x).toBeGreaterThanOrEqual(curve[i - 1]!.x);
      expect(curve[i]!.y).toBeGreaterThanOrEqual(curve[i - 1]!.y);
    }
    const area = curve.slice(1).reduce((sum, p, i) => sum + ((p.y + curve[i]!.y) / 2) * (p.x - curve[i]!.x), 0);
    expect(area / 0.3).toBeCloseTo(aupro(ok, parts, 0.3)!, 3);
  });
});
