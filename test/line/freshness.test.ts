import { describe, expect, test } from 'vitest';
import { Freshness } from '../../daemon/line/freshness.ts';
import type { RgbFrame } from '../../drivers/frame.ts';
import { seeded } from '../../models/random.ts';

/** An RGB frame of these bytes; `shifted` bytes from where words begin. */
function frame(frameId: number, pixels: Uint8Array, shifted = 0): RgbFrame {
  const memory = new Uint8Array(pixels.length + shifted);
  memory.set(pixels, shifted);
  return {
    ...{ modality: 'rgb', cameraId: 'cam', frameId, trigger: null, complete: true, capturedAtUs: 0, arrivedAtMs: 0 },
    ...{ widthPx: pixels.length / 3, heightPx: 1, pixels: memory.subarray(shifted), release: () => undefined },
  };
}

const noise = (bytes: number, seed: number): Uint8Array => {
  const random = seeded(seed);
  return Uint8Array.from({ length: bytes }, () => random.uniform() * 256);
};
const staleAfter = (before: Uint8Array, now: Uint8Array, shifted = 0): string | null => {
  const watch = new Freshness();
  expect(watch.problem(frame(1, before))).toBeNull();
  return watch.problem(frame(2, now, shifted));
};

describe('bytes that come again', () => {
  const sizes = [3, 9, 3000, 3 * 640 * 480];

  test.each(sizes)('%i bytes: told, wherever they lie in memory', (bytes) => {
    const pixels = noise(bytes, 1);
    for (const shifted of [0, 1, 2, 3]) expect(staleAfter(pixels, pixels, shifted)).toMatch(/has the bytes/);
  });

  test.each(sizes)('%i bytes: noise of another exposure is another frame', (bytes) => {
    expect(staleAfter(noise(bytes, 1), noise(bytes, 2))).toBeNull();
  });

  test('in a small frame every byte counts', () => {
    for (let at = 0; at < 99; at++) {
      const pixels = noise(99, 1);
      const changed = pixels.slice();
      changed[at]! ^= 1;
      expect(staleAfter(pixels, changed)).toBeNull();
    }
  });

  test('in a large one whatever is 48 pixels wide and high', () => {
    const [widthPx, heightPx, side] = [640, 480, 48];
    const pixels = noise(3 * widthPx * heightPx, 1);
    const random = seeded(2);
    for (let round = 0; round < 50; round++) {
      const changed = pixels.slice();
      const left = Math.floor(random.uniform() * (widthPx - side));
      const top = Math.floor(random.uniform() * (heightPx - side));
      for (let y = top; y < top + side; y++) {
        for (let at = 3 * (y * widthPx + left); at < 3 * (y * widthPx + left + side); at++) changed[at]! ^= 128;
      }
      expect(staleAfter(pixels, changed)).toBeNull();
    }
  });
});

describe('numbers', () => {
  test('one that does not advance is stale; after a reset it may begin again', () => {
    const watch = new Freshness();
    expect(watch.problem(frame(5, noise(99, 1)))).toBeNull();
    expect(watch.problem(frame(5, noise(99, 2)))).toBe('rgb frame id 5 after 5, expected a larger one');
    watch.reset();
    expect(watch.problem(frame(1, noise(99, 3)))).toBeNull();
  });

  test('a picture of another numbering may not come again as the next one', () => {
    const watch = new Freshness();
    watch.seen(frame(9, noise(99, 1)));
    expect(watch.problem(frame(1, noise(99, 1)))).toMatch(/has the bytes/);
  });
});
