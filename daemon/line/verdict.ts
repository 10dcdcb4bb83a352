/**
 * The verdict vocabulary: what a part's judgement can be, why, and the record that is journaled and published.
 * `pass` is the only proven branch; whatever is not proven is `undecided`, and a plant treats that as reject.
 */
export type Decision = 'pass' | 'fail' | 'undecided';

/** Why a part was decided as it was. One word a PLC programmer can look up; never reused for another meaning. */
export const reasons = [
  'good', // pass: proven
  'defect', // fail: at least one region
  'timeout', // no reading before the deadline
  'unpaired', // one modality did not come
  'noFrames', // neither modality came
  'incomplete', // a frame had missing data
  'stale', // the same frame twice: bytes equal or counter not advancing
  'size', // a frame of another size than the bundle's
  'unmatched', // frames and triggers could not be told apart with certainty
  'coverage', // too much of the part judged by nothing
  'datum', // the part lies outside the datum limits taught
  'notFinite', // NaN or infinity in score or map
  'inference', // inference failed or its host died
  'noModel', // no bundle for this product is in service
  'cameraLost', // a camera is not delivering
  'overrun', // more parts in flight than the line's limit
  'journal', // the record could not be committed: no pass goes out
  'interrupted', // the daemon was stopped or killed while the part was open
  'rgbDead', // the colour camera saw nothing: black, white, or the same everywhere
  'depthDead', // the depth camera saw nothing: no reading, or the same everywhere
  'halted', // the line is out of operation by command
] as const;
export type Reason = (typeof reasons)[number];

export interface Region {
  /** 1.. as in the mask. */
  id: number;
  /** Bounding box on the depth grid, pixels. */
  x: number;
  y: number;
  widthPx: number;
  heightPx: number;
  areaPx: number;
  /** Largest map value inside. */
  peak: number;
}

export interface BundleName {
  name: string;
  version: string;
  /** sha256 of the manifest, hex. */
  digest: string;
}

/** Who opened a part, and what the plant said of it with its trigger, told again with the verdict. */
export interface PartOrigin {
  triggerSource: 'camera' | 'command';
  /** The plant's own number of the trigger (a PLC's `TrigSeq`). This and the ids: null where the camera opened it. */
  plantSequence: number | null;
  /** Ids of an OPC 40100-1 job. */
  measId: string | null;
  productId: string | null;
  jobId: string | null;
  /** A known-bad sample that proves the station: judged as any part, counted as none. */
  challenge: boolean;
}

export const openedByCamera: PartOrigin = {
  triggerSource: 'camera',
  plantSequence: null,
  measId: null,
  productId: null,
  jobId: null,
  challenge: false,
};

/** One part, judged: the record of promise 1. Times are wall-clock milliseconds unless they end in a duration. */
export interface VerdictRecord extends PartOrigin {
  lineId: string;
  /**
   * Of the journal that gave the sequence: random, another one wherever numbers might be given out again. Epoch and
   * sequence together are unique. Null until the journal takes the record, and in records of before there were epochs.
   */
  epoch: string | null;
  /** `<lineId>-<journal sequence>`, rising over restarts. */
  resultId: string;
  sequence: number;
  /** The trigger's count and the part's own id, attributes both. */
  trigger: number;
  partId: string | null;
  decision: Decision;
  reason: Reason;
  /** More of the reason, for people: names the thing, the value, the expectation. */
  detail: string | null;
  score: number | null;
  threshold: number | null;
  judgedShare: number | null;
  regions: Region[];
  bundle: BundleName | null;
  /** Number of the recipe by which `bundle` serves; null where none does. */
  recipe: number | null;
  openedAtMs: number;
  closedAtMs: number;
  deadlineMs: number;
  /** Durations on the monotonic clock, null where that step was not reached. */
  captureToVerdictMs: number | null;
  inferMs: number | null;
}

/** The defect mask on the depth grid: 0 fine, 1.. region id, 255 not judged. */
export interface Mask {
  widthPx: number;
  heightPx: number;
  pixels: Uint8Array;
}
