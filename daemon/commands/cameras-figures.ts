/**
 * `twinspect figures cameras`: two simulated cameras on loopback through the real drivers and the real line. Pairs at
 * the full rate, packet loss with and without resending, cameras that go and come back, and registration against a
 * scene whose answer is known.
 */
import { CameraLine } from './cameras-figures/camera-line.ts';
import { rebootCycles } from './cameras-figures/cycles.ts';
import { processorS, watchLoop } from './cameras-figures/host-time.ts';
import type { CamerasPlan } from './cameras-figures/plan.ts';
import { measureRegistration } from './cameras-figures/registration.ts';
import { type Model, Simulator } from './cameras-figures/simulator.ts';
import { quantile, rounded } from './cameras-figures/statistics.ts';
import type { Context } from './command.ts';

/** Loopback addresses; the port is the protocol's, so that every camera has its own. */
const models: readonly [Model, Model] = [
  { ip: '127.0.61.2', serial: 'FIGRGB', model: 'SimRGB', widthPx: 1280, heightPx: 960, format: 'RGB8' },
  {
    ...{ ip: '127.0.61.3', serial: 'FIGDEPTH', model: 'Sim3D', widthPx: 640, heightPx: 480, format: 'Coord3D_C16' },
    depth: { scale: 0.1, offset: 0 },
  },
];
const periodMs = 1000 / 30;
/** Frames on their way when the last edge was given. */
const settleMs = 1500;
/** Runs with packet loss are shorter than the one without. */
const lossShare = 0.25;
/** With resending: of each packet. Without: of each packet of RGB, so that about one frame in ten is hit. */
const lossWithResend = 0.01;
const lossWithoutResend = 0.00025;
const controlMs = 10_000;
/** A second in which code is compiled and buffers are found. */
const warmUpEdges = 30;

export async function camerasFigures(context: Context, plan: CamerasPlan) {
  const { registrationMedianPx, registrationMs } = measureRegistration(context.clock);
  const simulator = await Simulator.start(context, models);
  try {
    const edges = Math.round((plan.seconds * 1000) / periodMs);
    const full = await paced(context, simulator, edges, { resend: true }, [0, 0]);
    const few = Math.round(edges * lossShare);
    const mended = await paced(context, simulator, few, { resend: true }, [lossWithResend, lossWithResend]);
    const torn = await paced(context, simulator, few, { resend: false }, [lossWithoutResend, 0]);
    const control = watchLoop();
    await rest(context, controlMs);
    const loopDelayControlMsP999 = control();
    const cycles = await rebootCycles(context, simulator, models, plan.cycles);
    return {
      pairsSent: full.sent,
      pairsLost: full.lost + full.wrong,
      captureToPairMsP99: rounded(quantile(full.pairMs, 0.99)),
      receiverCpuShare: rounded(full.cpuShare),
      undecidedWithResend: mended.lost + mended.wrong,
      undecidedWithoutResend: torn.lost + torn.wrong,
      hitWithoutResend: torn.hit,
      ...cycles,
      loopDelayControlMsP999: rounded(loopDelayControlMsP999),
      ...{ registrationMedianPx, registrationMs },
    };
  } finally {
    await simulator.stop();
  }
}

interface Paced {
  readonly sent: number;
  /** Parts that did not pass. */
  readonly lost: number;
  /** Pairs of the wrong pictures. */
  readonly wrong: number;
  /** Frames that lost a packet for good or for a while. */
  readonly hit: number;
  readonly pairMs: readonly number[];
  /** Of one core: this process and both cameras' processes. */
  readonly cpuShare: number;
}

/** So many edges at the full rate before a line of its own; the first second is not counted. */
async function paced(
  context: Context,
  simulator: Simulator,
  edges: number,
  { resend }: { resend: boolean },
  losses: readonly number[],
): Promise<Paced> {
  const { clock, files, signal } = context;
  const percent = losses.map((loss) => `${loss * 100} %`).join(' and ');
  context.stderr(`${edges} pairs, packet loss ${percent}${resend ? '' : ', none sent again'}`);
  const line = new CameraLine(context, { models, resend, periodMs });
  try {
    await line.start();
    await simulator.pace(warmUpEdges, periodMs);
    await rest(context, settleMs);
    line.forget();
    for (const [camera, loss] of losses.entries()) await simulator.faults(camera, { loss });
    const before = await simulator.facts();
    const pids = line.cameras.map(({ pid }) => pid);
    const [beganAtMs, beganS] = [clock.nowMs(), await processorS(files, pids)];
    await simulator.pace(edges, periodMs);
    const [tookMs, tookS] = [clock.nowMs() - beganAtMs, (await processorS(files, pids)) - beganS];
    await rest(context, settleMs);
    signal.throwIfAborted();
    tellReasons(context, line);
    const after = await simulator.facts();
    const { records, wrong, pairMs } = line.seen;
    const passed = records.filter(({ decision }) => decision === 'pass').length;
    const hit = after.reduce((sum, { framesHit }, at) => sum + framesHit - before[at]!.framesHit, 0);
    return { sent: edges, lost: edges - passed, wrong, hit, pairMs, cpuShare: tookS / (tookMs / 1000) };
  } finally {
    for (const camera of losses.keys()) await simulator.faults(camera, { loss: 0 });
    await line.stop();
  }
}

/** What became of those that did not pass: the figures only count them. */
function tellReasons({ stderr }: Context, { seen }: CameraLine): void {
  const reasons: Record<string, number> = {};
  for (const { decision, reason, detail } of seen.records) {
    if (decision === 'pass') continue;
    const key = `${reason}${detail === null ? '' : ` (${detail.replace(/[\d.]+/g, 'N')})`}`;
    reasons[key] = (reasons[key] ?? 0) + 1;
  }
  for (const [reason, count] of Object.entries(reasons)) stderr(`  ${count} undecided: ${reason}`);
}

function rest({ clock, signal }: Context, forMs: number): Promise<void> {
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true });
    clock.after(forMs, resolve, signal);
  });
}
