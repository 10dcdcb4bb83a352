/** The anomaly and geometry boxes against their formulas, worked out by hand. */
import { describe, expect, test } from 'vitest';
import { combine, networkDistances } from '../../models/nets/anomaly.ts';
import { cosineDistance } from '../../models/nets/distance.ts';
import type { Targets } from '../../models/nets/fusion.ts';
import { type GeometryReferences, geometry, geometryNames } from '../../models/nets/geometry.ts';
import type { Levels } from '../../models/nets/teacher.ts';
import { at, fill, randomValues, seeded, type Values } from '../graph/values.ts';
import { finite, run, values } from './run.ts';

test('cosine distance: 0 along, 1 across, 2 against; finite where there is nothing', async () => {
  const target = values([1, 2, 1, 4], 3, 1, 1, 0, 4, 0, 2, 0);
  const restored = values([1, 2, 1, 4], 6, 0, -1, 0, 8, 5, -2, 0);
  const { y } = await run({ target, restored }, (_, i) => ({ y: cosineDistance(i['target']!, i['restored']!) }));
  for (const [place, expected] of [0, 1, 2, 1].entries()) expect(y.data[place]).toBeCloseTo(expected, 5);
});

test('combine: the root of the sum of squares of what exceeds good parts, on the scale of its half', async () => {
  const scales = [
    { name: 'a', centre: 1, scale: 2, weight: 1 },
    { name: 'b', centre: 0.5, scale: 0.5, weight: 2 },
  ];
  const [a, b] = [values([1, 1, 1, 3], 7, 0, 3), values([1, 1, 1, 3], 1.5, 0.2, 0.5)];
  const { y } = await run({ a, b }, (_, inputs) => ({ y: combine({ a: inputs['a']!, b: inputs['b']! }, scales, 2.5) }));
  // place 0: z = 3 and 4, root 5; place 1: both below their middle; place 2: z = 1 and 0
  expect(y.data[0]).toBeCloseTo(5 / 2.5, 5);
  expect(y.data[1]).toBe(0);
  expect(y.data[2]).toBeCloseTo(1 / 2.5, 5);
});

describe('sources of the network', () => {
  const [height, width] = [32, 48];
  const random = seeded(3);
  const levels = [4, 8, 16].map((stride) => ({
    target: randomValues([1, 3, height / stride, width / stride], random),
    restored: randomValues([1, 3, height / stride, width / stride], random),
  }));
  const sources = (valid: Values) => {
    const feeds: Record<string, Values> = { valid };
    for (const [i, { target, restored }] of levels.entries())
      Object.assign(feeds, { [`t${i}`]: target, [`r${i}`]: restored });
    return run(feeds, (graph, inputs) => {
      const pick = (from: string): Levels => [inputs[`${from}0`]!, inputs[`${from}1`]!, inputs[`${from}2`]!];
      const [target, restored] = [pick('t'), pick('r')];
      const targets: Targets = { fused: target, rgb: target, depth: target };
      return networkDistances(graph, targets, { fused: restored, depth: restored }, inputs['valid']!);
    });
  };
  const everywhere = fill([1, 1, height, width], () => 1);
  const nowhere = fill([1, 1, height, width], () => 0);

  test('one for each restored target and level, on the grid of stride 4', async () => {
    const maps = await sources(everywhere);
    expect(Object.keys(maps)).toEqual(['fused0', 'fused1', 'fused2', 'depth0', 'depth1', 'depth2']);
    for (const map of Object.values(maps)) {
      expect(map.shape).toEqual([1, 1, 8, 12]);
      expect(finite(map)).toBe(true);
    }
    for (const i of [0, 1, 2]) {
      const [depth, fused] = [maps[`depth${i}`]!, maps[`fused${i}`]!];
      for (const [place, value] of fused.data.entries()) expect(depth.data[place]).toBeCloseTo(value, 5);
    }
  });

  test('without a reading depth is silent and the others do not change', async () => {
    const [seen, blind] = [await sources(everywhere), await sources(nowhere)];
    for (const i of [0, 1, 2]) {
      expect(blind[`depth${i}`]!.data.every((v) => v === 0)).toBe(true);
      expect(blind[`fused${i}`]).toEqual(seen[`fused${i}`]);
    }
  });
});

describe('geometry', () => {
  const [height, width] = [32, 48];
  const grid = height * width;
  const constant = (mean: number, spread: number) => ({
    mean: new Float32Array(grid).fill(mean),
    spread: new Float32Array(grid).fill(spread),
  });
  const references: GeometryReferences = {
    form: null,
    fine: constant(0.5, 0.25),
    coarse: constant(0.5, 0.5),
    missing: constant(0.1, 1),
  };
  const deviations = (heightMm: Values, valid: Values) =>
    run({ heightMm, valid }, (graph, inputs) => geometry(graph, inputs['heightMm']!, inputs['valid']!, references));
  const level = (mm: number): Values => fill([1, 1, height, width], () => mm);

  test.each([
    [1.5, 4, 2],
    [-0.5, 4, 2],
    [0.5, 0, 0],
  ])('a part level at %d mm is %d fine and %d coarse spreads off, too high or too low', async (mm, fine, coarse) => {
    const maps = await deviations(level(mm), level(1));
    for (const value of maps.fine.data) expect(value).toBeCloseTo(fine, 3);
    for (const value of maps.coarse.data) expect(value).toBeCloseTo(coarse, 3);
  });

  test.each([
    [0, 0.9],
    [1, 0],
  ])('validity %d everywhere: missing is %d, of what is expected to be missing', async (valid, expected) => {
    const { missing } = await deviations(level(0.5), level(valid));
    for (const value of missing.data) expect(value).toBeCloseTo(expected, 4); // 1 - 0.1, and less than expected
  });

  test('a spike shows where it is, fine before coarse; a hole in the readings shows as missing there', async () => {
    const spiked = level(0.5);
    spiked.data[16 * width + 24] = 30;
    const valid = fill([1, 1, height, width], ([, , y, x]) => (Math.abs(y! - 16) < 6 && Math.abs(x! - 24) < 6 ? 0 : 1));
    const maps = await deviations(spiked, valid);
    for (const name of geometryNames) {
      const peak = maps[name].data.indexOf(Math.max(...maps[name].data));
      expect(Math.abs(Math.floor(peak / width) - 16), name).toBeLessThanOrEqual(1);
      expect(Math.abs((peak % width) - 24), name).toBeLessThanOrEqual(1);
    }
    expect(at(maps.fine, [0, 0, 16, 24])).toBeGreaterThan(2 * at(maps.coarse, [0, 0, 16, 24]));
    expect(at(maps.missing, [0, 0, 2, 2])).toBe(0);
  });
});
