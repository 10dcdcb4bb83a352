/**
 * A verdict record in the words of OPC 40100-1 (12.3): which of our fields is which of the standard's. The standard
 * knows how far a result came and not whether the part is good: the verdict stands in `ResultContent`, as a Machinery
 * result evaluation. Pure; a record gives the same result whenever it is asked for.
 */
import type { VerdictRecord } from '../../../line/verdict.ts';
import { verdictCodes, verdictPayload } from '../../payload.ts';
import type { BinaryId } from './types.ts';

/** 12.14: the states of a result that are used here. */
export const resultStates = { completed: 1, aborted: 3, failed: 4 } as const;

export interface VisionResult {
  readonly resultId: string;
  readonly state: number;
  readonly isSimulated: boolean;
  readonly measId: string | null;
  readonly partId: string | null;
  readonly productId: string | null;
  readonly jobId: string;
  /** The bundle that judged; an empty id where none did. */
  readonly recipe: BinaryId;
  readonly createdAtMs: number;
  readonly startedAtMs: number;
  /** From exposure to verdict less the inference; null where that was not reached. */
  readonly acquisitionMs: number | null;
  readonly processingMs: number | null;
  readonly content: ResultContent;
}

/** `ResultContent`, in this order; more may be added behind it. */
export interface ResultContent {
  /** 0 undefined, 1 OK, 2 NotOK, 3 NotDecidable (OPC 40001-101). */
  readonly evaluation: number;
  readonly score: number;
  readonly threshold: number;
  readonly defects: number;
  /** The record as `twinspect.verdict/1`, as it was told when it was new. */
  readonly json: string;
}

export function visionResult(record: VerdictRecord): VisionResult {
  const { bundle, captureToVerdictMs, inferMs } = record;
  return {
    resultId: record.resultId,
    state: stateOf(record),
    isSimulated: record.challenge,
    measId: record.measId,
    partId: record.partId,
    productId: record.productId,
    jobId: jobIdOf(record),
    recipe: bundle ? { id: bundle.name, version: bundle.version, digest: bundle.digest } : { id: '' },
    createdAtMs: record.closedAtMs,
    startedAtMs: record.openedAtMs,
    acquisitionMs: captureToVerdictMs === null ? null : Math.max(0, captureToVerdictMs - (inferMs ?? 0)),
    processingMs: inferMs,
    content: {
      evaluation: verdictCodes[record.decision],
      score: record.score ?? Number.NaN,
      threshold: record.threshold ?? Number.NaN,
      defects: record.regions.length,
      json: JSON.stringify(verdictPayload(record, null, { replayed: false, wallMs: record.closedAtMs })),
    },
  };
}

/**
 * A job of the client has its id. A part that a command opened without one is a job of its own; what the camera opened
 * without one belongs to the run that nobody started.
 */
export function jobIdOf(part: Pick<VerdictRecord, 'lineId' | 'resultId' | 'jobId' | 'triggerSource'>): string {
  return part.jobId ?? (part.triggerSource === 'command' ? part.resultId : ownRunOf(part.lineId));
}

/** The job of a line that runs by itself. */
export function ownRunOf(lineId: string): string {
  return `${lineId}-auto`;
}

/** A part that was not decided is a processing that failed, one that was cut off an aborted one. */
function stateOf({ decision, reason }: VerdictRecord): number {
  if (decision !== 'undecided') return resultStates.completed;
  return reason === 'interrupted' ? resultStates.aborted : resultStates.failed;
}
