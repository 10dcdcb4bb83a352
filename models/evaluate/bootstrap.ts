/**
 * How far a figure would move with other parts of the same kind: percentile intervals by resampling whole groups.
 *
 * Tiles of one source image, or parts of one time block, resemble each other; resampling images one by one would make
 * the interval too narrow. Randomness is passed in. A resample that lacks a class has no figure: it is left out and
 * counted. Fewer than `leastGroups` groups are refused, because their interval would look exact and mean nothing.
 */
import { fail, invariant } from '../../errors.ts';

export interface Resampling {
  /** Uniform in [0, 1). */
  random: { uniform(): number };
  resamples?: number;
  /** Coverage of the interval, 0.95 unless told. */
  level?: number;
}

export interface Interval {
  /** The figure on all items. */
  value: number | null;
  low: number | null;
  high: number | null;
  groups: number;
  resamples: number;
  /** Resamples that had no figure (a class was missing). */
  leftOut: number;
}

export interface Difference extends Interval {
  /** Share of the resamples in which the first figure was not larger than the second. */
  notLargerShare: number | null;
}

/** Enough that the 2.5 % tails hold 25 values each. */
const defaultResamples = 1000;
/** Five groups have 126 distinct resamples; below that the tails are made of a handful of values. */
export const leastGroups = 5;

/** Interval of one figure, by group. */
export function groupInterval<T>(
  items: readonly T[],
  groupOf: (item: T) => string,
  figure: (items: readonly T[]) => number | null,
  resampling: Resampling,
): Interval {
  return summary(figure(items), resampled(items, groupOf, figure, resampling), resampling.level ?? 0.95);
}

/**
 * Interval of `first - second`, both taken on the same resample: what two models say of one part goes in or out
 * together, so that hard parts do not blur their difference.
 */
export function pairedDifference<T>(
  items: readonly T[],
  groupOf: (item: T) => string,
  first: (items: readonly T[]) => number | null,
  second: (items: readonly T[]) => number | null,
  resampling: Resampling,
): Difference {
  const difference = (some: readonly T[]): number | null => {
    const [a, b] = [first(some), second(some)];
    return a === null || b === null ? null : a - b;
  };
  const drawn = resampled(items, groupOf, difference, resampling);
  const notLarger = drawn.values.filter((value) => value <= 0).length;
  return {
    ...summary(difference(items), drawn, resampling.level ?? 0.95),
    notLargerShare: drawn.values.length === 0 ? null : notLarger / drawn.values.length,
  };
}

interface Drawn {
  values: number[];
  groups: number;
  resamples: number;
}

function resampled<T>(
  items: readonly T[],
  groupOf: (item: T) => string,
  figure: (items: readonly T[]) => number | null,
  { random, resamples = defaultResamples }: Resampling,
): Drawn {
  const byGroup = Map.groupBy(items, groupOf);
  const groups = [...byGroup.values()];
  if (groups.length < leastGroups) throw fail('evaluate/groups', { found: groups.length, expected: leastGroups });
  const values: number[] = [];
  for (let round = 0; round < resamples; round++) {
    const some: T[] = [];
    for (let k = 0; k < groups.length; k++) {
      for (const item of groups[Math.floor(random.uniform() * groups.length)]!) some.push(item);
    }
    const value = figure(some);
    if (value !== null) values.push(value);
  }
  return { values: values.sort((a, b) => a - b), groups: groups.length, resamples };
}

function summary(value: number | null, drawn: Drawn, level: number): Interval {
  invariant(level > 0 && level < 1, `interval of level ${level}`);
  const { values, groups, resamples } = drawn;
  const tail = (1 - level) / 2;
  return {
    value,
    low: quantile(values, tail),
    high: quantile(values, 1 - tail),
    groups,
    resamples,
    leftOut: resamples - values.length,
  };
}

/** Quantile of ascending values, linear between neighbours. */
function quantile(values: readonly number[], share: number): number | null {
  if (values.length === 0) return null;
  const at = share * (values.length - 1);
  const low = Math.floor(at);
  const below = values[low]!;
  const above = values[Math.min(values.length - 1, low + 1)]!;
  return below + (above - below) * (at - low);
}
