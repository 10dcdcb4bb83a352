/**
 * Where a line's verdicts go, as the line sees it: who stands behind the sink journals first and publishes after.
 *
 * The seam of promise 2: the line tells each verdict once, in trigger order; the sink answers whether the record was
 * committed. Publishing is the sink's business, and so is holding a pass back until its commit: where the commit
 * fails, what goes out is `withoutCommit(record)`.
 */
import type { PairImages, Reading } from '../inference/port.ts';
import type { Mask, PartOrigin, VerdictRecord } from './verdict.ts';

export interface OpenedPart {
  readonly lineId: string;
  readonly trigger: number;
  readonly partId: string | null;
  readonly origin: PartOrigin;
  /** Wall clock. */
  readonly openedAtMs: number;
  readonly deadlineMs: number;
}

/** What was seen of a part. Its memory is the cameras' own: valid only during the call of `closed`, copy to keep. */
export interface PartEvidence {
  readonly pair: PairImages;
  readonly reading: Reading | null;
  readonly mask: Mask | null;
}

export interface VerdictSink {
  /**
   * A part was opened: journals it and answers its sequence, at once and always. A journal that cannot write still
   * counts on in memory; the failure shows at `closed`.
   */
  opened(part: OpenedPart): number;
  /** Both images of the part are here. Of no consequence for its verdict; left out where no progress is shown. */
  acquired?(sequence: number): void;
  /** A part was judged. In trigger order. Resolves true once the record is committed, false where it cannot be. */
  closed(record: VerdictRecord, evidence: PartEvidence | null): Promise<boolean>;
  /** A reading came for a part that was closed before: kept as evidence at most, never a verdict. */
  late?(sequence: number, reading: Reading): void;
}

/** What may go out of a record that could not be committed: no pass, everything else as it is. */
export function withoutCommit(record: VerdictRecord, cause: string): VerdictRecord {
  if (record.decision !== 'pass') return record;
  return { ...record, decision: 'undecided', reason: 'journal', detail: cause };
}
