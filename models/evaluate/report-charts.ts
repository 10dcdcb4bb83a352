/**
 * The drawings of the report, as SVG text: score histogram, ROC, PRO and teaching curve.
 * Nothing is computed here that is also a figure.
 */
import type { CurvePoint } from './roc.ts';
import { bottom, escaped, frame, line, px, right, rounded, short, svg, text, xLabel, xTick } from './svg.ts';

export interface Series {
  name: string;
  /** Class of the style: `both`, `network`, `geometry`. */
  css: string;
  points: readonly CurvePoint[];
}

export interface Axes {
  title: string;
  x: string;
  xMax: number;
  /** Vertical marks with a name, such as the strict limit of the PRO curve. */
  marks?: { x: number; name: string }[];
}

/** Curves over rates: y from 0 to 1, x from 0 to a limit. Names stand in the page's legend, not in the drawing. */
export function rateChart(axes: Axes, series: readonly Series[]): string {
  const toX = (x: number): number => frame.left + (Math.min(x, axes.xMax) / axes.xMax) * frame.width;
  const toY = (y: number): number => bottom - y * frame.height;
  const body: string[] = [];
  for (const y of [0, 0.25, 0.5, 0.75, 1]) {
    body.push(line(frame.left, toY(y), right, toY(y), y === 0 ? 'axis' : 'grid'));
    body.push(text(frame.left - 7, toY(y) + 4, short(y), 'end'));
  }
  for (let k = 0; k <= 5; k++) body.push(xTick(toX((axes.xMax * k) / 5), short(rounded((axes.xMax * k) / 5))));
  for (const mark of axes.marks ?? []) {
    body.push(line(toX(mark.x), frame.top, toX(mark.x), bottom, 'mark'));
    body.push(text(toX(mark.x) + 4, bottom - 6, mark.name, 'start'));
  }
  for (const { name, css, points } of series) {
    const path = points.map((point) => `${px(toX(point.x))},${px(toY(point.y))}`).join(' ');
    body.push(`<polyline class="curve ${css}" points="${path}"><title>${escaped(name)}</title></polyline>`);
  }
  return svg(axes.title, [...body, xLabel(axes.x)]);
}

/** Loss over epochs; the axis is logarithmic where the loss falls by more than ten times. */
export function teachingChart(loss: readonly number[]): string {
  const values = loss.filter((value) => Number.isFinite(value));
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const logarithmic = low > 0 && high > 10 * low;
  const of = (value: number): number => (logarithmic ? Math.log10(value) : value);
  const base = logarithmic ? of(low) : Math.min(0, low);
  const span = of(high) - base || 1;
  const toX = (epoch: number): number => frame.left + (epoch / Math.max(1, loss.length - 1)) * frame.width;
  const toY = (value: number): number => bottom - ((of(value) - base) / span) * frame.height;
  const body: string[] = [];
  for (let k = 0; k <= 4; k++) {
    const at = base + (span * k) / 4;
    const y = bottom - (frame.height * k) / 4;
    body.push(line(frame.left, y, right, y, k === 0 ? 'axis' : 'grid'));
    body.push(text(frame.left - 7, y + 4, short(rounded(logarithmic ? 10 ** at : at)), 'end'));
  }
  const step = Math.max(1, Math.round((loss.length - 1) / 4));
  for (let epoch = 0; epoch < loss.length; epoch += step) body.push(xTick(toX(epoch), `${epoch + 1}`));
  const path = loss
    .flatMap((value, i) => (Number.isFinite(value) ? [`${px(toX(i))},${px(toY(value))}`] : []))
    .join(' ');
  body.push(`<polyline class="curve both" points="${path}"/>`);
  return svg('Loss over the epochs of teaching', [
    ...body,
    xLabel(`epoch${logarithmic ? ' (loss: logarithmic)' : ''}`),
  ]);
}

/** As many bars as the scores can fill. */
const mostBins = 48;
const leastBins = 16;
const binsFor = (scores: number): number =>
  Math.min(mostBins, Math.max(leastBins, Math.round(2.5 * Math.sqrt(scores))));

