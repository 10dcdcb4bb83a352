/**
 * The flat block of variables of a line, as one table: scalars of types that any PLC reads, with string node ids
 * `ns=1;s=<lineId>.<Tag>`. Stable for ever: a tag once released keeps its name, type and meaning; tags are only added.
 * What the PLC writes stands first; what it reads stands in the order it is written, `ResSeq` last of a result.
 */
import { DataType } from 'node-opcua';
import { noResultText } from './result-text.ts';
import { type RingName, ringTagsOf } from './ring-tags.ts';

export type Scalar = number | string | boolean | Buffer | null;

export interface Tag {
  readonly type: DataType;
  readonly initial: Scalar;
  readonly text: string;
  /** 0 = every change is sampled at once; slow for what is large. */
  readonly samplingMs?: number;
  /** Another data type of the standard than the built-in one. */
  readonly dataType?: string;
}

/** The mask is for screens, which do not need each one. */
const maskSamplingMs = 1000;

/** The two numbers of a result that is nobody's. Unequal: 0 alone would do after the wrap of TrigSeq. */
export const nobody = { start: 1, end: 0 } as const;

const { Boolean: Flag, ByteString, Float, Int16, String: Text, UInt16, UInt32 } = DataType;

/** What the PLC writes. */
export const inputTags = {
  PartId: { type: Text, initial: '', text: 'id of the next part alone, at most 64 characters; written before TrigSeq' },
  RecipeNo: { type: Int16, initial: 0, text: 'a change selects the recipe of this number; 0 selects nothing' },
  Mode: { type: Int16, initial: 0, text: '0 production, 1 challenge: parts are flagged and not counted' },
  TrigSeq: { type: UInt32, initial: 0, text: 'a change by one is a trigger; written last' },
  AckSeq: { type: UInt32, initial: 0, text: 'ResSeq of the result that was taken' },
  PlcHeartbeat: { type: UInt16, initial: 0, text: 'counts up while the PLC works' },
  ResetFault: { type: Flag, initial: false, text: 'a rise ends a halt and sets ConsecutiveRejects to 0' },
  ResyncRequest: { type: UInt16, initial: 0, text: 'camera-triggered: a change says that the line is empty' },
} as const satisfies Record<string, Tag>;
export type InputName = keyof typeof inputTags;

/** The part judged last; cleared when the next one is opened. What is cleared has two unequal numbers: nobody's. */
export const resultTags = {
  ResSeqStart: { type: UInt32, initial: nobody.start, text: 'as ResSeq, written first; unequal to it: nobody' },
  Verdict: { type: Int16, initial: 0, text: '0 none, 1 OK, 2 NotOK, 3 NotDecidable; only 1 is good' },
  ReasonCode: { type: Int16, initial: 0, text: 'why, as a number; 0 none' },
  Reason: { type: Text, initial: '', text: 'the same as one word' },
  ResPartId: { type: Text, initial: '', text: 'id of the part judged, empty where it has none' },
  Challenge: { type: Flag, initial: false, text: 'a known-bad sample: not counted' },
  ResRecipe: { type: Int16, initial: 0, text: 'number of the recipe that judged; 0 none' },
  Score: { type: Float, initial: Number.NaN, text: 'anomaly score; meaningful for Verdict 1 and 2' },
  Threshold: { type: Float, initial: Number.NaN, text: 'score at which a part is not OK' },
  DefectCount: { type: Int16, initial: 0, text: 'regions found' },
  MaxDefectPx: { type: Int16, initial: 0, text: 'longer side of the largest region, pixels' },
  CycleMs: { type: Int16, initial: 0, text: 'from trigger to verdict, ms' },
  CaptureToVerdictMs: { type: Float, initial: Number.NaN, text: 'from exposure to verdict, ms' },
  ResultId: { type: Text, initial: '', text: 'line and sequence, as in the records' },
  Trigger: { type: UInt32, initial: 0, text: 'trigger number of the line' },
  BundleName: { type: Text, initial: '', text: 'NAME@VERSION of the bundle that judged' },
  ModelVer: { type: Text, initial: '', text: 'its version alone, at most 32 characters' },
  BundleDigest: { type: Text, initial: '', text: 'sha256 of its manifest' },
  LastMaskPng: {
    type: ByteString,
    initial: null,
    text: 'mask of the part judged',
    samplingMs: maskSamplingMs,
    // ImagePNG of the standard namespace: a ByteString that clients may show.
    dataType: 'i=2003',
  },
  ConsecutiveRejects: { type: UInt16, initial: 0, text: 'parts of production in a row that were not OK' },
  Unacknowledged: { type: Flag, initial: false, text: 'AckSeq is not this result' },
  Result: { type: Text, initial: noResultText, text: 'SEQ;VERDICT;REASONCODE;SCORE;RECIPE;CHALLENGE;PARTID' },
  Sequence: { type: UInt32, initial: 0, text: 'of the record; a change says that a result is complete' },
  ResSeq: { type: UInt32, initial: nobody.end, text: 'TrigSeq of the part judged; written last' },
} as const satisfies Record<string, Tag>;
export type ResultName = keyof typeof resultTags;

