/**
 * Figures of two classes of scores, good and defective: AUROC exact with ties, F1, miss and false-reject rates.
 *
 * A score at or above the threshold is called defective, as the judge does. All functions take ascending scores
 * (`sortScores`); a figure that needs a class nobody gave is null, never 0 or 1.
 */
import { countBelow, type Scores } from './sorted.ts';

/**
 * Probability that a defective score lies above a good one, ties counted half (Mann-Whitney).
 * One pass over both; the doubled count is a whole number, exact below 2^53: 9e7 good times 5e7 defective pixels.
 */
export function auroc(good: Scores, defective: Scores): number | null {
  if (good.length === 0 || defective.length === 0) return null;
  let below = 0;
  let upTo = 0;
  let doubled = 0;
  for (let i = 0; i < defective.length; i++) {
    const score = defective[i]!;
    while (below < good.length && good[below]! < score) below++;
    if (upTo < below) upTo = below;
    while (upTo < good.length && good[upTo]! <= score) upTo++;
    doubled += below + upTo;
  }
  return doubled / (2 * good.length * defective.length);
}

/** Share of the defective that lies below the threshold. */
export function missRate(defective: Scores, threshold: number): number | null {
  return defective.length === 0 ? null : countBelow(defective, threshold) / defective.length;
}

/** Share of the good that lies at or above the threshold. */
export function falseRejectRate(good: Scores, threshold: number): number | null {
  return good.length === 0 ? null : 1 - countBelow(good, threshold) / good.length;
}

/** F1 of calling everything at or above the threshold defective; 0 where nothing true is found. */
export function f1At(good: Scores, defective: Scores, threshold: number): number | null {
  if (defective.length === 0) return null;
  return f1(good, defective, countBelow(good, threshold), countBelow(defective, threshold));
}

/**
 * The largest F1 over all distinct scores of the test set, with its threshold (the highest one on a tie).
 * It is chosen on the very images it is measured on: an upper bound, not what a line would reach.
 */
export function f1MaxOnTest(good: Scores, defective: Scores): { f1: number; threshold: number } | null {
  if (defective.length === 0) return null;
  let best = { f1: -1, threshold: Number.NaN };
  let goodBelow = good.length;
  let defectiveBelow = defective.length;
  while (goodBelow > 0 || defectiveBelow > 0) {
    const threshold = Math.max(good[goodBelow - 1] ?? -Infinity, defective[defectiveBelow - 1] ?? -Infinity);
    while (goodBelow > 0 && good[goodBelow - 1]! >= threshold) goodBelow--;
    while (defectiveBelow > 0 && defective[defectiveBelow - 1]! >= threshold) defectiveBelow--;
    const value = f1(good, defective, goodBelow, defectiveBelow);
    if (value > best.f1) best = { f1: value, threshold };
  }
  return best;
}

function f1(good: Scores, defective: Scores, goodBelow: number, defectiveBelow: number): number {
  const found = defective.length - defectiveBelow;
  const falseAlarms = good.length - goodBelow;
  return (2 * found) / (2 * found + falseAlarms + defectiveBelow);
}

/** A point of a curve to draw: x = false-positive rate, y = what is found there. */
export interface CurvePoint {
  x: number;
  y: number;
}

/** A drawing needs no more points than it has pixels; areas are never taken from a drawn curve. */
export const maxCurvePoints = 512;

/** The ROC curve at its distinct scores from (0,0) to (1,1), thinned evenly beyond `maxCurvePoints`. */
export function rocCurve(good: Scores, defective: Scores): CurvePoint[] {
  if (good.length === 0 || defective.length === 0) return [];
  const points: CurvePoint[] = [{ x: 0, y: 0 }];
  let goodBelow = good.length;
  let defectiveBelow = defective.length;
  while (goodBelow > 0 || defectiveBelow > 0) {
    const score = Math.max(good[goodBelow - 1] ?? -Infinity, defective[defectiveBelow - 1] ?? -Infinity);
    while (goodBelow > 0 && good[goodBelow - 1]! >= score) goodBelow--;
    while (defectiveBelow > 0 && defective[defectiveBelow - 1]! >= score) defectiveBelow--;
    points.push({ x: 1 - goodBelow / good.length, y: 1 - defectiveBelow / defective.length });
  }
  if (points.length <= maxCurvePoints) return points;
  const step = (points.length - 1) / (maxCurvePoints - 1);
  return Array.from({ length: maxCurvePoints }, (_, i) => points[Math.round(i * step)]!);
}
