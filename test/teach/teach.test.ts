/** Good parts -> bundle, whole: the same bytes where it was interrupted, golden parts, and what is refused. */
import { beforeAll, describe, expect, test } from 'vitest';
import { paintDent, paintStain } from '../../models/teach/paint.ts';
import { teach } from '../../models/teach/teach.ts';
import type { Taught } from '../../models/teach/teaching.ts';
import type { TrainProgress } from '../../models/teach/train.ts';
import { goodPart } from '../inference/tiny-bundle.ts';
import { expectSameBytes, goodParts, hooks, keptInMemory, tinyOptions } from './tiny-options.ts';

const options = tinyOptions({ epochs: 4, threads: 2 });
let straight: Taught;
let told: TrainProgress[];
beforeAll(async () => {
  told = [];
  straight = await teach(options, hooks({ progress: (progress) => told.push(progress) }));
});

describe('the same bytes', () => {
  test('stopped in the third epoch and gone on with', async () => {
    const abort = new AbortController();
    const snapshots = keptInMemory();
    const stop = ({ epoch, step }: TrainProgress): void => {
      if (epoch === 2 && step === 1) abort.abort(new Error('stopped by the test'));
    };
    const first = teach(options, hooks({ snapshots, progress: stop, signal: abort.signal }));
    await expect(first).rejects.toThrow('stopped by the test');
    const again: TrainProgress[] = [];
    const resumed = await teach(options, hooks({ snapshots, progress: (progress) => again.push(progress) }));
    expect(again[0]).toMatchObject({ epoch: 2, step: 1 });
    expectSameBytes(resumed, straight);
  });
});

test('it says how far it is, and the loss falls', () => {
  expect(told).toHaveLength(8);
  expect(told.at(-1)).toMatchObject({ epoch: 3, epochs: 4, step: 2, steps: 2 });
  const { curve } = straight.manifest.taught;
  expect(curve).toHaveLength(4);
  expect(curve[3]).toBeLessThan(curve[0]!);
});

test('golden parts: good ones below, a painted defect of each modality, one just above the threshold', () => {
  const { golden, variants } = straight.manifest;
  const { threshold } = variants[0]!;
  const score = (name: string): number => golden.find((part) => part.name === name)!.score;
  expect(golden.map(({ name }) => name)).toEqual(['good-1', 'good-2', 'stain', 'dent', 'near-threshold']);
  expect(score('good-1')).toBeLessThan(threshold);
  expect(score('good-2')).toBeLessThan(threshold);
  expect(score('dent')).toBeGreaterThan(2 * threshold);
  expect(score('near-threshold')).toBeGreaterThan(threshold);
  expect(score('near-threshold')).toBeLessThan(1.05 * threshold);
  const stained = straight.files.get('golden/stain.rgb')!;
  expect(straight.files.get('golden/stain.depth')).toEqual(straight.files.get('golden/good-2.depth'));
  expect(stained).not.toEqual(straight.files.get('golden/good-2.rgb'));
});

test('a stain is seen by colour alone, a dent by depth alone and not where there is no reading', () => {
  const part = { ...goodPart(1), depthMm: goodPart(1).depthMm.map((mm, i) => (i % 7 === 0 ? 0 : mm)) };
  const [stain, dent] = [paintStain(part, 0.9), paintDent(part, 5)];
  expect(stain.depthMm).toEqual(part.depthMm);
  expect(dent.rgb).toEqual(part.rgb);
  const darker = stain.rgb.filter((v, i) => v < part.rgb[i]!).length;
  expect(darker).toBeGreaterThan(100);
  expect(stain.rgb.every((v, i) => v <= part.rgb[i]!)).toBe(true);
  for (const [i, mm] of part.depthMm.entries()) {
    if (mm === 0) expect(dent.depthMm[i]).toBe(0);
    else expect(dent.depthMm[i]! - mm).toBeGreaterThanOrEqual(0);
  }
  expect(Math.max(...dent.depthMm.map((mm, i) => mm - part.depthMm[i]!))).toBeGreaterThan(4.5);
});

describe('refused', () => {
  const small = { ...goodPart(3), widthPx: 32, heightPx: 128 };
  test.each([
    ['three parts for batches of four', { training: goodParts(1, 3) }, 'teach/tooFew', { found: 3, least: 4 }],
    ['one held-out part', { heldOut: goodParts(1, 1) }, 'teach/tooFew', { found: 1, least: 2 }],
    [
      'a part of another size',
      { training: [...goodParts(1, 7), { id: 'train/good/odd', load: async () => small }] },
      'image/size',
      { what: 'train/good/odd', actual: '32 x 128', expected: '64 x 64' },
    ],
  ])('%s', async (_, change, code, values) => {
    await expect(teach(tinyOptions(change), hooks())).rejects.toMatchObject({ code, values });
  });

  test('when it is stopped before the first epoch it ends there', async () => {
    const it = hooks({ signal: AbortSignal.abort(new Error('stopped by the test')) });
    await expect(teach(options, it)).rejects.toThrow('stopped by the test');
    expect(it.said).toHaveLength(1);
  });
});
