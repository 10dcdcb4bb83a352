/** The lines of the colour box: what they see, and what leaves them cold. */
import { expect, test } from 'vitest';
import { lines } from '../../models/nets/lines.ts';
import { seeded, type Values } from '../graph/values.ts';
import { run } from './run.ts';

const [side, middle] = [48, 24];
const picture = (value: (x: number, y: number) => number): Values => ({
  shape: [1, 1, side, side],
  data: Float64Array.from({ length: side * side }, (_, i) => value(i % side, Math.floor(i / side))),
});
const seen = async (value: (x: number, y: number) => number): Promise<Float64Array> => {
  const { y } = await run({ x: picture(value) }, (_, inputs) => ({ y: lines(inputs['x']!) }));
  return Float64Array.from(y.data);
};
const strongest = (map: Float64Array): number => map.reduce((most, value) => Math.max(most, value), 0);

/** A line of one pixel through the middle, `turn` of half a turn from level. */
const scratch = (turn: number, depth: number) => {
  const [cos, sin] = [Math.cos(Math.PI * turn), Math.sin(Math.PI * turn)];
  return (x: number, y: number): number => (Math.abs((x - middle) * sin - (y - middle) * cos) < 0.6 ? depth : 0);
};

test.each([0, 1 / 16, 1 / 8, 1 / 4, 1 / 2, 0.7])(
  'a bright or dark line at %f of half a turn, at its place',
  async (turn) => {
    for (const depth of [1, -1]) {
      const map = await seen(scratch(turn, depth));
      expect(map[middle * side + middle]).toBeGreaterThan(0.2);
      expect(strongest(map)).toBeLessThan(1);
      // twelve pixels beside it nothing is seen
      const [dx, dy] = [Math.round(-12 * Math.sin(Math.PI * turn)), Math.round(12 * Math.cos(Math.PI * turn))];
      expect(map[(middle + dy) * side + middle + dx]).toBeLessThan(0.1);
    }
  },
);

test('what moves by a pixel is seen the same, a pixel further', async () => {
  const still = await seen(scratch(0.3, 1));
  for (const [dx, dy] of [
    [1, 0],
    [0, 1],
    [1, 1],
  ] as const) {
    const moved = await seen((x, y) => scratch(0.3, 1)(x - dx, y - dy));
    for (let y = 12; y < side - 12; y++) {
      for (let x = 12; x < side - 12; x++) {
        expect(moved[(y + dy) * side + x + dx]).toBeCloseTo(still[y * side + x]!, 5);
      }
    }
  }
});

test('level and slope are no line, to the border', async () => {
  expect(strongest(await seen(() => 3))).toBeLessThan(1e-5);
  const slope = await seen((x, y) => 0.02 * x - 0.01 * y);
  for (let y = 8; y < side - 8; y++) for (let x = 8; x < side - 8; x++) expect(slope[y * side + x]).toBeLessThan(1e-4);
});

test('a faint line stands out of noise that hides each of its pixels', async () => {
  const random = seeded(5);
  const noise = Float64Array.from({ length: side * side }, () => random() + random() + random() + random() - 2);
  const line = scratch(1 / 8, 0.9);
  const [plain, scratched] = [
    await seen((x, y) => noise[y * side + x]!),
    await seen((x, y) => noise[y * side + x]! + line(x, y)),
  ];
  expect(strongest(scratched)).toBeGreaterThan(1.15 * strongest(plain));
});
