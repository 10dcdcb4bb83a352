import { expect, test } from 'vitest';
import { calibrationOf } from '../../daemon/commands/good-parts.ts';
import { makeSample } from '../../drivers/replay/sample.ts';

const part = (id: string, calibration: string | null) =>
  makeSample({
    ...{ id, split: 'train', kind: 'good', rgbPath: '', depthPath: '', truthPath: null, calibration },
    loadRgb: () => Promise.reject(new Error('not read')),
    loadDepth: () => Promise.reject(new Error('not read')),
    loadTruth: async () => null,
  });

test('a bundle names the one calibration of its parts; parts of two are refused, naming both', () => {
  const [a, b, none] = [part('a', 'aaaa'), part('b', 'bbbb'), part('n', null)];
  expect(calibrationOf({ training: [a, a], heldOut: [a] })).toBe('aaaa');
  expect(calibrationOf({ training: [none], heldOut: [none] })).toBeNull();
  expect(() => calibrationOf({ training: [a], heldOut: [b] })).toThrow('different calibrations: aaaa and bbbb');
  expect(() => calibrationOf({ training: [a, none], heldOut: [] })).toThrow('aaaa and none');
});
