import { expect, it } from 'vitest';
import { components } from '../../models/evaluate/components.ts';
import { PixelCollector } from '../../models/evaluate/pixels.ts';

it('keeps every pixel of maps larger than its chunks: each number once, in order', () => {
  const [widthPx, heightPx] = [1100, 1000];
  const pixels = widthPx * heightPx;
  const map = Float32Array.from({ length: pixels }, (_, i) => (i * 7919) % pixels);
  const truth = Uint8Array.from(map, (score) => (score < 3 ? 1 : 0));
  const found = components(truth, widthPx, heightPx);
  const collector = new PixelCollector();
  collector.add('a', { kind: 'dent', severity: 'faint' }, map, truth, found);
  collector.add('b', { kind: 'good', severity: null }, map.subarray(0, 1000), null, []);
  const { ok, defective, components: kept, classes } = collector.finish();
  expect([...defective]).toEqual([0, 1, 2]);
  expect(kept.map(({ kind, scores }) => [kind, scores.length])).toEqual(found.map(() => ['dent', 1]));
  const expected = new Float32Array(pixels - 3 + 1000);
  expected.set(map.filter((score) => score >= 3));
  expected.set(map.subarray(0, 1000), pixels - 3);
  expected.sort();
  // Not toEqual: a difference of a million numbers takes minutes to print.
  const lengths = classes.map(({ kind, severity, ok: own }) => [kind, severity, own.length]);
  expect(lengths).toEqual([
    ['dent', 'faint', pixels - 3],
    ['good', null, 1000],
  ]);
  expect([ok.length, ok.findIndex((score, i) => score !== expected[i])]).toEqual([expected.length, -1]);
});

it('gives everything away at the end', () => {
  const collector = new PixelCollector();
  collector.add('a', { kind: 'good', severity: null }, Float32Array.of(1, Number.NaN), null, []);
  expect(collector.finish()).toMatchObject({ notJudgedPixels: 1, ok: Float32Array.of(-Infinity, 1) });
  expect(collector.finish()).toMatchObject({ notJudgedPixels: 0, ok: new Float32Array(0) });
});
