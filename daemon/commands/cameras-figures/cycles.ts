/**
 * Cameras that are switched off and come back, over and over, while they are triggered: how soon the line knows, how
 * soon it judges again, and whether this process grows or stalls meanwhile. Each camera in turn.
 */
import type { Modality } from '../../../drivers/index.ts';
import type { Context } from '../command.ts';
import { CameraLine } from './camera-line.ts';
import { residentMb, watchLoop } from './host-time.ts';
import type { Model, Simulator } from './simulator.ts';
import { quantile, rounded, slope } from './statistics.ts';

const periodMs = 100;
/** Longer than the line may take to know it. */
const offMs = 2500;
/** What nobody waits for any longer. */
const waitMaxMs = 20_000;
const lookEveryMs = 5;
/** The share of cycles in which memory settles. */
const settlingShare = 0.2;

export interface CycleFigures {
  readonly lossDetectMsP99: number | null;
  readonly backToJudgingMsP99: number | null;
  readonly reconnectCycles: number;
  readonly rssSlopeMbPer100Cycles: number | null;
  readonly loopDelayMsP999: number | null;
}

export async function rebootCycles(
  context: Context,
  simulator: Simulator,
  models: readonly [Model, Model],
  cycles: number,
): Promise<CycleFigures> {
  const { clock, signal } = context;
  const line = new CameraLine(context, { models, resend: true, periodMs });
  const [detectMs, backMs, residents]: [number[], number[], number[]] = [[], [], []];
  let edges = true;
  const pacing = (async () => {
    while (edges) await simulator.pace(10, periodMs);
  })();
  const loop = watchLoop();
  try {
    await line.start();
    await until(context, () => line.seen.passedAtMs > 0);
    for (let cycle = 0; cycle < cycles; cycle++) {
      signal.throwIfAborted();
      const camera: Modality = cycle % 2 === 0 ? 'depth' : 'rgb';
      const offAtMs = clock.nowMs();
      await simulator.reboot(camera === 'rgb' ? 0 : 1, offMs);
      const backAtMs = clock.nowMs();
      const noticed = await until(context, () => line.seen.lostAtMs[camera] > offAtMs);
      const returned = await until(context, () => line.seen.passedAtMs > backAtMs);
      if (noticed) detectMs.push(line.seen.lostAtMs[camera] - offAtMs);
      if (returned) backMs.push(line.seen.passedAtMs - backAtMs);
      if (!noticed || !returned) {
        context.stderr(`cycle ${cycle}: ${camera} ${noticed ? 'did not come back' : 'was not missed'}`);
      }
      line.forget();
      residents.push(residentMb());
      if (cycle % 20 === 19) context.stderr(`${cycle + 1} of ${cycles} cycles`);
    }
  } finally {
    edges = false;
    await line.stop();
    await pacing;
  }
  const perCycle = slope(residents.slice(Math.floor(cycles * settlingShare)));
  return {
    lossDetectMsP99: rounded(quantile(detectMs, 0.99)),
    backToJudgingMsP99: rounded(quantile(backMs, 0.99)),
    reconnectCycles: backMs.length,
    rssSlopeMbPer100Cycles: perCycle === null ? null : rounded(perCycle * 100),
    loopDelayMsP999: rounded(loop()),
  };
}

/** Looks often: what is measured is told by what was seen, not by when it was looked at. */
async function until({ clock, signal }: Context, holds: () => boolean): Promise<boolean> {
  const lastMs = clock.nowMs() + waitMaxMs;
  while (!holds() && clock.nowMs() < lastMs && !signal.aborted) {
    await new Promise<void>((resolve) => clock.after(lookEveryMs, resolve));
  }
  return holds();
}
