/**
 * Figures kind by kind, and within a kind by severity where the recording says how grave each defect is.
 *
 * A kind stands for itself: its image AUROC is against all good parts, its AUPRO over the pixels of good parts and of
 * its own parts only, so that adding another kind to the test set changes none of its figures.
 */
import type { ClassPixels, DefectComponent, PartClass } from './pixels.ts';
import { auproOver } from './pro.ts';
import { auroc } from './roc.ts';
import { good } from './samples.ts';
import type { Scores } from './sorted.ts';

export interface DefectFigures {
  images: number;
  imageAuroc: number | null;
  aupro30: number | null;
  missRate: number | null;
}

export interface KindFigures extends DefectFigures {
  /** From faint to gross; empty where the recording tells no severities. */
  severities: Record<string, DefectFigures>;
}

/** The known severities in their order; what a recording calls otherwise comes after them by name. */
const rising = ['faint', 'middle', 'gross'];
/** The severity at which a set that has severities is summed up. */
export const middleSeverity = 'middle';

export interface KindInput<Image extends PartClass> {
  images: readonly Image[];
  classes: readonly ClassPixels[];
  components: readonly DefectComponent[];
  limit: number;
  /** Ascending. */
  scoresOf(images: readonly Image[]): Scores;
  missRateOf(images: readonly Image[]): number | null;
}

export function kindFigures<Image extends PartClass>(input: KindInput<Image>): Record<string, KindFigures> {
  const of: Record<string, KindFigures> = {};
  const bad = input.images.filter(({ kind }) => kind !== good);
  for (const [kind, images] of Map.groupBy(bad, (image) => image.kind)) {
    const severities: Record<string, DefectFigures> = {};
    for (const severity of severitiesOf(images)) {
      severities[severity] = figuresOf(input, (one) => one.kind === kind && one.severity === severity);
    }
    of[kind] = { ...figuresOf(input, (one) => one.kind === kind), severities };
  }
  return of;
}

function figuresOf<Image extends PartClass>(input: KindInput<Image>, is: (one: PartClass) => boolean): DefectFigures {
  const { images, classes, components, limit, scoresOf, missRateOf } = input;
  const own = images.filter(is);
  const goodScores = scoresOf(images.filter(({ kind }) => kind === good));
  const oks = classes.filter((one) => one.kind === good || is(one)).map(({ ok }) => ok);
  const regions = components.filter(is).map(({ scores }) => scores);
  return {
    images: own.length,
    imageAuroc: auroc(goodScores, scoresOf(own)),
    aupro30: auproOver(oks, regions, limit),
    missRate: missRateOf(own),
  };
}

/** The severities that occur, from faint to gross. */
export function severitiesOf(parts: readonly Pick<PartClass, 'severity'>[]): string[] {
  const found = new Set(parts.flatMap(({ severity }) => severity ?? []));
  return [...found].sort((a, b) => severityRank(a) - severityRank(b) || (a < b ? -1 : 1));
}

/** Higher is graver; what is not known comes after what is. */
export function severityRank(severity: string | null): number {
  if (severity === null) return -1;
  return rising.includes(severity) ? rising.indexOf(severity) : rising.length;
}

/** The figures of a kind in columns: one for each severity of the set, and one for kinds that have none. */
export function kindColumns(perKind: Readonly<Record<string, KindFigures>>): {
  names: string[];
  of(figures: KindFigures, name: string): DefectFigures | undefined;
} {
  const kinds = Object.values(perKind);
  const severities = severitiesOf(
    kinds.flatMap((kind) => Object.keys(kind.severities).map((severity) => ({ severity }))),
  );
  const someHaveNone = kinds.some((kind) => Object.keys(kind.severities).length === 0);
  const whole = 'all';
  return {
    names: [...severities, ...(someHaveNone ? [whole] : [])],
    of: (figures, name) => {
      if (name !== whole) return figures.severities[name];
      return Object.keys(figures.severities).length === 0 ? figures : undefined;
    },
  };
}

export interface KindSummary {
  mean: number;
  worst: number;
  worstKind: string;
}

/**
 * Mean and worst image AUROC over the kinds, each at this severity; a kind without severities counts as a whole, one
 * that has others but not this does not count. Null where no kind has a figure.
 */
export function summaryOfKinds(
  perKind: Readonly<Record<string, KindFigures>>,
  severity: string = middleSeverity,
): KindSummary | null {
  const found = Object.entries(perKind).flatMap(([kind, figures]) => {
    const whole = Object.keys(figures.severities).length === 0;
    const value = (whole ? figures : figures.severities[severity])?.imageAuroc ?? null;
    return value === null ? [] : [{ kind, value }];
  });
  if (found.length === 0) return null;
  const worst = found.reduce((least, one) => (one.value < least.value ? one : least));
  const mean = found.reduce((sum, { value }) => sum + value, 0) / found.length;
  return { mean, worst: worst.value, worstKind: worst.kind };
}
