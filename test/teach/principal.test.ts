import { expect, test } from 'vitest';
import { seeded } from '../../models/random.ts';
import { principal } from '../../models/teach/principal.ts';

/** Samples along known directions with known spreads, off centre. */
function drawn(count: number): Float32Array {
  const random = seeded(3);
  const samples = new Float32Array(3 * count);
  for (let i = 0; i < count; i++) {
    const [long, short] = [5 * random.normal(), random.normal()];
    samples.set([10 + 0.6 * long - 0.8 * short, 0.8 * long + 0.6 * short, -2 + 0.1 * random.normal()], 3 * i);
  }
  return samples;
}

test('the directions of the largest variances, in order, about the mean', () => {
  const { mean, directions, variances } = principal(drawn(20_000), 3, 2, 1);
  expect(mean[0]).toBeCloseTo(10, 0);
  expect(mean[2]).toBeCloseTo(-2, 1);
  expect(Math.abs(0.6 * directions[0]![0]! + 0.8 * directions[0]![1]!)).toBeCloseTo(1, 2);
  expect(Math.abs(-0.8 * directions[1]![0]! + 0.6 * directions[1]![1]!)).toBeCloseTo(1, 2);
  expect(variances[0]).toBeCloseTo(25, -1);
  expect(variances[1]).toBeCloseTo(1, 0);
});

test('fewer samples than directions: what is left has no length and no variance, and nothing is NaN', () => {
  const { directions, variances } = principal(new Float32Array([1, 2, 3, 3, 2, 1]), 3, 3, 1);
  expect(directions.flatMap((each) => [...each]).every(Number.isFinite)).toBe(true);
  expect(variances[2]).toBeCloseTo(0, 9);
});
