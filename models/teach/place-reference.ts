/**
 * What is normal at a place, from moments over good parts, as far as places differ by more than chance. Fixtured parts
 * keep their relief and the play of every edge; parts that lie loose, or tiles of one surface, get one reference for
 * all places. Parts of one group (tiles of one image) resemble each other, so chance is counted in groups, not parts.
 */
import type { PlaceMoments } from './statistics.ts';

export interface PlaceReference {
  /** In the units of what was measured, one value a place. */
  mean: Float32Array;
  spread: Float32Array;
}

/** A place's mean counts as far as it stands out of its own uncertainty: 1 - surely / t^2 of it, nothing below. */
const surely = 4;
/** No place is steadier than this share of the usual spread: with a few dozen parts that would be luck. */
const leastShare = 0.1;
/** Spreads below this are rounding. */
const leastSpread = 1e-4;

/** `middle` is what a mean shrinks towards; `own` keeps it as it is. */
export function placeReference(
  moments: PlaceMoments,
  groups: number,
  middle: number | 'own' | 'usual',
): PlaceReference {
  const [mean, variance] = [moments.mean(), moments.variance()];
  const common = average(variance);
  const mix = chanceShare(variance, moments.fourth(), groups);
  const floor = Math.max(leastShare * Math.sqrt(common), leastSpread);
  const spread = Float32Array.from(variance, (v) => Math.max(Math.sqrt(v * (1 - mix) + common * mix), floor));
  if (middle === 'own') return { mean: Float32Array.from(mean), spread };
  const towards = middle === 'usual' ? average(mean) : middle;
  const shrunk = Float32Array.from(mean, (m, place) => {
    const t2 = (groups * (m - towards) ** 2) / Math.max(variance[place]!, leastSpread ** 2);
    return towards + (m - towards) * Math.max(0, 1 - surely / Math.max(t2, surely));
  });
  return { mean: shrunk, spread };
}

/**
 * The share of the differences between places' variances that chance alone explains (empirical Bayes): the sampling
 * variance of a variance is (fourth moment - variance^2) / n.
 */
function chanceShare(variance: Float64Array, fourth: Float64Array, groups: number): number {
  const mean = average(variance);
  const differences = average(variance.map((v) => (v - mean) ** 2));
  const chance = average(variance.map((v, i) => Math.max(0, fourth[i]! - v * v) / Math.max(groups, 1e-9)));
  return differences > 0 ? Math.min(1, chance / differences) : 1;
}

const average = (values: Float64Array): number => values.reduce((sum, value) => sum + value, 0) / values.length;
