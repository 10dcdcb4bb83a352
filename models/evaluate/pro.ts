/**
 * Per-region overlap (PRO) against the false-positive rate, and the area under it up to a limit (AUPRO@30%, @1%).
 *
 * Every ground-truth component has the same weight over the whole test set; OK pixels are all pixels outside ground
 * truth, those of defective images too. Two forms, both named, because they differ:
 * - `aupro`, exact: a point at every distinct score (duplicates merged), straight lines between, from (0,0),
 *   linear interpolation at the limit;
 * - `auproAt100`, the form of most published code: 100 evenly spaced positions among the sorted OK scores, overlap =
 *   share with score > threshold. At a limit of 1% that is one single trapezoid, biased low: for comparison with
 *   papers only.
 * All scores ascending (`sortScores`): OK pixels in one array, each component in one of its own.
 */
import { invariant } from '../../errors.ts';
import type { CurvePoint } from './roc.ts';
import { countBelow, countUpTo, type Scores } from './sorted.ts';

/**
 * The exact AUPRO, divided by the limit; null without a component or an OK pixel.
 *
 * The area is linear in the pixels: one with score s joins the curve between a = share of OK pixels above s and
 * b = share at or above it, on a straight line, so a component's area is the mean over its pixels of what lies right
 * of that ramp. No curve is built, and the mean over components is the figure.
 */
export function aupro(ok: Scores, components: readonly Scores[], limit: number): number | null {
  return auproOver([ok], components, limit);
}

/** The same over the OK pixels of several arrays together, each ascending. */
export function auproOver(oks: readonly Scores[], components: readonly Scores[], limit: number): number | null {
  const pixels = oks.reduce((sum, { length }) => sum + length, 0);
  if (pixels === 0 || components.length === 0) return null;
  let sum = 0;
  for (const component of components) sum += componentArea(oks, pixels, component, limit);
  return sum / components.length;
}

function componentArea(oks: readonly Scores[], pixels: number, component: Scores, limit: number): number {
  invariant(component.length > 0 && limit > 0 && limit <= 1, `component of ${component.length}, limit ${limit}`);
  const below = new Array<number>(oks.length).fill(0);
  let sum = 0;
  let area = 0;
  let last = Number.NaN;
  for (let i = 0; i < component.length; i++) {
    const score = component[i]!;
    if (score !== last) {
      let [belowAll, upToAll] = [0, 0];
      for (let k = 0; k < oks.length; k++) {
        below[k] = countBelow(oks[k]!, score, below[k]);
        belowAll += below[k]!;
        upToAll += countUpTo(oks[k]!, score, below[k]);
      }
      area = areaRightOf((pixels - upToAll) / pixels, (pixels - belowAll) / pixels, limit);
      last = score;
    }
    sum += area;
  }
  return sum / component.length / limit;
}

/** Area up to the limit under a step that rises from 0 at `from` in a straight line to 1 at `to`. */
function areaRightOf(from: number, to: number, limit: number): number {
  if (limit >= to) return limit - (from + to) / 2;
  return limit > from ? (limit - from) ** 2 / (2 * (to - from)) : 0;
}

/** Mean over the components of their share above the threshold. */
function overlapAbove(components: readonly Scores[], threshold: number): number {
  let sum = 0;
  for (const component of components) sum += 1 - countUpTo(component, threshold) / component.length;
  return sum / components.length;
}

const positions = 100;

/** The common 100-threshold AUPRO, divided by the limit; null without a component or an OK pixel. */
export function auproAt100(ok: Scores, components: readonly Scores[], limit: number): number | null {
  if (ok.length === 0 || components.length === 0) return null;
  const points: CurvePoint[] = [];
  for (let k = positions - 1; k >= 0; k--) {
    const position = Math.floor((k * (ok.length - 1)) / (positions - 1));
    points.push({ x: 1 - (position + 1) / ok.length, y: overlapAbove(components, ok[position]!) });
  }
  points.push({ x: 1, y: 1 });
  return areaUpTo(points, limit) / limit;
}

/** Trapezoids under points of rising x, the last one cut at the limit by linear interpolation. */
function areaUpTo(points: readonly CurvePoint[], limit: number): number {
  let area = 0;
  for (let i = 1; i < points.length; i++) {
    const [a, b] = [points[i - 1]!, points[i]!];
    if (b.x <= limit) {
      area += ((a.y + b.y) / 2) * (b.x - a.x);
    } else if (a.x < limit) {
      const cut = a.y + ((b.y - a.y) * (limit - a.x)) / (b.x - a.x);
      return area + ((a.y + cut) / 2) * (limit - a.x);
    }
  }
  return area;
}

const drawnPoints = 240;

/** The PRO curve to draw, from (0,0): denser towards small rates, where it bends. */
export function proCurve(ok: Scores, components: readonly Scores[], limit: number): CurvePoint[] {
  if (ok.length === 0 || components.length === 0) return [];
  const points: CurvePoint[] = [{ x: 0, y: 0 }];
  for (let k = 0; k <= drawnPoints; k++) {
    const above = Math.min(ok.length - 1, Math.floor(limit * (k / drawnPoints) ** 3 * ok.length));
    const threshold = ok[ok.length - 1 - above]!;
    const x = 1 - countUpTo(ok, threshold) / ok.length;
    points.push({ x, y: overlapAbove(components, threshold) });
  }
  return points;
}
