/** The record of a closed part: what is journaled and published, made once, from what the line knows of the part. */
import type { ServedBundle } from '../inference/port.ts';
import type { Judgement } from './judge.ts';
import type { Outcome } from './part.ts';
import type { VerdictRecord } from './verdict.ts';

export interface PartFacts {
  readonly lineId: string;
  readonly sequence: number;
  readonly trigger: number;
  readonly partId: string | null;
  /** Wall clock. */
  readonly openedAtMs: number;
  readonly closedAtMs: number;
  readonly deadlineMs: number;
  /** Monotonic: exposure of the pair's first frame to the close. */
  readonly captureToVerdictMs: number | null;
  readonly outcome: Outcome;
  /** The bundle that judged it, or was in service when it was opened. */
  readonly bundle: ServedBundle | null;
  readonly judged: {
    readonly judgement: Judgement;
    readonly score: number;
    judgedShare: number;
    inferMs: number;
  } | null;
}

export function recordOf(facts: PartFacts): VerdictRecord {
  const { lineId, sequence, outcome, bundle, judged } = facts;
  return {
    lineId,
    resultId: `${lineId}-${sequence}`,
    sequence,
    trigger: facts.trigger,
    partId: facts.partId,
    decision: outcome.decision,
    reason: outcome.reason,
    detail: outcome.detail,
    score: finiteOrNull(judged?.score),
    threshold: finiteOrNull(bundle?.threshold),
    judgedShare: finiteOrNull(judged?.judgedShare),
    regions: judged?.judgement.regions ?? [],
    bundle: bundle === null ? null : { name: bundle.name, version: bundle.version, digest: bundle.digest },
    openedAtMs: facts.openedAtMs,
    closedAtMs: facts.closedAtMs,
    deadlineMs: facts.deadlineMs,
    captureToVerdictMs: facts.captureToVerdictMs,
    inferMs: finiteOrNull(judged?.inferMs),
  };
}

/** JSON has no NaN; what is not a number is not known. */
function finiteOrNull(value: number | undefined): number | null {
  return value !== undefined && Number.isFinite(value) ? value : null;
}
