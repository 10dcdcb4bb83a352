/**
 * What the journal's thread is asked, and what it answers: one total table, so that a question without an answer does
 * not compile. Everything here survives the structured clone between threads.
 */
import type { ErrorCode, ErrorValues } from '../../../errors.ts';
import type { PartOrigin, VerdictRecord } from '../../line/verdict.ts';
import type { JournalLimits } from './limits.ts';

/** A part as its trigger opened it. */
export interface OpenPart {
  readonly lineId: string;
  readonly trigger: number;
  readonly partId: string | null;
  readonly origin: PartOrigin;
  readonly openedAtMs: number;
  readonly deadlineMs: number;
}

/** What is kept of a mask until the broker has it. */
export interface StoredMask {
  readonly sequence: number;
  readonly widthPx: number;
  readonly heightPx: number;
  readonly sha256: string;
  readonly png: Uint8Array;
}

/** A mask that waits for the broker, and whose it is; null where its record is not kept any more. */
export interface PendingMask extends StoredMask {
  readonly partId: string | null;
  readonly closedAtMs: number | null;
}

export interface PendingRecord {
  readonly record: VerdictRecord;
  readonly mask: Omit<StoredMask, 'png' | 'sequence'> | null;
}

export interface Recovered {
  /** The parts a kill had left open, now closed as undecided / interrupted. */
  readonly closed: readonly VerdictRecord[];
  /** The first sequence that was never handed out. */
  readonly nextSequence: number;
  readonly reservedUpTo: number;
  /** Of the records from now on; with the sequence it tells a record from every other one, on any disk. */
  readonly epoch: string;
  /** Why the epoch is another one than before; null where it is the same. */
  readonly epochWhy: string | null;
  /** What was found damaged and what was done, for people; empty where the journal was whole. */
  readonly damage: readonly string[];
}

export interface StoreFigures {
  readonly waitingRecords: number;
  readonly waitingRecordBytes: number;
  readonly waitingMaskBytes: number;
  readonly masksDropped: number;
}

/** Question -> what it carries and what it brings back. */
export interface JournalCalls {
  open: { ask: { part: OpenPart; sequence: number; reserveUpTo: number | null }; answer: null };
  /** Answers with the milliseconds its transaction took, fsync included. */
  commit: { ask: { record: VerdictRecord; awaitsLink: boolean }; answer: number };
  attachMask: { ask: { lineId: string; mask: StoredMask }; answer: null };
  acknowledge: { ask: { lineId: string; sequence: number }; answer: null };
  acknowledgeMask: { ask: { sequence: number }; answer: null };
  pending: { ask: { lineId: string; after: number; limit: number }; answer: PendingRecord[] };
  pendingMask: { ask: { lineId: string; upTo: number }; answer: PendingMask | null };
  /** Below the sequence `before`; null = from the newest on. */
  latest: { ask: { lineId: string; limit: number; before: number | null }; answer: VerdictRecord[] };
  bySequence: { ask: { lineId: string; sequence: number }; answer: VerdictRecord | null };
  /** Rejects while a commit would. */
  probe: { ask: { reserveUpTo: number | null }; answer: null };
  figures: { ask: null; answer: StoreFigures };
  close: { ask: { reservedUpTo: number }; answer: null };
}
export type JournalCall = keyof JournalCalls;

export type Question = { [C in JournalCall]: { id: number; call: C; ask: JournalCalls[C]['ask'] } }[JournalCall];

export interface ThrownError {
  readonly code: ErrorCode | null;
  readonly values: ErrorValues;
  readonly message: string;
}

export type Answer = { id: number; value: unknown } | { id: number; error: ThrownError };

/** Said unasked while it runs: the journal was found damaged and begun anew, or its reserve of disk was needed. */
export type News = { news: 'replaced'; recovered: Recovered } | { news: 'reserveUsed'; bytes: number };

/** What the thread is started with, and its first word. */
export interface WorkerStart {
  readonly path: string;
  readonly limits: JournalLimits;
  readonly closedAtMs: number;
  /** Of this machine; null where it has none. */
  readonly machineId: string | null;
  /** The highest number that the copy in another folder knows; null where there is no copy. */
  readonly knownUpTo: number | null;
  /** Where damaged files go, and how they are dated. */
  readonly setAside: { readonly folder: string; readonly stamp: string };
}
export type FirstWord = { recovered: Recovered } | { error: ThrownError };
