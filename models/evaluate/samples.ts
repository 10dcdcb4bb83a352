/**
 * A judged test part, as the evaluation takes it, and the checks that make its figures mean something.
 * Refuses what contradicts itself: sizes that differ, a good part with a defect mask, a pass at or above the threshold.
 */
import { fail } from '../../errors.ts';

/** The kind of a part without defect; every other kind is a defect. */
export const good = 'good';

export const sourceNames = ['both', 'network', 'geometry'] as const;
export type SourceName = (typeof sourceNames)[number];

export interface Scored {
  /** NaN = no score (the part was undecided before it had one); it counts as the lowest. */
  score: number;
  /** [heightPx, widthPx] at the resolution of the ground truth; NaN = not judged, counts as the lowest. */
  map: Float32Array;
}

export interface Sample {
  id: string;
  /** `good` or the kind of defect. */
  kind: string;
  /** Source image or time block: parts of one group resemble each other. */
  group: string;
  /** How grave its defect is, where the recording says: `faint`, `middle`, `gross` or words of its own. */
  severity?: string | null;
  /** [heightPx, widthPx], > 0 = defect. Null: no defect (good part), or not annotated (kept out of pixel figures). */
  truth: Uint8Array | null;
  widthPx: number;
  heightPx: number;
  outcome: 'pass' | 'fail' | 'undecided';
  /** Null where the bundle has no such source; then it is null for every part. */
  sources: { both: Scored; network: Scored | null; geometry: Scored | null };
}

/** Throws `evaluate/sample` naming what contradicts what. */
export function checkSample(sample: Sample, threshold: number): void {
  const { id, truth, widthPx, heightPx, outcome } = sample;
  const refuse = (what: string, actual: string | number, expected: string): never => {
    throw fail('evaluate/sample', { id, what, actual, expected });
  };
  const pixels = widthPx * heightPx;
  if (!Number.isSafeInteger(pixels) || pixels <= 0) refuse('size', `${widthPx} x ${heightPx}`, 'whole pixels, not 0');
  if (truth !== null && truth.length !== pixels) refuse('truth', `${truth.length} pixels`, `${pixels} pixels`);
  if (sample.kind === good && truth?.some((value) => value !== 0))
    refuse('kind', good, 'a kind of defect: it has a mask');
  for (const name of sourceNames) {
    const source = sample.sources[name];
    if (source === null) continue;
    if (source.map.length !== pixels) refuse(`${name} map`, `${source.map.length} pixels`, `${pixels} pixels`);
    if (Math.abs(source.score) === Infinity) refuse(`${name} score`, source.score, 'a number, NaN = no score');
  }
  const { score } = sample.sources.both;
  if (Number.isNaN(score) && outcome !== 'undecided') refuse('outcome', outcome, 'undecided: it has no score');
  if (outcome === 'pass' && !(score < threshold))
    refuse('outcome', outcome, `no pass: score ${score}, threshold ${threshold}`);
}
