/** What is shown of a line besides its verdicts: readiness, fault, bundle in service, counters. */
import type { BundleName, Decision } from '../line/verdict.ts';

/** What the line says of itself, as its owner sets it. */
export interface LineState {
  readonly ready: boolean;
  /** Why it is not ready; null exactly when ready. */
  readonly why: string | null;
  /** A fault needs a person; not ready alone does not. */
  readonly fault: string | null;
  readonly bundle: BundleName | null;
}

/** The line's state with what publishing adds to it. */
export interface LineStatus extends LineState {
  readonly lineId: string;
  readonly counters: LineCounters;
}

export interface LineCounters extends Record<Decision, number> {
  opened: number;
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
