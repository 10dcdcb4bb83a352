/** How sure a figure is, by resampling whole groups of test parts: parts of one source image resemble each other. */
import { groupInterval, type Interval, leastGroups } from './bootstrap.ts';
import type { Detail, JudgedImage } from './evaluate.ts';
import { auroc } from './roc.ts';
import { good, type SourceName } from './samples.ts';
import { sortScores } from './sorted.ts';

/** More do not change the interval's second digit. */
const resamples = 1000;

/** 95 % interval of the image AUROC of one source; null where it has none, or the groups are too few to tell. */
export function imageAurocInterval(
  { images }: Detail,
  source: SourceName,
  random: { uniform(): number },
): Interval | null {
  const unscored = images.every((image) => Number.isNaN(image.scores[source]));
  if (unscored || new Set(images.map(({ group }) => group)).size < leastGroups) return null;
  const scoresOf = (some: readonly JudgedImage[]): Float64Array =>
    sortScores(Float64Array.from(some, (image) => image.scores[source]));
  const figure = (some: readonly JudgedImage[]): number | null =>
    auroc(scoresOf(some.filter(({ kind }) => kind === good)), scoresOf(some.filter(({ kind }) => kind !== good)));
  return groupInterval(images, (image) => image.group, figure, { resamples, random });
}
