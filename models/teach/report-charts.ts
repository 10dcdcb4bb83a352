/** The drawing of how sure a false-reject rate is: the Beta distribution of what the held-out parts leave open. */
import { bottom, frame, line, px, right, svg, text, xLabel, xTick } from '../evaluate/svg.ts';

export interface RateBelief {
  /** The threshold is the k-th largest of n held-out scores: the rate is a Beta(k, n + 1 - k). */
  k: number;
  n: number;
  wanted: number;
  expected: number;
  interval95: readonly [number, number];
}

const points = 160;

/** The next of 1, 2, 5, 10 times a power of ten. */
function niceStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(least));
  return power * [1, 2, 5, 10].find((factor) => factor * power >= least)!;
}

export function rateChart({ k, n, wanted, expected, interval95: [low, high] }: RateBelief): string {
  const most = Math.min(1, Math.max(1.6 * high, 1.4 * wanted));
  // relative to the highest point drawn, in logarithms: a factorial of a thousand parts is no number
  const logDensity = (x: number): number => (k - 1) * Math.log(x) + (n - k) * Math.log1p(-x);
  const xs = Array.from({ length: points }, (_, i) => (most * (i + 0.5)) / points);
  const peak = Math.max(...xs.map(logDensity));
  const toX = (x: number): number => frame.left + (x / most) * frame.width;
  const toY = (x: number): number => bottom - Math.exp(logDensity(x) - peak) * (frame.height - 24);
  const path = (some: readonly number[]): string => some.map((x) => `${px(toX(x))},${px(toY(x))}`).join(' ');
  const inside = xs.filter((x) => x >= low && x <= high);
  const body: string[] = [];
  if (inside.length > 1) {
    const [first, last] = [inside[0]!, inside.at(-1)!];
    const corners = `${px(toX(first))},${bottom} ${path(inside)} ${px(toX(last))},${bottom}`;
    body.push(`<polygon class="belief" points="${corners}"/>`);
  }
  body.push(line(frame.left, bottom, right, bottom, 'axis'));
  body.push(`<polyline class="curve both" points="${path(xs)}"/>`);
  const marks: [number, string, string, boolean][] = [
    [expected, 'expected', 'mark', expected < wanted],
    [wanted, 'asked for', 'threshold', wanted <= expected],
  ];
  for (const [x, name, css, left] of marks) {
    body.push(line(toX(x), frame.top, toX(x), bottom, css));
    body.push(text(toX(x) + (left ? -5 : 5), frame.top + 9, name, left ? 'end' : 'start'));
  }
  const step = niceStep(most / 5);
  for (let x = 0; x <= most; x += step) body.push(xTick(toX(x), `${Number((100 * x).toPrecision(2))} %`));
  return svg('How likely each false-reject rate is', [...body, xLabel('good parts that will fail')]);
}
