/** Good parts -> bundle, more than once: what makes the same bytes and what does not. */
import { beforeAll, describe, expect, test } from 'vitest';
import { teach } from '../../models/teach/teach.ts';
import type { Taught } from '../../models/teach/teaching.ts';
import type { TrainProgress } from '../../models/teach/train.ts';
import { expectSameBytes, hooks, tinyOptions } from './tiny-options.ts';

const options = tinyOptions({ epochs: 4, threads: 2 });
let straight: Taught;
let told: TrainProgress[];
beforeAll(async () => {
  told = [];
  straight = await teach(options, hooks({ progress: (progress) => told.push(progress) }));
});

describe('the same bytes', () => {
  test('taught twice; features computed anew each time instead of kept', async () => {
    expectSameBytes(await teach({ ...options, featureCacheMb: 0 }, hooks()), straight);
  });

  test('but another seed starts from other values', async () => {
    const abort = new AbortController();
    const losses: number[] = [];
    const progress = ({ loss }: TrainProgress): void => {
      losses.push(loss);
      abort.abort(new Error('stopped by the test'));
    };
    const other = teach({ ...options, seed: 2 }, hooks({ progress, signal: abort.signal }));
    await expect(other).rejects.toThrow('stopped by the test');
    expect(losses).toHaveLength(1);
    expect(losses[0]).not.toBe(told[0]!.loss);
  });
});
