/**
 * Whether every way to a score gives the same: the golden parts of a bundle as they were when it was taught, as
 * `evaluate` scores them in its own process, and as a running line scores them through camera, shared memory and host.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { resolveConfig } from '../../config/load.ts';
import { invariant } from '../../errors.ts';
import { pairFeeds } from '../../models/bundle/golden.ts';
import { loadBundle } from '../../models/bundle/load.ts';
import { openSession } from '../../models/runtime/session.ts';
import type { VerdictRecord } from '../line/verdict.ts';
import { Daemon } from '../supervise/daemon.ts';
import { BenchCamera, type BenchImages } from './bench-camera.ts';
import type { Context } from './command.ts';

const partPeriodMs = 300;

/** The largest difference between any two of the three, as a share of the threshold. */
export async function scoreParity(context: Context, path: string, threads: number): Promise<number> {
  const { manifest, variant, model, golden } = await loadBundle(
    (file) => context.files.read(join(path, file)),
    path,
    'cpu',
  );
  const { widthPx, heightPx } = manifest.input;
  const images = golden.map(({ rgb, depthMm }) => ({ widthPx, heightPx, rgb, depthMm }));
  const judged = await judgedByLine(context, path, manifest.product, images);
  const session = await openSession(model, { threads });
  let worst = 0;
  try {
    for (const [i, { rgb, depthMm, score: taught }] of golden.entries()) {
      const results = await session.run(pairFeeds(rgb, depthMm, manifest.input), ['score']);
      const scores = [taught, (results['score']!.data as Float32Array)[0]!, judged[i]!];
      worst = Math.max(worst, (Math.max(...scores) - Math.min(...scores)) / variant.threshold);
    }
  } finally {
    await session.release();
  }
  return worst;
}

/** What a line says of the parts that its camera shows, one after the other. */
async function judgedByLine(
  context: Context,
  path: string,
  product: string,
  images: readonly BenchImages[],
): Promise<number[]> {
  const folder = await mkdtemp(join(tmpdir(), 'twinspect-parity-'));
  const base = resolveConfig(null, {}, 'defaults').config;
  const config = {
    ...base,
    line: { ...base.line, id: 'parity', bundle: path, product },
    mqtt: { ...base.mqtt, embeddedPort: 0 },
    opcua: { ...base.opcua, enabled: false },
    evidence: { ...base.evidence, enabled: false },
    stateDir: join(folder, 'state'),
  };
  const { cwd, clock, files, signal } = context;
  const camera = new BenchCamera(images, clock, { stamped: false });
  const records: VerdictRecord[] = [];
  const announced = (record: VerdictRecord): void => void records.push(record);
  context.log.setLevel('warn');
  const daemon = new Daemon({ config, cwd, clock, log: context.log, files, signal, announced, camera });
  try {
    await daemon.start();
    for (const _ of images) {
      camera.trigger();
      await new Promise<void>((over) => clock.after(partPeriodMs, over));
    }
    await daemon.line?.drained();
  } finally {
    await daemon.stop();
    await rm(folder, { recursive: true, force: true });
  }
  return images.map((_, i) => {
    // The camera shows image n at trigger n, the first one at the last.
    const record = records.find(({ trigger }) => trigger % images.length === i);
    invariant(typeof record?.score === 'number', `part ${i} has no score, but ${record?.reason}`);
    return record.score;
  });
}
