import { expect, test } from 'vitest';
import { assembleVitals, type GraphSpec } from '../../models/bundle/assemble.ts';
import { pairFeeds } from '../../models/bundle/golden.ts';
import { writeOnnx } from '../../models/onnx/write.ts';
import { openSession } from '../../models/runtime/session.ts';
import { measureVitals } from '../../models/teach/vitals.ts';
import { goodPart, grid } from '../inference/tiny-bundle.ts';

const spec: GraphSpec = {
  input: grid,
  roi: null,
  ignore: [],
  working: grid,
  datum: { kind: 'fixed', offsetMm: 0, slopeXMmAcross: 0, slopeYMmAcross: 0 },
  depthScale: { centreMm: 400, heightMm: 2, slopeMmPerPx: 1 },
};
const pixels = grid.widthPx * grid.heightPx;
const part = (number: number) => ({ id: `p${number}`, ...goodPart(number) });

async function vitalsOf(of: { rgb: Uint8Array; depthMm: Float32Array }, change: Partial<GraphSpec> = {}) {
  const session = await openSession(writeOnnx(assembleVitals({ ...spec, ...change })), { threads: 1 });
  const { vitals } = await session.run(pairFeeds(of.rgb, of.depthMm, spec.input));
  await session.release();
  return [...(vitals!.data as Float32Array)];
}

/** The same in plain arithmetic: share, deviation and mean step to the right of what `is` measured. */
function plainly(value: (at: number) => number, is: (at: number) => boolean): [number, number] {
  const seen = [...Array(pixels).keys()].filter(is);
  const mean = seen.reduce((sum, at) => sum + value(at), 0) / seen.length;
  const variance = seen.reduce((sum, at) => sum + (value(at) - mean) ** 2, 0) / seen.length;
  const pairs = seen.filter((at) => at % grid.widthPx < grid.widthPx - 1 && is(at + 1));
  const steps = pairs.reduce((sum, at) => sum + Math.abs(value(at + 1) - value(at)), 0);
  return [Math.sqrt(variance), steps / pairs.length];
}

test('contrast and grain of a part are what plain arithmetic gives', async () => {
  const { rgb, depthMm } = part(3);
  const [, rgbContrast, rgbGrain, depthShare, depthContrast, depthGrain] = await vitalsOf({ rgb, depthMm });
  const grey = (at: number): number => (rgb[3 * at]! + rgb[3 * at + 1]! + rgb[3 * at + 2]!) / 3;
  const [contrast, grain] = plainly(grey, () => true);
  expect([rgbContrast! / contrast, rgbGrain! / grain]).toEqual([expect.closeTo(1, 3), expect.closeTo(1, 3)]);
  const read = (at: number): boolean => depthMm[at]! > 0;
  const [ofDepth, stepMm] = plainly((at) => depthMm[at]!, read);
  expect([depthContrast! / ofDepth, depthGrain! / stepMm]).toEqual([expect.closeTo(1, 3), expect.closeTo(1, 3)]);
  expect(depthShare).toBeCloseTo([...depthMm].filter((mm) => mm > 0).length / pixels, 5);
});

test('what is ignored shows no life', async () => {
  const rgb = new Uint8Array(3 * pixels).fill(90);
  for (let at = 0; at < 3 * 64 * 10; at++) rgb[at] = at % 251; // ten lively rows at the top
  const ignore = [{ x: 0, y: 0, widthPx: 64, heightPx: 10 }];
  const given = { rgb, depthMm: part(1).depthMm };
  expect((await vitalsOf(given))[1]).toBeGreaterThan(10);
  const [share, contrast, grain] = await vitalsOf(given, { ignore });
  expect([share, contrast, grain]).toEqual([1, expect.closeTo(0, 3), expect.closeTo(0, 3)]);
});

test('limits lie well below every good part and far above a dead camera', async () => {
  const { limits, warnings } = await measureVitals(spec, [1, 2, 3, 4, 5].map(part), 1);
  expect(warnings).toEqual([]);
  for (const number of [6, 7, 8]) {
    const [, rgbContrast, rgbGrain, , depthContrast, depthGrain] = await vitalsOf(part(number));
    expect(rgbContrast! / limits.rgb.contrast).toBeGreaterThan(2);
    expect(rgbGrain! / limits.rgb.grain).toBeGreaterThan(2);
    expect(depthContrast! / limits.depth.contrast).toBeGreaterThan(2);
    expect(depthGrain! / limits.depth.grain).toBeGreaterThan(2);
  }
  const noisyWhite = Uint8Array.from({ length: 3 * pixels }, (_, i) => 250 + (i % 5));
  const flat = await vitalsOf({ rgb: noisyWhite, depthMm: new Float32Array(pixels).fill(399.98) });
  expect(flat[1]).toBeLessThan(limits.rgb.contrast);
  expect(flat[4]).toBeLessThan(limits.depth.contrast);
  expect([flat[0], flat[3]]).toEqual([1, 1]);
});

test('a good part on which a camera was dead sets no limit and is named; a constant modality is said', async () => {
  const dead = { ...part(5), depthMm: new Float32Array(pixels).fill(400) };
  const living = await measureVitals(spec, [1, 2, 3, 4].map(part), 1);
  const mixed = await measureVitals(spec, [...[1, 2, 3, 4].map(part), dead], 1);
  expect(mixed.warnings).toEqual(['depth looks dead on good part p5']);
  expect(mixed.limits.depth.contrast).toBeGreaterThan(0.5 * living.limits.depth.contrast);
  const { limits, warnings } = await measureVitals(spec, [dead, dead], 1);
  expect(warnings).toEqual(['depth is the same everywhere on good parts: a dead camera could not be told from them']);
  expect(limits.depth).toEqual({ contrast: 0, grain: 0 });
  expect(limits.rgb.contrast).toBeGreaterThan(1);
});
