/** Holes and planes: filling against a reference, the robust fit against planes that are known. */
import { describe, expect, test } from 'vitest';
import { blur } from '../../models/nets/blur.ts';
import { fittedPlane, fixedPlane } from '../../models/nets/datum.ts';
import { fillMissing } from '../../models/nets/missing.ts';
import { at, fill, largestDifference, seeded, type Values } from '../graph/values.ts';
import { finite, run } from './run.ts';

const [height, width] = [24, 40];
const plane = { offset: 3, x: 4, y: -2.5 }; // mm at the centre, from the centre to the edge
const planeAt = (y: number, x: number): number =>
  plane.offset + plane.x * ((2 * x + 1) / width - 1) + plane.y * ((2 * y + 1) / height - 1);
const planeOf = (depth: Values, valid: Values) =>
  run({ depth, valid }, (_, inputs) => ({ ...fittedPlane(inputs['depth']!, inputs['valid']!) }));

/** The plane with noise, `missing` of it gone and `defect` of the rest far below it. */
function scene({ missing, defect, noiseMm }: { missing: number; defect: number; noiseMm: number }) {
  const random = seeded(9);
  const valid = fill([1, 1, height, width], () => (random() < missing ? 0 : 1));
  const depth = fill([1, 1, height, width], (index) => {
    const clean = planeAt(index[2]!, index[3]!) + noiseMm * (random() - 0.5);
    return at(valid, index) === 0 ? 0 : clean + (random() < defect ? 12 : 0);
  });
  return { depth, valid };
}
const off = (surface: Values): number =>
  Math.max(...fill(surface.shape, (i) => Math.abs(at(surface, i) - planeAt(i[2]!, i[3]!))).data);

describe('the fitted plane', () => {
  test('is exact without noise, and says what it removed', async () => {
    const { depth, valid } = scene({ missing: 0, defect: 0, noiseMm: 0 });
    const { surface, datum } = await planeOf(depth, valid);
    expect(off(surface)).toBeLessThan(1e-3);
    expect(datum.data[0]).toBeCloseTo(plane.offset, 3);
    expect(datum.data[1]).toBeCloseTo(2 * Math.hypot(plane.x, plane.y), 2);
  });

  test('stands 30 % missing and 20 % of the rest 12 mm too far', async () => {
    const { depth, valid } = scene({ missing: 0.3, defect: 0.2, noiseMm: 0.2 });
    const { surface } = await planeOf(depth, valid);
    // Plain least squares is pulled 2.4 mm; what is left of it is below a tenth.
    expect(off(surface)).toBeLessThan(0.24);
  });

  test.each([0, 1, 2, 3])('%d readings give a finite plane', async (count) => {
    const valid = fill([1, 1, height, width], ([, , y, x]) => (y === 5 && x! < count ? 1 : 0));
    const depth = fill(valid.shape, (index) => 7 * at(valid, index));
    const { surface, datum } = await planeOf(depth, valid);
    expect(finite(surface) && finite(datum)).toBe(true);
    expect(Math.max(...surface.data.map(Math.abs))).toBeLessThan(100);
  });
});

test('the fixed plane is the one of teaching, whatever lies there; nothing is reported as removed', async () => {
  const taught = { offsetMm: 403, slopeXMmAcross: 8, slopeYMmAcross: -5 };
  const { surface, datum } = await run({ depth: fill([1, 1, height, width], () => 9) }, (_, inputs) => ({
    ...fixedPlane(inputs['depth']!, taught, 400),
  }));
  expect(off(surface)).toBeLessThan(1e-5);
  expect([...datum.data]).toEqual([0, 0]);
});

describe('filling holes', () => {
  /** As the pyramid reads: halve while it can be halved, fill below, come back up linearly. */
  function reference(x: Values, valid: Values): Values {
    const [, , h, w] = x.shape as [number, number, number, number];
    if (h % 2 || w % 2 || Math.min(h, w) < 4) {
      const seen = valid.data.reduce((a, b) => a + b, 0);
      const mean = x.data.reduce((a, b) => a + b, 0) / Math.max(seen, 1);
      return fill(x.shape, (i) => (at(valid, i) ? at(x, i) : mean));
    }
    const half = [1, 1, h / 2, w / 2];
    const four = (from: Values, i: number, j: number): number[] =>
      [0, 1, 2, 3].map((k) => at(from, [0, 0, 2 * i + (k >> 1), 2 * j + (k & 1)]));
    const seen = fill(half, ([, , i, j]) => (four(valid, i!, j!).some((v) => v > 0) ? 1 : 0));
    const mean = fill(half, ([, , i, j]) => {
      const count = four(valid, i!, j!).reduce((a, b) => a + b);
      return count === 0 ? 0 : four(x, i!, j!).reduce((a, b) => a + b) / count;
    });
    const coarse = reference(mean, seen);
    const pick = (i: number, j: number): number =>
      at(coarse, [0, 0, Math.min(Math.max(i, 0), h / 2 - 1), Math.min(Math.max(j, 0), w / 2 - 1)]);
    return fill(x.shape, (index) => {
      if (at(valid, index)) return at(x, index);
      const [u, v] = [index[2]! / 2 - 0.25, index[3]! / 2 - 0.25];
      const [i, j] = [Math.floor(u), Math.floor(v)];
      const [a, b] = [u - i, v - j];
      const top = (1 - b) * pick(i, j) + b * pick(i, j + 1);
      return (1 - a) * top + a * ((1 - b) * pick(i + 1, j) + b * pick(i + 1, j + 1));
    });
  }
  const filled = (x: Values, valid: Values) =>
    run({ x, valid }, (_, inputs) => ({ y: fillMissing(inputs['x']!, inputs['valid']!) }));

  test.each([0.05, 0.5, 0.97, 1])('with %d of it missing equals the reference', async (missing) => {
    const random = seeded(11);
    const valid = fill([1, 1, height, width], () => (random() < missing ? 0 : 1));
    const x = fill(valid.shape, (i) => (at(valid, i) ? Math.fround(2 * random() - 1) : 0));
    expect(largestDifference((await filled(x, valid)).y, reference(x, valid))).toBeLessThan(1e-5);
  });

  test('never leaves the range of its readings, and a hole in a level part is level', async () => {
    const valid = fill([1, 1, height, width], ([, , y, x]) => (y! > 4 && y! < 19 && x! > 9 && x! < 33 ? 0 : 1));
    const { y } = await filled(
      fill(valid.shape, (i) => 5 * at(valid, i)),
      valid,
    );
    for (const value of y.data) expect(value).toBeCloseTo(5, 4);
  });
});

test('blur spreads a point as a Gaussian that sums to one, and keeps what is level', async () => {
  const x = fill([1, 1, 31, 31], ([, , i, j]) => (i === 15 && j === 15 ? 1 : 0));
  const level = fill([1, 1, 31, 31], () => 3);
  const { point, plain } = await run({ x, level }, (_, inputs) => ({
    point: blur(inputs['x']!, 2),
    plain: blur(inputs['level']!, 2),
  }));
  expect(point.data.reduce((a, b) => a + b)).toBeCloseTo(1, 5);
  expect(at(point, [0, 0, 15, 17]) / at(point, [0, 0, 15, 15])).toBeCloseTo(Math.exp(-0.5), 4);
  expect(at(point, [0, 0, 13, 15])).toBeCloseTo(at(point, [0, 0, 15, 17]), 6);
  for (const value of plain.data) expect(value).toBeCloseTo(3, 5);
});
