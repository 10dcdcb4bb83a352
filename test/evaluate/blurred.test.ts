import { expect, test } from 'vitest';
import { blurred } from '../../models/evaluate/blurred.ts';

test('a level map stays level, to its border', () => {
  for (const value of blurred(new Float32Array(35).fill(2), 7, 1.5)) expect(value).toBeCloseTo(2, 5);
});

test('a peak becomes a Gaussian, the same along both axes', () => {
  const [side, centre, sigmaPx] = [21, 10, 2];
  const map = new Float32Array(side * side);
  map[centre * side + centre] = 1;
  const out = blurred(map, side, sigmaPx);
  const at = (x: number, y: number): number => out[(centre + y) * side + centre + x]!;
  expect(at(2, 0) / at(0, 0)).toBeCloseTo(Math.exp(-0.5), 3);
  expect(at(0, 2)).toBeCloseTo(at(2, 0), 6);
  expect(at(1, 1) / at(0, 0)).toBeCloseTo(Math.exp(-0.25), 3);
});

test('what was not judged stays so and lends nothing', () => {
  const map = Float32Array.from([3, 3, Number.NaN, 3, 3]);
  const out = blurred(map, 5, 1);
  expect(out[2]).toBeNaN();
  for (const at of [0, 1, 3, 4]) expect(out[at]).toBeCloseTo(3, 5);
});
