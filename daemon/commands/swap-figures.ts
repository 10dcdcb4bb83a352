/**
 * Bundles swapped under a running line at five parts a second: how many parts were missed, doubled or undecided. The
 * first-run bundle is swapped with a copy of itself, through the real host processes and the real line.
 */
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { resolveConfig } from '../../config/load.ts';
import type { VerdictRecord } from '../line/verdict.ts';
import { Daemon } from '../supervise/daemon.ts';
import { readBundle } from './bench.ts';
import { BenchCamera } from './bench-camera.ts';
import type { Context } from './command.ts';

const partPeriodMs = 200;
const parts = 150;
/** A new bundle is wished for this often, in parts. */
const swapEvery = 30;

export async function swapFigures(context: Context): Promise<{ swapMissedParts: number }> {
  context.stderr(`swapping bundles under ${parts} parts, five a second`);
  const folder = await mkdtemp(join(tmpdir(), 'twinspect-swap-'));
  const base = resolveConfig(null, {}, 'defaults').config;
  const twin = join(folder, 'twin@1.0.0');
  await cp(base.line.bundle, twin, { recursive: true });
  const config = {
    ...base,
    line: { ...base.line, id: 'swap' },
    mqtt: { ...base.mqtt, embeddedPort: 0 },
    opcua: { ...base.opcua, enabled: false },
    evidence: { ...base.evidence, enabled: false },
    stateDir: join(folder, 'state'),
  };
  const { cwd, clock, files, signal } = context;
  const camera = new BenchCamera((await readBundle(context, base.line.bundle)).images, clock);
  const records: VerdictRecord[] = [];
  const announced = (record: VerdictRecord): void => void records.push(record);
  context.log.setLevel('warn');
  const daemon = new Daemon({ config, cwd, clock, log: context.log, files, signal, announced, camera });
  try {
    await daemon.start();
    for (let part = 1; part <= parts; part++) {
      signal.throwIfAborted();
      camera.trigger();
      if (part % swapEvery === 0) {
        const path = (part / swapEvery) % 2 === 1 ? twin : base.line.bundle;
        void daemon.inference.wish({ path, product: base.line.product });
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
