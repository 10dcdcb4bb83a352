/** A result as the values of its tags, in the order they are written: the sequence first, and again last. */
import type { PartOrigin, VerdictRecord } from '../../../line/verdict.ts';
import { reasonCodes, verdictCodes } from '../../payload.ts';
import { noResultText, resultText } from './result-text.ts';
import { type RingField, type RingName, ringFields, ringName, slotOf } from './ring-tags.ts';
import { nobody, type ResultName, resultTags, type Scalar, type Tag } from './tag-table.ts';
import { withoutControls } from './utf8.ts';

export type ResultValues = Record<ResultName, Scalar>;
export type RingValues = Partial<Record<RingName, Scalar>>;

const int16Max = 0x7fff;
const uint16Max = 0xffff;
const versionMax = 32;

/** No result stands there. The counters and `Sequence` keep theirs: they tell of the past, not of this part. */
export function noResult(rejectsInARow: number): Partial<ResultValues> {
  const { Sequence: _, ...cleared } = resultInitial;
  return { ...cleared, ConsecutiveRejects: Math.min(rejectsInARow, uint16Max), Result: noResultText };
}

/** An empty slot of the ring. */
export function emptySlot(slot: number): RingValues {
  return inSlot(slot, resultInitial);
}

/** The result of this part in its own slot; nothing for a part that has no number a PLC knows. */
export function slotValues(own: number | null, values: ResultValues): RingValues {
  return own === null ? {} : inSlot(slotOf(own), values);
}

function inSlot(slot: number, values: Readonly<Record<RingField, Scalar>>): RingValues {
  return Object.fromEntries(ringFields.map((field) => [ringName(slot, field), values[field]]));
}

const resultInitial = Object.fromEntries(
  Object.entries(resultTags).map(([name, tag]: [string, Tag]) => [name, tag.initial]),
) as ResultValues;

/**
 * The number a PLC knows the part by: its own `TrigSeq`; the record's sequence where the camera opened the part. Null
 * for a part that somebody else triggered: no PLC must take it for its own.
 */
export function plcSequenceOf({ triggerSource, plantSequence }: PartOrigin, sequence: number): number | null {
  return triggerSource === 'camera' ? sequence >>> 0 : plantSequence;
}

export function resultValues(record: VerdictRecord, rejectsInARow: number): ResultValues {
  const own = plcSequenceOf(record, record.sequence);
  const { bundle, score, challenge } = record;
  const partId = withoutControls(record.partId ?? '');
  const recipe = record.recipe ?? 0;
  const verdict = verdictCodes[record.decision];
  const reasonCode = reasonCodes[record.reason];
  const sides = record.regions.map(({ widthPx, heightPx }) => Math.max(widthPx, heightPx));
  return {
    // Unequal to ResSeq, and so nobody's, where another way than the PLC triggered the part.
    ResSeqStart: own ?? nobody.start,
    Verdict: verdict,
    ReasonCode: reasonCode,
    Reason: record.reason,
    ResPartId: partId,
    Challenge: challenge,
    ResRecipe: recipe,
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
    Result: resultText({ sequence: own, verdict, reasonCode, score, recipe, challenge, partId }),
    Sequence: record.sequence >>> 0,
    ResSeq: own ?? nobody.end,
  };
}
