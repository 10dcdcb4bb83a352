/** What a person, or a program, is told of a bundle that was taught. */
import type { Taught } from '../../models/teach/teaching.ts';
import type { Args } from './args.ts';
import type { Context } from './command.ts';

export function reportTaught(
  context: Context,
  args: Args,
  { manifest, thresholds, unlike }: Taught,
  out: string,
  seconds: number,
): void {
  const { score } = thresholds;
  if (args.flag('json')) {
    const { wanted, expected, lowestSupported, partsMissing, interval95 } = score;
    context.stdout(
      JSON.stringify({
        bundle: out,
        seconds,
        parts: manifest.taught.parts,
        heldOut: manifest.taught.heldOut,
        curve: manifest.taught.curve,
        unlike,
        threshold: score.threshold,
        falseRejectRate: { wanted, expected, lowestSupported, partsMissing, interval95 },
      }),
    );
    return;
  }
  context.stdout(`${out}: taught on ${manifest.taught.parts} good parts in ${Math.round(seconds)} s`);
  context.stdout(
    `threshold ${score.threshold.toPrecision(5)}: about ${percent(score.expected)} of good parts will fail`,
  );
  context.stdout(`  (95 % sure it is between ${percent(score.interval95[0])} and ${percent(score.interval95[1])})`);
  if (score.partsMissing > 0) {
    context.stdout(
      `${manifest.taught.heldOut} held-out parts support a rate of ${percent(score.lowestSupported)} at the lowest; ` +
        `${score.partsMissing} more are needed for the ${percent(score.wanted)} asked for`,
    );
  }
  context.stdout(`next: twinspect evaluate --bundle ${out} --data DIR, or set line.bundle to it`);
}

export const percent = (share: number): string => `${(100 * share).toFixed(share < 0.1 ? 1 : 0)} %`;