/** The last 16 results, each at its own place. */
export const ringTags: Readonly<Record<RingName, Tag>> = ringTagsOf<DataType, Scalar>(resultTags);

/** The line. */
export const stateTags = {
  Ready: { type: Flag, initial: false, text: 'a trigger now would be judged' },
  Armed: { type: Flag, initial: false, text: 'TrigSeq is known: its next change is a trigger' },
  Busy: { type: Flag, initial: false, text: 'a part is open' },
  Fault: { type: Flag, initial: false, text: 'a person is needed' },
  FaultCode: { type: Int16, initial: 0, text: 'what is wrong, as a number; 0 nothing' },
  FaultText: { type: Text, initial: '', text: 'what is wrong' },
  WhyNotReady: { type: Text, initial: '', text: 'empty when ready' },
  NotReadyCode: { type: Int16, initial: 0, text: 'the same as a number; 0 ready' },
  State: { type: Int16, initial: 1, text: 'StateNumber of OPC 40100-1, 1 to 8' },
  TrigEcho: { type: UInt32, initial: 0, text: 'TrigSeq as it was taken last' },
  AckEcho: { type: UInt32, initial: 0, text: 'AckSeq as it was taken last' },
  RecipeActive: { type: Int16, initial: 0, text: 'number of the recipe that judges; 0 none' },
  TriggerCount: { type: UInt32, initial: 0, text: 'Trigger of the part that was opened last' },
  ResyncTrigger: { type: UInt32, initial: 0, text: 'Trigger of the part before the agreed start' },
  ResyncSeq: { type: UInt32, initial: 0, text: 'its ResSeq' },
  ResyncEcho: { type: UInt16, initial: 0, text: 'ResyncRequest as it was answered last; 0: nothing is agreed' },
  LastOrder: { type: Text, initial: '', text: 'what became of RecipeNo, ResetFault, ResyncRequest, a refused PartId' },
  MissedParts: { type: UInt32, initial: 0, text: 'triggers that TrigSeq counted and that never came' },
  LateResults: { type: UInt32, initial: 0, text: 'parts decided by the deadline instead of a reading' },
  PlcAlive: { type: Flag, initial: false, text: 'PlcHeartbeat counts up' },
  Heartbeat: { type: UInt16, initial: 0, text: 'counts up while capture and inference are proven to work' },
  HeartbeatWhy: { type: Text, initial: '', text: 'why Heartbeat stopped; empty while it counts up' },
} as const satisfies Record<string, Tag>;
export type StateName = keyof typeof stateTags;

/** What we write, in the order it is written: the result first, the line's state last. */
export const outputTags = { ...resultTags, ...ringTags, ...stateTags } as const;
export type OutputName = keyof typeof outputTags;

export const tags = { ...inputTags, ...outputTags } as const;
export type TagName = keyof typeof tags;