/**
 * Good parts upwards, defective ones downwards, over one axis of scores, with the threshold between them. Where no
 * score is of a defective part, the good ones have the whole height.
 */
export function scoreHistogram(good: readonly number[], defective: readonly number[], threshold: number): string {
  const drawn = [good, defective].map((scores) => scores.filter((score) => Number.isFinite(score)));
  const all = [...drawn.flat(), threshold];
  const axis = scoreAxis(all, threshold);
  const bins = binsFor(all.length);
  const counts = drawn.map((scores) => {
    const many = new Array<number>(bins).fill(0);
    for (const score of scores) many[Math.min(bins - 1, Math.floor(axis.share(score) * bins))]!++;
    return many;
  }) as [number[], number[]];
  const [tallestGood, tallestBad] = counts.map((some) => Math.max(1, ...some)) as [number, number];
  const both = defective.length > 0;
  const base = both ? frame.top + frame.height / 2 : bottom;
  // each class has a scale of its own: a test set often has ten times more of one than of the other
  const room = (both ? frame.height / 2 : frame.height) - 12;
  const body = [
    ...bars(counts[0], base, room / tallestGood, 'good'),
    ...bars(counts[1], base, -room / tallestBad, 'bad'),
  ];
  const at = frame.left + axis.share(threshold) * frame.width;
  body.push(line(frame.left, base, right, base, 'axis'), line(at, frame.top, at, bottom, 'threshold'));
  const late = axis.share(threshold) > 0.6;
  const words = `threshold ${short(Number(threshold.toPrecision(4)))}`;
  body.push(text(at + (late ? -5 : 5), frame.top + 9, words, late ? 'end' : 'start'));
  const label = (up: number, count: number): string => text(frame.left - 7, base - up + 4, `${count}`, 'end');
  body.push(label(room, tallestGood), label(0, 0), both ? label(-room, tallestBad) : '');
  for (const tick of axis.ticks) body.push(xTick(frame.left + axis.share(tick) * frame.width, short(tick)));
  const under = axis.stretched ? 'score (stretched around the threshold)' : 'score';
  const title = both ? 'Scores of good (up) and defective (down) parts' : 'Scores of good parts';
  return svg(title, [...body, xLabel(under)]);
}

/** Upwards from the base, or downwards where the unit is negative. */
function bars(counts: readonly number[], base: number, unit: number, css: string): string[] {
  const width = frame.width / counts.length;
  return counts.flatMap((count, bin) => {
    if (count === 0) return [];
    const height = count * Math.abs(unit);
    const place = `x="${px(frame.left + bin * width + 0.5)}" y="${px(unit > 0 ? base - height : base)}"`;
    return [`<rect class="${css}" ${place} width="${px(width - 1)}" height="${px(height)}"/>`];
  });
}

interface ScoreAxis {
  /** Place of a score on the axis, 0..1. */
  share(score: number): number;
  ticks: number[];
  stretched: boolean;
}

/**
 * Linear, unless defects lie so far out that all good parts would share one bar; then asinh around the threshold, whose
 * unit is the distance from the threshold to the farther end of the half of the scores nearest to it.
 */
function scoreAxis(scores: readonly number[], threshold: number): ScoreAxis {
  const [low, high] = [Math.min(...scores), Math.max(...scores)];
  const distances = scores.map((score) => Math.abs(score - threshold)).sort((a, b) => a - b);
  const unit = distances[Math.floor(distances.length / 2)] || high - low || 1;
  const stretched = high - low > 10 * unit;
  const of = (score: number): number => (stretched ? Math.asinh((score - threshold) / unit) : score);
  const back = (value: number): number => (stretched ? threshold + unit * Math.sinh(value) : value);
  const margin = (of(high) - of(low) || 1) * 0.03;
  const [from, to] = [of(low) - margin, of(high) + margin];
  const share = (score: number): number => (of(score) - from) / (to - from);
  const ticks = [0, 1, 2, 3, 4, 5].map((k) => rounded(back(from + ((to - from) * k) / 5)));
  const inside = [...new Set(ticks)].filter((tick) => share(tick) >= 0 && share(tick) <= 1);
  return { share, ticks: inside, stretched };
}
