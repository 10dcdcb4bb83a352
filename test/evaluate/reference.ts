/** The slow, obvious forms of the figures, written from their definitions alone: quadratic, for small random cases. */

/** Every pair compared. */
export function slowAuroc(good: readonly number[], defective: readonly number[]): number {
  let sum = 0;
  for (const bad of defective) for (const fine of good) sum += bad > fine ? 1 : bad === fine ? 0.5 : 0;
  return sum / (good.length * defective.length);
}

const shareOf = (values: readonly number[], is: (value: number) => boolean): number =>
  values.filter(is).length / values.length;

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

/** The curve point by point, from (0,0) over every distinct score. */
export function slowCurve(ok: readonly number[], components: readonly number[][]): [number, number][] {
  const thresholds = [...new Set([...ok, ...components.flat()])].sort((a, b) => b - a);
  const points = thresholds.map((threshold): [number, number] => [
    shareOf(ok, (score) => score >= threshold),
    mean(components.map((component) => shareOf(component, (score) => score >= threshold))),
  ]);
  return [[0, 0], ...points];
}

/** Trapezoids, interpolated at the limit. */
export function slowArea(points: readonly [number, number][], limit: number): number {
  let area = 0;
  for (let i = 1; i < points.length; i++) {
    const [x0, y0] = points[i - 1]!;
    const [x1, y1] = points[i]!;
    if (x0 >= limit) break;
    const end = Math.min(x1, limit);
    const yEnd = x1 === x0 ? y1 : y0 + ((y1 - y0) * (end - x0)) / (x1 - x0);
    area += ((y0 + yEnd) / 2) * (end - x0);
  }
  return area;
}

export const slowAupro = (ok: readonly number[], components: readonly number[][], limit: number): number =>
  slowArea(slowCurve(ok, components), limit) / limit;

/** The 100-threshold form as its description gives it: positions in the sorted OK scores, overlap strictly above. */
export function slowAuproAt100(ok: readonly number[], components: readonly number[][], limit: number): number {
  const sorted = [...ok].sort((a, b) => a - b);
  const points: [number, number][] = [[1, 1]];
  for (let k = 0; k < 100; k++) {
    const position = Math.floor((k * (sorted.length - 1)) / 99);
    const overlaps = components.map((component) => shareOf(component, (score) => score > sorted[position]!));
    points.push([1 - (position + 1) / sorted.length, mean(overlaps)]);
  }
  return slowArea(points.reverse(), limit) / limit;
}

/** F1 at every score there is. */
export function slowF1Max(good: readonly number[], defective: readonly number[]): number {
  return Math.max(
    ...[...good, ...defective].map((threshold) => {
      const found = defective.filter((score) => score >= threshold).length;
      const alarms = good.filter((score) => score >= threshold).length;
      const precision = found + alarms === 0 ? 0 : found / (found + alarms);
      const recall = found / defective.length;
      return precision + recall === 0 ? 0 : (2 * precision * recall) / (precision + recall);
    }),
  );
}

/** Labels spread to the eight neighbours until nothing changes; returns the label of each pixel, 0 = outside. */
export function slowLabels(mask: Uint8Array, width: number, height: number): number[] {
  const labels = Array.from(mask, (value, i) => (value === 0 ? 0 : i + 1));
  for (let changed = true; changed; ) {
    changed = false;
    for (let i = 0; i < labels.length; i++) {
      for (let j = 0; j < labels.length; j++) {
        const apart = Math.max(
          Math.abs((i % width) - (j % width)),
          Math.abs(Math.floor(i / width) - Math.floor(j / width)),
        );
        if (apart > 1 || labels[i] === 0 || labels[j] === 0 || labels[j]! >= labels[i]!) continue;
        labels[i] = labels[j]!;
        changed = true;
      }
    }
  }
  if (labels.length !== width * height) throw new Error('mask size');
  return labels;
}
