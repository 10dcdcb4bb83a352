/**
 * The suite: the set of synthetic parts on which detection is measured against severity. Good parts to teach on and
 * to test on, and for each kind the same defective parts at each level.
 *
 * The number of a part depends on its place in the whole suite only, so that a smaller set (one level, some kinds,
 * fewer parts) holds the very images the whole one has.
 */
import { invariant } from '../../errors.ts';
import { type Level, levelNames } from './amounts.ts';
import { allKindNames, type DefectKind, defectKindNames } from './defects.ts';
import { numbered, type PartSet, type SetEntry } from './export.ts';
import { suiteFacts, suiteMissingShare } from './suite-facts.ts';

export interface SuiteSettings {
  train?: number;
  validation?: number;
  good?: number;
  perKind?: number;
  kinds?: readonly DefectKind[];
  levels?: readonly Level[];
}

export const suiteDefaults = { train: 120, validation: 120, good: 200, perKind: 50 } as const;
/** Most good parts of a split and defective parts of a kind. */
export const suiteMostParts = 10_000;

/** What to write, in order. */
export function suiteSet(settings: SuiteSettings = {}): PartSet {
  const { train, validation, good, perKind } = { ...suiteDefaults, ...settings };
  const { kinds = defectKindNames, levels = levelNames } = settings;
  const goodParts = (folder: string, block: number, count: number): SetEntry[] =>
    Array.from({ length: count }, (_, i) => ({ part: numberOf(block, i), folder, name: numbered(i), defect: null }));
  const badParts = (kind: DefectKind): SetEntry[] =>
    levels.flatMap((level) =>
      Array.from({ length: perKind }, (_, i) => ({
        part: numberOf(3 + allKindNames.indexOf(kind), i),
        folder: `test/${kind}`,
        name: `${level}-${numbered(i)}`,
        defect: { kind, severity: level },
        level,
        // one part at three levels: not independent of one another
        group: `${kind}/${numbered(i)}`,
      })),
    );
  return {
    entries: [
      ...goodParts('train/good', 0, train),
      ...goodParts('validation/good', 1, validation),
      ...goodParts('test/good', 2, good),
      ...kinds.flatMap(badParts),
    ],
    missingShare: suiteMissingShare,
    facts: suiteFacts(kinds, levels),
  };
}

function numberOf(block: number, index: number): number {
  invariant(index < suiteMostParts, `part ${index} of a block of ${suiteMostParts}`);
  return 1 + block * suiteMostParts + index;
}
