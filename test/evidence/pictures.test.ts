import { expect, test } from 'vitest';
import { depthPicture, heatPicture, maskPicture, sideBySide } from '../../daemon/evidence/pictures.ts';

const colours = ({ pixels }: { pixels: Uint8Array }): string[] =>
  Array.from({ length: pixels.length / 3 }, (_, at) => pixels.subarray(at * 3, at * 3 + 3).join(' '));
const unknown = '16 16 64';

test('depth: near is bright, no reading is not black', () => {
  const { NaN: none, POSITIVE_INFINITY: far } = Number;
  const picture = depthPicture(Float32Array.of(500, 501, 502, none, 0, -1, far, 500), 4, 2);
  expect(colours(picture)).toEqual(['255 255 255', '128 128 128', '1 1 1', ...Array(4).fill(unknown), '255 255 255']);
  expect(colours(depthPicture(Float32Array.of(7, 7), 2, 1))).toEqual(['255 255 255', '255 255 255']);
  expect(colours(depthPicture(new Float32Array(2), 2, 1))).toEqual([unknown, unknown]);
});

test('heat: yellow is full at the threshold, white far above, nothing hides a NaN', () => {
  const picture = heatPicture(Float32Array.of(0, -5, 2, 4, 99, Number.NaN), 3, 2, 4);
  const [zero, below, half, full, white, none] = colours(picture);
  expect([zero, below, white, none]).toEqual(['0 0 0', '0 0 0', '255 255 255', unknown]);
  const near = (text: string, to: number[]): void => {
    for (const [at, value] of text.split(' ').entries()) expect(Math.abs(Number(value) - to[at]!)).toBeLessThan(4);
  };
  near(half!, [255, 0, 0]);
  near(full!, [255, 255, 0]);
});

test('mask: regions are told apart, not judged is not fine', () => {
  const [fine, first, second, open] = colours(
    maskPicture({ widthPx: 4, heightPx: 1, pixels: Uint8Array.of(0, 1, 2, 255) }),
  );
  expect(new Set([fine, first, second, open]).size).toBe(4);
});

test('side by side keeps the order, whatever the sizes', () => {
  const plain = (value: number, widthPx: number, heightPx: number) => ({
    widthPx,
    heightPx,
    pixels: new Uint8Array(widthPx * heightPx * 3).fill(value),
  });
  const { widthPx, heightPx, pixels } = sideBySide([plain(1, 2, 1), plain(2, 1, 2)]);
  expect([widthPx, heightPx]).toEqual([7, 2]);
  const row = (y: number): number[] => Array.from({ length: 7 }, (_, x) => pixels[(y * 7 + x) * 3]!);
  expect([row(0), row(1)]).toEqual([
    [1, 1, 255, 255, 255, 255, 2],
    [255, 255, 255, 255, 255, 255, 2],
  ]);
});
