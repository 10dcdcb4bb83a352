/**
 * Whether every way to a score gives the same: the golden parts of a bundle as they were when it was taught, as
 * `evaluate` scores them in its own process, and as a running line scores them through camera, shared memory and host.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { invariant } from '../../errors.ts';
import { pairFeeds } from '../../models/bundle/golden.ts';
import { loadBundle } from '../../models/bundle/load.ts';
import { openSession } from '../../models/runtime/session.ts';
import { BenchCamera, type BenchImages } from './bench-camera.ts';
import type { Context } from './command.ts';
import { quietLine } from './quiet-line.ts';

/** The part is opened and its frames have arrived. */
const settleMs = 300;

/** The largest difference between any two of the three, as a share of the threshold. */
export async function scoreParity(context: Context, path: string, threads: number): Promise<number> {
  const { manifest, variant, model, golden } = await loadBundle(
    (file) => context.files.read(join(path, file)),
    path,
    'cpu',
  );
  const { widthPx, heightPx } = manifest.input;
  const session = await openSession(model, { threads });
  let worst = 0;
  try {
    for (const { rgb, depthMm, score: taught } of golden) {
      const results = await session.run(pairFeeds(rgb, depthMm, manifest.input), ['score']);
      const judged = await judgedByLine(context, path, manifest.product, { widthPx, heightPx, rgb, depthMm });
      const scores = [taught, (results['score']!.data as Float32Array)[0]!, judged];
      worst = Math.max(worst, (Math.max(...scores) - Math.min(...scores)) / variant.threshold);
    }
  } finally {
    await session.release();
  }
  return worst;
}

/** What a line of its own says of one part: golden parts share pictures, and a line takes a repeated one for stale. */
async function judgedByLine(context: Context, path: string, product: string, images: BenchImages): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'twinspect-parity-'));
  const { clock } = context;
  const camera = new BenchCamera([images], clock, { stamped: false });
  const { daemon, records } = quietLine(context, camera, folder, { id: 'parity', bundle: path, product });
  try {
    await daemon.start();
    camera.trigger();
    await new Promise<void>((over) => clock.after(settleMs, over));
    await daemon.line?.drained();
  } finally {
    await daemon.stop();
    await rm(folder, { recursive: true, force: true });
  }
  const record = records.at(-1);
  invariant(typeof record?.score === 'number', `the part has no score, but ${record?.reason}`);
  return record.score;
}
