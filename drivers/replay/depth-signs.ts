/**
 * Depth in the units of its file: brought to mm, and looked at for what is seldom meant. What a missing reading is
 * written as, and what a unit is, no image says; a wrong answer teaches without a word and judges worse.
 */
/** What may be asked about a folder's depth, and answered by `acceptDepth` in dataset.json. */
export const doubtNames = ['unit', 'loneValue', 'impossible', 'eightBit', 'constant'] as const;
export type DoubtName = (typeof doubtNames)[number];

/** What dataset.json says of the depth of all parts. */
export interface DepthAnswers {
  rangeMm: readonly [number, number] | null;
  accepted: readonly DoubtName[];
}

export interface RawDepth {
  widthPx: number;
  heightPx: number;
  /** [heightPx, widthPx], in units of the file. */
  units: Uint16Array | Float32Array;
}

/** How the units of a layout are read. */
export interface DepthScale {
  mmPerUnit: number;
  /** Distance of unit 0. */
  offsetMm?: number;
  /** Units that stand for a missing reading. */
  missing: readonly number[];
}

/** One value that many pixels have, and that lies far from all others. */
export interface LoneValue {
  unit: number;
  mm: number;
  /** Of all pixels. */
  share: number;
  /** Where 90 % of the others lie. */
  restMm: readonly [number, number];
}

export interface DepthSigns {
  widthPx: number;
  heightPx: number;
  /** Of all pixels. */
  missingShare: number;
  /** null without a reading. */
  medianMm: number | null;
  leastMm: number | null;
  /** Of all pixels: readings that no camera has, below 0 or beyond `farthestMm`; one is enough to spoil a part. */
  impossibleShare: number;
  mostMm: number | null;
  lone: LoneValue | null;
  /** 16-bit units that only ever take values which 8 bit can hold. */
  eightBit: boolean;
}

/** [heightPx, widthPx], mm, 0 = no reading. */
export function toMm(raw: RawDepth, scale: DepthScale): { widthPx: number; heightPx: number; depthMm: Float32Array } {
  const { mmPerUnit, offsetMm = 0 } = scale;
  const isMissing = missingIn(scale);
  const depthMm = Float32Array.from(raw.units, (unit) => (isMissing(unit) ? 0 : unit * mmPerUnit + offsetMm));
  return { widthPx: raw.widthPx, heightPx: raw.heightPx, depthMm };
}

/** 100 m: no part is farther, and marks for "no reading" of floats are, as 3.4e38. */
export const farthestMm = 100_000;

/** Pixels looked at: an even choice of a larger image. */
const mostLookedAt = 200_000;

export function signsOf(raw: RawDepth, scale: DepthScale): DepthSigns {
  const { widthPx, heightPx, units } = raw;
  const { mmPerUnit, offsetMm = 0 } = scale;
  const isMissing = missingIn(scale);
  const step = Math.ceil(units.length / mostLookedAt);
  const looked = Math.ceil(units.length / step);
  const readings = new Float32Array(looked);
  let count = 0;
  for (let i = 0; i < units.length; i += step) if (!isMissing(units[i]!)) readings[count++] = units[i]!;
  const sorted = readings.subarray(0, count).sort();
  const mm = (unit: number | undefined): number | null => (unit === undefined ? null : unit * mmPerUnit + offsetMm);
  const medianMm = mm(sorted[count >> 1]);
  // whoever means a line of giants has all of it there
  const mostMm = Math.max(farthestMm, (medianMm ?? 0) * 100);
  let impossible = 0;
  for (const unit of units) {
    const reading = unit * mmPerUnit + offsetMm;
    if (!(reading >= 0 && reading <= mostMm) && !isMissing(unit)) impossible++;
  }
  const lone = loneValue(sorted, looked, units instanceof Uint16Array);
  return {
    widthPx,
    heightPx,
    missingShare: 1 - count / looked,
    medianMm,
    leastMm: mm(sorted[0]),
    impossibleShare: impossible / units.length,
    mostMm: mm(sorted[count - 1]),
    lone: lone && { ...lone, mm: mm(lone.unit)!, restMm: [mm(lone.rest[0])!, mm(lone.rest[1])!] },
    eightBit: units instanceof Uint16Array && holdsEightBit(sorted),
  };
}

function missingIn({ missing }: DepthScale): (unit: number) => boolean {
  const single = missing.map(Math.fround);
  return (unit) => !Number.isFinite(unit) || single.includes(unit);
}

/** Of the pixels: fewer are lost readings at edges, which the networks are used to. */
const leastShare = 0.005;
/** How far from the rest, in widths of the rest, and in parts of its distance: a belt below a part is nearer. */
const farWidths = 2;
const farShare = 0.05;
/** Readings beside the value, in parts of its count: a surface has some, a mark for "no reading" has none. */
const mostBeside = 0.1;
/** What sensors write for "no reading" in 16 bit, whatever lies beside it. */
const topUnit = 65_530;

function loneValue(
  sorted: Float32Array,
  pixels: number,
  whole: boolean,
): { unit: number; share: number; rest: [number, number] } | null {
  const least = Math.max(2, Math.floor(pixels * leastShare) + 1);
  for (let from = 0, to = 0; from < sorted.length; from = to) {
    const unit = sorted[from]!;
    to = upperBound(sorted, unit);
    const run = to - from;
    const others = sorted.length - run;
    if (run < least || others < least) continue;
    const other = (share: number): number => {
      const at = Math.min(others - 1, Math.floor(others * share));
      return sorted[at < from ? at : at + run]!;
    };
    const [low, middle, high] = [other(0.05), other(0.5), other(0.95)];
    const away = Math.max(unit - high, low - unit);
    if (!(away > farWidths * (high - low) && away > farShare * Math.abs(middle))) continue;
    const edge = unit > high ? unit - away / 2 : unit + away / 2;
    const beyond = unit > high ? sorted.length - upperBound(sorted, edge) : upperBound(sorted, edge);
    if (beyond - run > mostBeside * run && !(whole && unit >= topUnit)) continue;
    return { unit, share: run / pixels, rest: [low, high] };
  }
  return null;
}

/** Index behind the last element that is at most `value`. */
function upperBound(sorted: Float32Array, value: number): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]! <= value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Of one value only, nobody can tell. */
function holdsEightBit(sorted: Float32Array): boolean {
  if (sorted.length === 0 || sorted[0] === sorted.at(-1)) return false;
  return sorted.at(-1)! <= 255 || [256, 257].some((step) => sorted.every((unit) => unit % step === 0));
}
