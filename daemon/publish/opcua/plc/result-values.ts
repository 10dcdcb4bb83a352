/** A result as the values of its tags, in the order they are written: the sequence first, and again last. */
import type { VerdictRecord } from '../../../line/verdict.ts';
import { reasonCodes, verdictCodes } from '../../payload.ts';
import { ascii, noResultText, resultText } from './result-text.ts';
import { type ResultName, resultTags, type Scalar, type Tag } from './tag-table.ts';

export type ResultValues = Record<ResultName, Scalar>;

const int16Max = 0x7fff;
const uint16Max = 0xffff;
const versionMax = 32;

/** No result stands there. The counters and `Sequence` keep theirs: they tell of the past, not of this part. */
export function noResult(rejectsInARow: number): Partial<ResultValues> {
  const { Sequence: _, ...cleared } = Object.fromEntries(
    Object.entries(resultTags).map(([name, tag]: [string, Tag]) => [name, tag.initial]),
  ) as ResultValues;
  return { ...cleared, ConsecutiveRejects: Math.min(rejectsInARow, uint16Max), Result: noResultText };
}

/**
 * The number a PLC knows the part by: its own `TrigSeq`; the record's sequence where the camera opened the part. Null
 * for a part that somebody else triggered: no PLC must take it for its own.
 */
export function plcSequenceOf({ triggerSource, plantSequence, sequence }: VerdictRecord): number | null {
  return triggerSource === 'camera' ? sequence >>> 0 : plantSequence;
}

export function resultValues(record: VerdictRecord, rejectsInARow: number): ResultValues {
  const own = plcSequenceOf(record);
  const { bundle, score } = record;
  const verdict = verdictCodes[record.decision];
  const reasonCode = reasonCodes[record.reason];
  const sides = record.regions.map(({ widthPx, heightPx }) => Math.max(widthPx, heightPx));
  return {
    // Unequal to ResSeq, and so nobody's, where another way than the PLC triggered the part.
    ResSeqStart: own ?? 1,
    Verdict: verdict,
    ReasonCode: reasonCode,
    Reason: record.reason,
    ResPartId: ascii(record.partId ?? ''),
    Challenge: record.challenge,
    Score: score ?? Number.NaN,
    Threshold: record.threshold ?? Number.NaN,
    DefectCount: Math.min(record.regions.length, int16Max),
    MaxDefectPx: Math.min(Math.max(0, ...sides), int16Max),
    CycleMs: Math.min(Math.max(0, Math.round(record.closedAtMs - record.openedAtMs)), int16Max),
    CaptureToVerdictMs: record.captureToVerdictMs ?? Number.NaN,
    ResultId: record.resultId,
    Trigger: record.trigger >>> 0,
    BundleName: bundle ? `${bundle.name}@${bundle.version}` : '',
    ModelVer: bundle?.version.slice(0, versionMax) ?? '',
    BundleDigest: bundle?.digest ?? '',
    LastMaskPng: null,
    ConsecutiveRejects: Math.min(rejectsInARow, uint16Max),
    Unacknowledged: true,
    Result: resultText({ sequence: own, verdict, reasonCode, score, partId: record.partId }),
    Sequence: record.sequence >>> 0,
    ResSeq: own ?? 0,
  };
}
