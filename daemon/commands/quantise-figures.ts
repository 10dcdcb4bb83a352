/** What eight bits give and cost one bundle, as figures: the bundle's own int8 variant, or one made for the purpose. */

import { join } from 'node:path';
import { type LoadedBundle, loadBundle, readManifest } from '../../models/bundle/load.ts';
import { checkedSamples } from './checked-samples.ts';
import type { Context } from './command.ts';
import { type Comparison, compareVariants, loadOf, taughtRate } from './compare-variants.ts';
import { goodParts } from './good-parts.ts';
import { quantiseBundle } from './quantise-bundle.ts';
import { medianTimes } from './turns.ts';

export interface QuantiseFigures {
  /** Median time of fp32 over that of int8, runs taking turns. */
  int8Speedup: number;
  /** Image AUROC of fp32 less that of int8; null where the test parts are not of both classes. */
  int8AurocLoss: number | null;
  /** Verdicts that differ with both scores outside the interval of their threshold. */
  int8VerdictFlips: number;
  int8VerdictFlipsInside: number;
}

/** `data` is a folder with good parts and a labelled test split. */
export async function quantiseFigures(
  context: Context,
  path: string,
  data: string,
  threads = 2,
): Promise<QuantiseFigures> {
  const { models, comparison, fp32 } = await measured(context, path, data, threads);
  const [slow, fast] = await medianTimes(context, fp32, models, threads);
  const [before, after] = comparison.aurocs;
  return {
    int8Speedup: slow / fast,
    int8AurocLoss: before === null || after === null ? null : before - after,
    int8VerdictFlips: comparison.flipsOutside,
    int8VerdictFlipsInside: comparison.flipsInside,
  };
}

interface Measured {
  fp32: LoadedBundle;
  models: readonly [Uint8Array, Uint8Array];
  comparison: Comparison;
}

async function measured(context: Context, path: string, data: string, threads: number): Promise<Measured> {
  const read = (file: string): Promise<Uint8Array> => context.files.read(join(path, file));
  const { manifest } = await readManifest(read, path);
  const target = { provider: 'cpu', precision: 'int8' } as const;
  if (!manifest.variants.some(({ provider, precision }) => provider === 'cpu' && precision === 'int8')) {
    const { loaded, model, comparison } = await quantiseBundle(context, { path, data, target, threads });
    return { fp32: loaded, models: [loaded.model, model], comparison };
  }
  return compareOwn(context, path, data, threads);
}

/** The bundle's own int8 variant beside its fp32. Throws `bundle/variant` where it has none. */
export async function compareOwn(context: Context, path: string, data: string, threads: number): Promise<Measured> {
  const read = (file: string): Promise<Uint8Array> => context.files.read(join(path, file));
  const { manifest } = await readManifest(read, path);
  const [fp32, int8] = [await loadBundle(read, path, 'cpu'), await loadBundle(read, path, 'cpu', ['int8'])];
  const samples = await checkedSamples(context, data);
  const held = goodParts(samples, manifest.taught.seed).heldOut;
  const good = await Promise.all(held.map((sample) => loadOf(sample, manifest.input)));
  const test = samples.filter(({ split }) => split === 'test');
  const rate = taughtRate(manifest);
  const pair = [
    { ...fp32, rate },
    { ...int8, rate },
  ] as const;
  const comparison = await compareVariants(context, manifest, pair, good, test, threads);
  return { fp32, models: [fp32.model, int8.model], comparison };
}
