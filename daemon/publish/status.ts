/** What is shown of a line besides its verdicts: readiness, fault, bundle in service, counters. */
import type { BundleName, Decision } from '../line/verdict.ts';

/** Why a line is not ready, as one word, and its number for PLCs; neither is ever used again for something else. */
export const causeCodes = {
  starting: 1,
  stopped: 2,
  halted: 3,
  cameraLost: 4,
  ended: 5, // every recording is over
  noModel: 6,
  bundleRefused: 7,
  inference: 8, // the host is being replaced
  journal: 9,
  other: 10,
} as const;
export type Cause = keyof typeof causeCodes;

/** What the line says of itself, as its owner sets it. */
export interface LineState {
  readonly ready: boolean;
  /** Why it is not ready; null exactly when ready. */
  readonly why: string | null;
  /** The same as one word; `other` where it is not given. */
  readonly cause?: Cause | null;
  /** A fault needs a person; not ready alone does not. */
  readonly fault: string | null;
  readonly bundle: BundleName | null;
}

/** The line's state with what publishing adds to it. */
export interface LineStatus extends LineState {
  readonly lineId: string;
  readonly counters: LineCounters;
  /** What a person should look at though the line judges. */
  readonly warnings?: readonly string[];
}

export interface LineCounters extends Record<Decision, number> {
  opened: number;
  /** Known-bad samples that prove the station; counted here alone. */
  challenges: number;
  /** Parts of production in a row that were not a pass; begins anew by command. */
  rejectsInARow: number;
  /** Announced, but the journal could not take them in time. */
  unjournaled: number;
  /** Of those: could not be journaled later either; the record lane never had them. */
  recordsLost: number;
  recordsSent: number;
  recordsReplayed: number;
  masksSent: number;
  /** Masks given up: encoder busy or failing, or the oldest ones when the journal's room for masks ran out. */
  masksDropped: number;
}
