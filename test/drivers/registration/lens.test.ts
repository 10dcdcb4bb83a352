import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { fishEyeReach, widestRad } from '../../../drivers/registration/fish-eye.ts';
import { type Lens, toDirection, toPixel } from '../../../drivers/registration/lens.ts';

interface Case {
  name: string;
  fishEye: boolean;
  size: [number, number];
  k: [number, number, number, number];
  d: number[];
  directions: [number, number][];
  pixelsOfDirections: [number, number][];
  pixels: [number, number][];
  directionsOfPixels: [number, number][];
}

const file = new URL('opencv-lenses.json', import.meta.url);
const { lenses } = JSON.parse(readFileSync(file, 'utf8')) as { lenses: Case[] };

function lensOf({ fishEye, size, k, d }: Case): Lens {
  const [fx, fy, cx, cy] = k;
  const model = fishEye ? { model: 'fishEye' as const } : {};
  return { ...model, widthPx: size[0], heightPx: size[1], fx, fy, cx, cy, distortion: d };
}

test.each(lenses.map((each) => [each.name, each] as const))('%s: as OpenCV, both ways', (_name, each) => {
  const lens = lensOf(each);
  expect(each.directions.length).toBeGreaterThan(10);
  for (const [at, [x, y]] of each.directions.entries()) {
    const pixel = toPixel(lens, { x, y });
    const [u, v] = each.pixelsOfDirections[at]!;
    expect(Math.hypot(pixel.x - u, pixel.y - v)).toBeLessThan(1e-6);
  }
  for (const [at, [x, y]] of each.pixels.entries()) {
    const direction = toDirection(lens, { x, y });
    const [across, down] = each.directionsOfPixels[at]!;
    expect(Math.hypot(direction.x - across, direction.y - down)).toBeLessThan(
      1e-6 * (1 + Math.hypot(across, down) ** 2),
    );
  }
});

const of = (fx: number, distortion: number[]): Lens => ({
  ...{ model: 'fishEye', widthPx: 1280, heightPx: 960, fx, fy: fx, cx: 640, cy: 480, distortion },
});

test('a fish eye takes every pixel to its direction and back, or has none for it', () => {
  for (const lens of [
    of(560, [0.02, -0.01, 0.001, -0.0004]),
    of(300, [0, 0, 0, 0]),
    of(330, [-0.04, 0.007, -0.006, 0.001]),
  ]) {
    let [seen, none] = [0, 0];
    for (let y = 0; y < 960; y += 13) {
      for (let x = 0; x < 1280; x += 13) {
        const direction = toDirection(lens, { x, y });
        if (Number.isNaN(direction.x)) {
          none++;
          continue;
        }
        seen++;
        const back = toPixel(lens, direction);
        expect(Math.hypot(back.x - x, back.y - y)).toBeLessThan(1e-8);
      }
    }
    expect(seen).toBeGreaterThan(3000);
    expect(none > 0).toBe(lens.fx < 560);
  }
});

test('the axis itself, and the last angle that is seen', () => {
  const lens = of(300, [0, 0, 0, 0]);
  expect(toDirection(lens, { x: 640, y: 480 })).toEqual({ x: 0, y: 0 });
  expect(toPixel(lens, { x: 0, y: 0 })).toEqual({ x: 640, y: 480 });
  const rim = 640 + 300 * widestRad;
  expect(Math.atan(toDirection(lens, { x: rim - 1e-6, y: 480 }).x)).toBeCloseTo(widestRad, 6);
  expect(toDirection(lens, { x: rim + 1e-6, y: 480 }).x).toBeNaN();
});

test('terms that bend back are followed as far as they rise', () => {
  // theta - theta3 / 3 * 0.9 turns where 0.9 theta2 = 1
  const terms = [-0.3, 0, 0, 0];
  expect(fishEyeReach(terms)).toBeCloseTo(1 / Math.sqrt(0.9), 2);
  expect(fishEyeReach([0, 0, 0, 0])).toBe(widestRad);
  expect(toDirection(of(500, terms), { x: 640 + 500 * 0.75, y: 480 }).x).toBeNaN();
  expect(Math.atan(toDirection(of(500, terms), { x: 640 + 500 * 0.6, y: 480 }).x)).toBeLessThan(1);
});

test('even mild terms of a fish eye read as Brown-Conrady are pixels off: the model is asked for', () => {
  const lens = lensOf(lenses[0]!);
  const { model: _, ...taken } = lens;
  const direction = toDirection(lens, { x: 40, y: 40 });
  const [right, wrong] = [toPixel(lens, direction), toPixel(taken, direction)];
  expect(Math.hypot(right.x - wrong.x, right.y - wrong.y)).toBeGreaterThan(10);
});
