/** A part while the line has it, and the record that is made of it once, when it is closed. */
import { invariant } from '../../errors.ts';
import type { Reading, ServedBundle } from '../inference/port.ts';
import type { HeldPair } from './held.ts';
import type { Judgement } from './judge.ts';
import { opened, type PartState } from './part.ts';
import type { PartEvidence } from './sink.ts';
import type { PartOrigin, VerdictRecord } from './verdict.ts';

export interface LinePart {
  readonly ordinal: number;
  readonly trigger: number;
  readonly partId: string | null;
  readonly origin: PartOrigin;
  readonly sequence: number;
  /** Monotonic, and the wall clock beside it. */
  readonly openedAtMs: number;
  readonly openedWallMs: number;
  /** Aborts the part's timers when it is closed. */
  readonly timers: AbortController;
  /** Counts against the limit of parts in flight. */
  admitted: boolean;
  state: PartState;
  held: HeldPair | null;
  /** The bundle that judged it, or was in service when it was opened. */
  bundle: ServedBundle | null;
  judged: { readonly reading: Reading; readonly judgement: Judgement } | null;
  closedAtMs: number;
  closedWallMs: number;
}

/** A part as its trigger opened it. */
export function newPart(
  trigger: Pick<LinePart, 'ordinal' | 'trigger' | 'partId' | 'origin' | 'sequence' | 'openedWallMs' | 'bundle'>,
  openedAtMs: number,
): LinePart {
  const unjudged = { admitted: false, state: opened, held: null, judged: null, closedAtMs: 0, closedWallMs: 0 };
  return { ...trigger, openedAtMs, timers: new AbortController(), ...unjudged };
}

export function recordOf(part: LinePart, line: { lineId: string; deadlineMs: number }): VerdictRecord {
  const { state, bundle, judged } = part;
  invariant(state.phase === 'closed', `a record was asked of a part that is ${state.phase}`);
  return {
    lineId: line.lineId,
    // Given by the journal that takes the record.
    epoch: null,
    resultId: `${line.lineId}-${part.sequence}`,
    sequence: part.sequence,
    trigger: part.trigger,
    partId: part.partId,
    ...part.origin,
    decision: state.outcome.decision,
    reason: state.outcome.reason,
    detail: state.outcome.detail,
    score: finiteOrNull(judged?.reading.score),
    threshold: finiteOrNull(bundle?.threshold),
    judgedShare: finiteOrNull(judged?.reading.judgedShare),
    regions: judged?.judgement.regions ?? [],
    bundle: bundle === null ? null : { name: bundle.name, version: bundle.version, digest: bundle.digest },
    openedAtMs: part.openedWallMs,
    closedAtMs: part.closedWallMs,
    deadlineMs: line.deadlineMs,
    captureToVerdictMs: part.held === null ? null : part.closedAtMs - part.held.capturedAtUs / 1000,
    inferMs: finiteOrNull(judged?.reading.inferMs),
  };
}

/** What was seen of the part; null where its pair never came onto one grid. */
export function evidenceOf(part: LinePart): PartEvidence | null {
  const pair = part.held?.images ?? null;
  if (pair === null) return null;
  return { pair, reading: part.judged?.reading ?? null, mask: part.judged?.judgement.mask ?? null };
}

/** JSON has no NaN; what is not a number is not known. */
function finiteOrNull(value: number | undefined): number | null {
  return value !== undefined && Number.isFinite(value) ? value : null;
}
