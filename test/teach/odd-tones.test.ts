import { expect, test } from 'vitest';
import { seeded } from '../../models/random.ts';
import { oddestTones } from '../../models/teach/odd-tones.ts';

const [widthPx, heightPx] = [32, 24];
const none = new Float32Array(0);

/** Tone of a part: noise, and where asked a dark patch of 8 x 8 pixels at (16, 8). */
function prepared(part: number, isStained: boolean) {
  const random = seeded(7, part);
  const tone = Float32Array.from({ length: widthPx * heightPx }, (_, i) => {
    const [x, y] = [i % widthPx, Math.floor(i / widthPx)];
    const inside = x >= 16 && x < 24 && y >= 8 && y < 16;
    return 0.1 * random.normal() - (isStained && inside ? 0.5 : 0);
  });
  const features = { tone, line: none, tintRed: none, tintBlue: none, fine: none, coarse: none, missing: none };
  return { features };
}
const found = (stained: readonly number[], groups: readonly string[]) =>
  oddestTones(groups, async (part) => prepared(part, stained.includes(part)), { widthPx, heightPx });
const own = Array.from({ length: 12 }, (_, i) => `p${i}`);

test('a stain is far from what others are there, and found where it lies', async () => {
  const parts = await found([5], own);
  const others = parts.filter((_, i) => i !== 5).map(({ distance }) => distance);
  expect(parts[5]!.distance).toBeGreaterThan(2 * Math.max(...others));
  expect(parts[5]!.x).toBeGreaterThanOrEqual(16);
  expect(parts[5]!.x).toBeLessThan(24);
  expect(parts[5]!.y).toBeGreaterThanOrEqual(8);
  expect(parts[5]!.y).toBeLessThan(16);
});

test('parts of one group do not vouch for one another', async () => {
  const stained = [3, 4, 5];
  const grouped = own.map((id, i) => (stained.includes(i) ? 'picture' : id));
  const [alone, together] = [await found(stained, own), await found(stained, grouped)];
  for (const part of stained) expect(together[part]!.distance).toBeGreaterThan(2 * alone[part]!.distance);
});

test('where too few others tell what is usual, nothing is odd', async () => {
  const parts = await found([0], ['a', 'b', 'b', 'b']);
  expect(parts.map(({ distance }) => distance)).toEqual([0, 0, 0, 0]);
});

test('parts without any noise are not divided by nothing', async () => {
  const flat = { features: { ...prepared(0, false).features, tone: new Float32Array(widthPx * heightPx) } };
  const parts = await oddestTones(own, async () => flat, { widthPx, heightPx });
  expect(parts.every(({ distance }) => distance === 0)).toBe(true);
});
