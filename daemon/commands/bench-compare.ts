/**
 * `twinspect bench --compare`: ways to run the same bundle, side by side. All sessions are open at once and take turns,
 * one run each a round, so that a busy moment of the machine falls on all of them; medians are compared.
 */
import { basename, join } from 'node:path';
import process from 'node:process';
import { fail } from '../../errors.ts';
import { assemble, servingOutputs } from '../../models/bundle/assemble.ts';
import { pairFeeds } from '../../models/bundle/golden.ts';
import { type LoadedBundle, loadBundle, readManifest } from '../../models/bundle/load.ts';
import { cut } from '../../models/graph/cut.ts';
import type { Node } from '../../models/graph/tensor.ts';
import { writeOnnx } from '../../models/onnx/write.ts';
import { type Feeds, openSession, type SessionOptions } from '../../models/runtime/session.ts';
import { quantile } from './bench-figures.ts';
import type { Context } from './command.ts';

export interface CompareRow {
  what: string;
  ms: number;
  /** Its time over that of the first row. */
  ratio: number;
  /** CPU time of one run, all threads together. */
  cpuMs: number;
}

/** Runs of each way before the first that counts. */
const warmRounds = 3;
/** As the daemon runs it unless told otherwise. */
const usual = { threads: 2, spinning: false, optimisation: 'all' } as const satisfies SessionOptions;

/** Threads that spin go on for a while after a run, on the cores the next way needs. */
const restMs = 100;

/** One way to run a bundle. */
interface Way {
  readonly what: string;
  readonly run: () => Promise<void>;
  readonly release: () => Promise<void>;
  readonly spins?: true;
}

export async function compare(context: Context, paths: readonly string[], rounds: number): Promise<CompareRow[]> {
  const ways: Way[] = [];
  try {
    for (const [at, path] of paths.entries()) ways.push(...(await waysOf(context, path, at === 0)));
    const samples = ways.map(() => ({ ms: [] as number[], cpuMs: [] as number[] }));
    for (let round = -warmRounds; round < rounds; round++) {
      context.signal.throwIfAborted();
      for (const [i, way] of ways.entries()) {
        const before = process.cpuUsage();
        const startedMs = context.clock.nowMs();
        await way.run();
        const ms = context.clock.nowMs() - startedMs;
        const { user, system } = process.cpuUsage(before);
        if (way.spins) await new Promise<void>((over) => context.clock.after(restMs, over));
        if (round < 0) continue;
        samples[i]!.ms.push(ms);
        samples[i]!.cpuMs.push((user + system) / 1000);
      }
    }
    const first = quantile(samples[0]!.ms, 0.5);
    return ways.map(({ what }, i) => {
      const ms = quantile(samples[i]!.ms, 0.5);
      return { what, ms, ratio: ms / first, cpuMs: quantile(samples[i]!.cpuMs, 0.5) };
    });
  } finally {
    for (const way of ways) await way.release();
  }
}

export function comparisonTable(rows: readonly CompareRow[]): string[] {
  const width = Math.max(...rows.map(({ what }) => what.length)) + 2;
  return [
    `${'median'.padEnd(width)}${'ms'.padStart(9)}${'ratio'.padStart(8)}${'CPU ms'.padStart(9)}`,
    ...rows.map(({ what, ms, ratio, cpuMs }) =>
      [what.padEnd(width), ms.toFixed(2).padStart(9), ratio.toFixed(2).padStart(8), cpuMs.toFixed(1).padStart(9)].join(
        '',
      ),
    ),
  ];
}

/** The first bundle in every way, another one as it usually runs, each in all precisions it holds for the CPU. */
async function waysOf({ files }: Context, path: string, every: boolean): Promise<Way[]> {
  const read = (file: string): Promise<Uint8Array> => files.read(join(path, file));
  const { manifest } = await readManifest(read, path);
  const name = basename(path);
  const fp32 = await loadBundle(read, path, 'cpu');
  if (fp32.golden.length === 0) {
    throw fail('bundle/manifest', { path, problem: 'golden is empty, expected at least one' });
  }
  const ways = [await oneGraph(`${name} fp32, one graph, 2 threads`, fp32, {})];
  if (every) {
    ways.push(
      await threeSessions(`${name} fp32, three sessions: teacher, fusion, student`, fp32),
      await oneGraph(`${name} fp32, 1 thread`, fp32, { threads: 1 }),
      { ...(await oneGraph(`${name} fp32, spinning`, fp32, { spinning: true })), spins: true },
      await oneGraph(`${name} fp32, graph rewritten without layout`, fp32, { optimisation: 'extended' }),
      await oneGraph(`${name} fp32, graph rewritten by constants only`, fp32, { optimisation: 'basic' }),
      await oneGraph(`${name} fp32, graph as written`, fp32, { optimisation: 'disabled' }),
    );
  }
  const others = manifest.variants.filter(({ provider, precision }) => provider === 'cpu' && precision !== 'fp32');
  for (const { precision } of others) {
    const lower = await loadBundle(read, path, 'cpu', [precision]);
    ways.push(await oneGraph(`${name} ${precision}, one graph, 2 threads`, lower, {}));
    if (every) ways.push(await oneGraph(`${name} ${precision}, 1 thread`, lower, { threads: 1 }));
  }
  return ways;
}

/** The golden parts in turn. */
function feedsOf({ golden, manifest }: LoadedBundle): () => Feeds {
  let next = 0;
  return () => {
    const { rgb, depthMm } = golden[next++ % golden.length]!;
    return pairFeeds(rgb, depthMm, manifest.input);
  };
}

async function oneGraph(what: string, bundle: LoadedBundle, options: SessionOptions): Promise<Way> {
  const session = await openSession(bundle.model, { ...usual, ...options });
  const feeds = feedsOf(bundle);
  return {
    what,
    run: async () => void (await session.run(feeds(), servingOutputs)),
    release: () => session.release(),
  };
}

/** The same graph cut behind the teacher and behind the fusion; what crosses goes through the hands of the program. */
async function threeSessions(what: string, bundle: LoadedBundle): Promise<Way> {
  const least = ({ outputs }: Node): number =>
    outputs[0]!.name.startsWith('student/') ? 2 : outputs[0]!.name.startsWith('fusion/') ? 1 : 0;
  const parts = cut(assemble(bundle.manifest, bundle.variant, bundle.networks), 3, least);
  const sessions = await Promise.all(parts.map((part) => openSession(writeOnnx(part), usual)));
  const wanted: readonly string[] = servingOutputs;
  const feeds = feedsOf(bundle);
  return {
    what,
    async run() {
      const known: Feeds = feeds();
      for (const session of sessions) {
        const given = Object.fromEntries(session.inputNames.map((name) => [name, known[name]!]));
        const outputs = session.outputNames.filter((name) => name.startsWith('cut.') || wanted.includes(name));
        Object.assign(known, await session.run(given, outputs));
      }
    },
    async release() {
      for (const session of sessions) await session.release();
    },
  };
}
