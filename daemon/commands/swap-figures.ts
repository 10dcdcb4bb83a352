/**
 * Bundles swapped under a running line at five parts a second: how many parts were missed, doubled or undecided. The
 * first-run bundle is swapped with a copy of itself, through the real host processes and the real line.
 */
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { resolveConfig } from '../../config/load.ts';
import type { VerdictRecord } from '../line/verdict.ts';
import { readBundle } from './bench.ts';
import { BenchCamera } from './bench-camera.ts';
import type { Context } from './command.ts';
import { quietLine } from './quiet-line.ts';

const partPeriodMs = 200;
const parts = 150;
/** A new bundle is wished for this often, in parts. */
const swapEvery = 30;

export async function swapFigures(context: Context): Promise<{ swapMissedParts: number }> {
  context.stderr(`swapping bundles under ${parts} parts, five a second`);
  const folder = await mkdtemp(join(tmpdir(), 'twinspect-swap-'));
  const { bundle, product } = resolveConfig(null, {}, 'defaults').config.line;
  const twin = join(folder, 'twin@1.0.0');
  await cp(bundle, twin, { recursive: true });
  const { clock, signal } = context;
  const camera = new BenchCamera((await readBundle(context, bundle)).images, clock);
  const { daemon, records } = quietLine(context, camera, folder, { id: 'swap' });
  try {
    await daemon.start();
    for (let part = 1; part <= parts; part++) {
      signal.throwIfAborted();
      camera.trigger();
      if (part % swapEvery === 0) {
        const path = (part / swapEvery) % 2 === 1 ? twin : bundle;
        void daemon.inference.wish({ path, product });
      }
      await new Promise<void>((over) => clock.after(partPeriodMs, over));
    }
    await daemon.line?.drained();
  } finally {
    await daemon.stop();
    await rm(folder, { recursive: true, force: true });
  }
  return { swapMissedParts: faulty(records) };
}

/** Triggers without exactly one decided verdict. */
function faulty(records: readonly VerdictRecord[]): number {
  const decided = new Map<number, number>();
  for (const { trigger, decision } of records) {
    if (decision !== 'undecided') decided.set(trigger, (decided.get(trigger) ?? 0) + 1);
  }
  return Array.from({ length: parts }, (_, i) => decided.get(i + 1) ?? 0).filter((count) => count !== 1).length;
}
