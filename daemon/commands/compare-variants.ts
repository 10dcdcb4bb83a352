/** Two variants of one bundle on the same parts: how far they agree, and how well each tells good from bad. */
import type { Sample } from '../../drivers/index.ts';
import { fail } from '../../errors.ts';
import { pairFeeds } from '../../models/bundle/golden.ts';
import type { Manifest, Variant } from '../../models/bundle/manifest.ts';
import { type Agreement, AgreementOf, type Judged, thresholdInterval } from '../../models/evaluate/agreement.ts';
import { auroc } from '../../models/evaluate/roc.ts';
import { sortScores } from '../../models/evaluate/sorted.ts';
import { openSession, type Session } from '../../models/runtime/session.ts';
import type { PartImages } from '../../models/teach/prepared.ts';
import type { ScoreThreshold } from '../../models/teach/threshold.ts';
import type { Context } from './command.ts';

export interface Compared {
  /** The merged graph as ONNX bytes. */
  model: Uint8Array;
  variant: Variant;
  /** How sure the threshold is. */
  rate: Pick<ScoreThreshold, 'expected' | 'interval95'>;
}
export interface Comparison extends Agreement {
  /** Image AUROC of each; null where the parts are not of both classes. */
  aurocs: [number | null, number | null];
}

/** The rate of a threshold that `teach` left, from what the manifest says of it. */
export function taughtRate({ taught }: Manifest): Compared['rate'] {
  const { wanted, interval95 } = taught.falseRejectRate;
  const n = taught.heldOut;
  return { expected: Math.max(1, Math.min(n, Math.floor(wanted * (n + 1)))) / (n + 1), interval95 };
}

/** `good` says how the scores of good parts thin out; `samples` are compared. */
export async function compareVariants(
  context: Context,
  { input }: Manifest,
  [reference, other]: readonly [Compared, Compared],
  good: readonly PartImages[],
  samples: readonly Sample[],
  threads: number,
): Promise<Comparison> {
  const sessions = [
    await openSession(reference.model, { threads }),
    await openSession(other.model, { threads }),
  ] as const;
  const look = async (session: Session, { rgb, depthMm }: PartImages): Promise<Judged> => {
    const { score, map } = await session.run(pairFeeds(rgb, depthMm, input), ['score', 'map']);
    return { score: (score!.data as Float32Array)[0]!, map: map!.data as Float32Array };
  };
  const interval = async (session: Session, { variant, rate }: Compared) => {
    const scores: number[] = [];
    for (const part of good) scores.push((await look(session, part)).score);
    return thresholdInterval(scores, { threshold: variant.threshold, ...rate });
  };
  try {
    const agreement = new AgreementOf(await interval(sessions[0], reference), await interval(sessions[1], other));
    const scores = { good: [[], []] as [number[], number[]], bad: [[], []] as [number[], number[]] };
    for (const [at, sample] of samples.entries()) {
      context.signal.throwIfAborted();
      if (at % 50 === 0) context.stderr(`comparing ${at + 1} of ${samples.length}`);
      const part = await loadOf(sample, input);
      const looks = [await look(sessions[0], part), await look(sessions[1], part)] as const;
      agreement.add(...looks);
      for (const i of [0, 1] as const) scores[sample.kind === 'good' ? 'good' : 'bad'][i].push(looks[i].score);
    }
    const sorted = (of: readonly number[]): Float64Array => sortScores(Float64Array.from(of));
    const aurocOf = (i: 0 | 1): number | null => auroc(sorted(scores.good[i]), sorted(scores.bad[i]));
    return { ...agreement.result(), aurocs: [aurocOf(0), aurocOf(1)] };
  } finally {
    for (const session of sessions) await session.release();
  }
}

/** A recorded part; refused where it is not of the bundle's size. */
export async function loadOf(sample: Sample, input: Manifest['input']): Promise<PartImages> {
  const part = await sample.load();
  if (part.widthPx !== input.widthPx || part.heightPx !== input.heightPx) {
    const [actual, expected] = [part, input].map((size) => `${size.widthPx} x ${size.heightPx}`) as [string, string];
    throw fail('image/size', { what: sample.id, actual, expected });
  }
  return part;
}
