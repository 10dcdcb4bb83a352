/**
 * A bundle and good parts -> the same bundle with one more variant, in memory, and how far the two agree. What
 * `bundle quantise` writes and the figures measure.
 */

import { join } from 'node:path';
import type { Sample } from '../../drivers/index.ts';
import { fail } from '../../errors.ts';
import { assemble } from '../../models/bundle/assemble.ts';
import { type LoadedBundle, loadBundle } from '../../models/bundle/load.ts';
import { writeOnnx } from '../../models/onnx/write.ts';
import { addVariant, calibrationOf, type Extended, type Target } from '../../models/teach/add-variant.ts';
import type { PartImages } from '../../models/teach/prepared.ts';
import { checkedSamples } from './checked-samples.ts';
import type { Context } from './command.ts';
import { type Comparison, compareVariants, loadOf, taughtRate } from './compare-variants.ts';
import { goodParts } from './good-parts.ts';

/** Ranges and thresholds of fewer good parts are chance. */
const leastCalibration = 8;
const leastHeldOut = 2;

export interface QuantisedBundle {
  loaded: LoadedBundle;
  extended: Extended;
  /** On the test parts of the folder; on the held-out good ones where it has none. */
  comparison: Comparison;
  /** The merged graph of the new variant. */
  model: Uint8Array;
}

export async function quantiseBundle(
  context: Context,
  { path, data, target, threads }: { path: string; data: string; target: Target; threads: number },
): Promise<QuantisedBundle> {
  const read = (file: string): Promise<Uint8Array> => context.files.read(join(path, file));
  const loaded = await loadBundle(read, path, 'cpu');
  const { manifest, variant, golden, networks } = loaded;
  const files = new Map<string, Uint8Array>();
  for (const file of Object.keys(manifest.files)) files.set(file, await read(file));
  const samples = await checkedSamples(context, data);
  const { training, heldOut } = goodParts(samples, manifest.taught.seed);
  if (training.length < leastCalibration) {
    throw fail('teach/tooFew', { found: training.length, least: leastCalibration });
  }
  if (heldOut.length < leastHeldOut) throw fail('teach/tooFew', { found: heldOut.length, least: leastHeldOut });
  const load = async (some: readonly Sample[]): Promise<PartImages[]> => {
    const parts: PartImages[] = [];
    for (const sample of some) parts.push(await loadOf(sample, manifest.input));
    return parts;
  };
  const parts = { calibration: await load(calibrationOf(training)), heldOut: await load(heldOut) };
  context.stderr(`calibrating on ${parts.calibration.length} good parts, ${parts.heldOut.length} held out`);
  const bundle = { manifest, files, networks, golden };
  const extended = await addVariant(bundle, target, parts, threads, (line) => context.stderr(line));
  const model = writeOnnx(assemble(manifest, extended.variant, extended.networks));
  const test = samples.filter(({ split }) => split === 'test');
  const comparison = await compareVariants(
    context,
    manifest,
    [
      { model: loaded.model, variant, rate: taughtRate(manifest) },
      { model, variant: extended.variant, rate: extended.score },
    ],
    parts.heldOut,
    test.length > 0 ? test : heldOut,
    threads,
  );
  return { loaded, extended, comparison, model };
}
