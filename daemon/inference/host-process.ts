/**
 * The inference host: a process of its own that owns one session of one bundle and may hang or crash without taking
 * the daemon along. It is ended from outside only, by SIGKILL; when the daemon is gone, by its own lifeline, even in
 * the middle of a run.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { Worker } from 'node:worker_threads';
import { invariant } from '../../errors.ts';
import { servingOutputs } from '../../models/bundle/assemble.ts';
import { type Golden, pairFeeds, replayPart } from '../../models/bundle/golden.ts';
import { type LoadedBundle, loadBundle } from '../../models/bundle/load.ts';
import { acceptable } from '../../models/bundle/variants.ts';
import { openSession, type Session, type TensorValue } from '../../models/runtime/session.ts';
import { systemClock } from '../clock.ts';
import { Exchange } from './exchange.ts';
import type { ServedBundle } from './port.ts';
import { type HostAnswer, type HostAsk, hostFds, type LoadAsk, toWire } from './protocol.ts';
import { servedBundle, vitalsOf } from './served.ts';

interface Serving {
  readonly session: Session;
  readonly bundle: ServedBundle;
  readonly rgb: Uint8Array;
  readonly depthMm: Float32Array;
  /** Has the next one of the golden parts kept judged; throws where it is judged otherwise than when taught. */
  readonly check: () => Promise<void>;
}

/** Golden parts kept for checks: two that score far apart, so that a session stuck at one score shows. */
const keptGolden = 2;

/** Runs before the bundle serves: the first one pays for memory, the second is as fast as any. */
const warmRuns = 2;

const exchange = new Exchange(hostFds.exchange);
let serving: Serving | null = null;

function answer(word: HostAnswer): void {
  process.send?.(word);
}

/** Verified, merged, warm, and its golden parts as they were at teaching; else it throws. */
async function load(ask: LoadAsk): Promise<{ serving: Serving; warmMs: number }> {
  const { path, provider, precision, threads, spinning } = ask;
  const wanted = acceptable(precision, provider, { arch: process.arch, cpuInfo: await cpuInfo() });
  const loaded = await loadBundle((file) => readFile(join(path, file)), path, provider, wanted);
  const step = stepsOf(2 + loaded.golden.length + warmRuns);
  step();
  const session = await openSession(loaded.model, { provider, threads, spinning });
  step();
  for (const part of loaded.golden) {
    await replayPart(session, part, loaded.manifest, loaded.variant, path);
    step();
  }
  const bundle = servedBundle(loaded);
  const next = { session, bundle, ...memoryOf(bundle, loaded.golden), check: checkOf(session, loaded, path) };
  let warmMs = 0;
  for (let run = 0; run < warmRuns; run++) {
    warmMs = (await infer(next)).inferMs;
    step();
  }
  return { serving: next, warmMs };
}

/** Says after each step of loading which share is done: a host that is slow is told from one that hangs. */
function stepsOf(count: number): () => void {
  let done = 0;
  return () => answer({ kind: 'loading', share: ++done / count });
}

function checkOf(session: Session, { golden, manifest, variant }: LoadedBundle, path: string): Serving['check'] {
  const byScore = golden.toSorted((a, b) => a.score - b.score);
  const kept = [byScore[0], byScore.at(-1)].filter((part) => part !== undefined).slice(0, keptGolden);
  const { input } = manifest;
  let turn = 0;
  return async () => {
    const part = kept[turn++ % kept.length];
    invariant(part, 'a bundle without golden parts serves');
    await replayPart(session, part, { input }, variant, path);
  };
}

/** What the kernel says of the processor; other systems than Linux say it elsewhere, and count as not knowing. */
async function cpuInfo(): Promise<string> {
  try {
    return await readFile('/proc/cpuinfo', 'utf8');
  } catch {
    return '';
  }
}

/** The pair's place in memory, with a golden part in it to begin with: zeros would not be what a run costs. */
function memoryOf({ widthPx, heightPx }: ServedBundle, golden: readonly Golden[]): Pick<Serving, 'rgb' | 'depthMm'> {
  const rgb = new Uint8Array(widthPx * heightPx * 3);
  const depthMm = new Float32Array(widthPx * heightPx);
  const first = golden[0];
  if (first) {
    rgb.set(first.rgb);
    depthMm.set(first.depthMm);
  }
  return { rgb, depthMm };
}

async function infer({ session, rgb, depthMm, bundle }: Serving): Promise<{
  outputs: Record<string, TensorValue>;
  inferMs: number;
}> {
  const feeds = pairFeeds(rgb, depthMm, bundle);
  const startedMs = systemClock.nowMs();
  const outputs = await session.run(feeds, servingOutputs);
  return { outputs, inferMs: systemClock.nowMs() - startedMs };
}

/** One run; its reading, or for a measurement its numbers alone, into the shared memory. */
async function run(kind: 'infer' | 'measure'): Promise<void> {
  invariant(serving, 'a run was asked of a host without a bundle');
  if (kind === 'infer') exchange.readPair(serving);
  const { outputs, inferMs } = await infer(serving);
  const first = (name: (typeof servingOutputs)[number], at = 0): number => outputs[name]!.data[at] as number;
  const { rgb, depth } = vitalsOf(outputs['vitals']!.data as Float32Array);
  const numbers = {
    score: first('score'),
    judgedShare: first('judgedShare'),
    offsetMm: first('datum'),
    tiltMmAcross: first('datum', 1),
    inferMs,
    rssBytes: process.memoryUsage.rss(),
    ...{ rgbShare: rgb.share, rgbContrast: rgb.contrast, rgbGrain: rgb.grain },
    ...{ depthShare: depth.share, depthContrast: depth.contrast, depthGrain: depth.grain },
  };
  if (kind === 'measure') exchange.writeNumbers(numbers);
  else {
    const maps = { map: outputs['map']!.data as Float32Array, judged: outputs['judged']!.data as Uint8Array };
    exchange.writeReading(maps, numbers);
  }
}

async function check(): Promise<void> {
  invariant(serving, 'a check was asked of a host without a bundle');
  await serving.check();
}

async function obey(ask: HostAsk): Promise<void> {
  try {
    if (ask.kind === 'load') {
      const loaded = await load(ask);
      serving = loaded.serving;
      answer({ kind: 'loaded', bundle: serving.bundle, warmMs: loaded.warmMs });
    } else {
      if (ask.kind === 'check') await check();
      else await run(ask.kind);
      answer({ kind: 'done', id: ask.id });
    }
  } catch (error) {
    if (ask.kind === 'load') answer({ kind: 'refused', error: toWire(error) });
    else answer({ kind: 'failed', id: ask.id, error: toWire(error) });
  }
}

// A Ctrl-C reaches the whole group; the daemon decides when its host ends.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
new Worker(new URL('./lifeline.ts', import.meta.url), { execArgv: [] }).unref();
process.on('message', (ask: HostAsk) => void obey(ask));
answer({ kind: 'started' });
