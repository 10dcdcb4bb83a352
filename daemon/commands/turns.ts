/** Two models of one bundle's input timed by turns, so that both see the same machine. */
import { pairFeeds } from '../../models/bundle/golden.ts';
import type { LoadedBundle } from '../../models/bundle/load.ts';
import { openSession } from '../../models/runtime/session.ts';
import { quantile } from './bench-figures.ts';
import type { Context } from './command.ts';

const rounds = 40;
const warmRounds = 5;

/** Median milliseconds of each, one run after the other, so that both see the same machine. */
export async function medianTimes(
  { clock, signal }: Context,
  { golden, manifest }: LoadedBundle,
  models: readonly [Uint8Array, Uint8Array],
  threads: number,
): Promise<[number, number]> {
  const sessions = [await openSession(models[0], { threads }), await openSession(models[1], { threads })] as const;
  const times: [number[], number[]] = [[], []];
  for (let round = -warmRounds; round < rounds; round++) {
    signal.throwIfAborted();
    const part = golden[(round + warmRounds) % golden.length]!;
    for (const i of [0, 1] as const) {
      const startedMs = clock.nowMs();
      await sessions[i].run(pairFeeds(part.rgb, part.depthMm, manifest.input), ['score', 'map', 'judged']);
      if (round >= 0) times[i].push(clock.nowMs() - startedMs);
    }
  }
  for (const session of sessions) await session.release();
  return [quantile(times[0], 0.5), quantile(times[1], 0.5)];
}
