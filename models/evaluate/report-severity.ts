/**
 * Detection against severity, a small drawing for each kind side by side: how far its parts are told from good ones
 * (image AUROC, a line) and the share that is not passed at the bundle's threshold (bars). One scale for all, so that
 * kinds can be compared by eye.
 */
import type { DefectFigures, KindFigures } from './kinds.ts';
import { escaped } from './report-charts.ts';

const frame = { left: 26, top: 10, width: 150, height: 84 };
const bottom = frame.top + frame.height;
const right = frame.left + frame.width;
const px = (value: number): string => value.toFixed(1);
const toY = (share: number): number => bottom - share * frame.height;

/** The drawings of all kinds that have severities; empty where none has. */
export function severityCharts(perKind: Readonly<Record<string, KindFigures>>): string {
  const kinds = Object.entries(perKind).filter(([, { severities }]) => Object.keys(severities).length > 0);
  if (kinds.length === 0) return '';
  const names = [...new Set(kinds.flatMap(([, { severities }]) => Object.keys(severities)))];
  const drawn = kinds.map(([kind, { severities }]) => {
    return `<figure><figcaption><b>${escaped(kind)}</b></figcaption>${chart(kind, names, severities)}</figure>`;
  });
  const legend =
    '<p class="soft"><i class="swatch found"></i>not passed at the threshold' +
    '<i class="swatch both"></i>image AUROC against the good parts</p>';
  return `${legend}<div class="small">${drawn.join('')}</div>`;
}

function chart(kind: string, names: readonly string[], severities: Readonly<Record<string, DefectFigures>>): string {
  const step = frame.width / names.length;
  const toX = (index: number): number => frame.left + (index + 0.5) * step;
  const body: string[] = [];
  for (const share of [0, 0.5, 1]) {
    const y = px(toY(share));
    body.push(`<line class="${share === 0 ? 'axis' : 'grid'}" x1="${frame.left}" y1="${y}" x2="${right}" y2="${y}"/>`);
    body.push(`<text x="${frame.left - 5}" y="${px(toY(share) + 4)}" text-anchor="end">${share}</text>`);
  }
  for (const [index, name] of names.entries()) {
    body.push(`<text x="${px(toX(index))}" y="${bottom + 15}" text-anchor="middle">${escaped(name)}</text>`);
    const missRate = severities[name]?.missRate ?? null;
    if (missRate === null) continue;
    const [width, height] = [0.5 * step, (1 - missRate) * frame.height];
    const title = `<title>${escaped(name)}: ${Math.round(100 * (1 - missRate))} % not passed</title>`;
    const place = `x="${px(toX(index) - width / 2)}" y="${px(bottom - height)}" width="${px(width)}"`;
    body.push(`<rect class="found" ${place} height="${px(height)}">${title}</rect>`);
  }
  const points = names.flatMap((name, index) => {
    const value = severities[name]?.imageAuroc ?? null;
    return value === null ? [] : [{ x: px(toX(index)), y: px(toY(value)), value }];
  });
  body.push(`<polyline class="curve both" points="${points.map(({ x, y }) => `${x},${y}`).join(' ')}"/>`);
  for (const { x, y, value } of points) {
    body.push(`<circle class="dot" cx="${x}" cy="${y}" r="2.8"><title>AUROC ${value.toFixed(3)}</title></circle>`);
  }
  const title = `Detection of ${escaped(kind)} against severity`;
  return `<svg viewBox="0 0 ${right + 6} ${bottom + 22}" role="img" aria-label="${title}">${body.join('')}</svg>`;
}
