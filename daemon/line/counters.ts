/**
 * What a line counts. Every trigger ends in exactly one decision, every frame received was either used or dropped for
 * one named reason (or is held now); the sums are checked by the simulation.
 */
import { type Decision, type Reason, reasons } from './verdict.ts';

export const frameDrops = [
  'duplicate', // the same frame delivered twice for one trigger; the first one stands
  'stale',
  'incomplete',
  'size', // fewer or more values than its own width and height say
  'unmatched', // no trigger it certainly belongs to
  'late', // its part was closed for want of it
  'partClosed', // its part was closed for another reason before the pair was complete
  'reset', // taken before a counter restarted
  'overflow', // more frames ahead of their trigger than the line holds
  'wrongCamera', // a modality that is not this camera's
  'stopped', // the line was stopped
] as const;
export type FrameDrop = (typeof frameDrops)[number];

export interface PairingCounters {
  framesReceived: number;
  framesUsed: number;
  framesDropped: Record<FrameDrop, number>;
  /** Times the trigger numbering began anew: nothing before and after is paired. */
  epochs: number;
  duplicateEdges: number;
  /** Triggers known only by a gap in the counter. */
  missedEdges: number;
  /** Edges of a second camera that fit no part. */
  slippedEdges: number;
  /** Edges that came without a command, where commands open parts. */
  surplusEdges: number;
  /** Edges that fit several commands, or shared one with another edge. */
  unmatchedEdges: number;
}

export interface LineCounters extends PairingCounters {
  triggers: number;
  /** Triggers after stop; they open no part. */
  triggersRefused: number;
  /** Of production; challenge parts are counted in `challenges` alone. */
  decisions: Record<Decision, number>;
  reasons: Record<Reason, number>;
  challenges: Record<Decision, number>;
  /** Triggers that only the plant's own count tells of; they are parts too. */
  unseenTriggers: number;
  peakInFlight: number;
  /** Readings that came when their part was already closed. */
  lateReadings: number;
  /** Inferences that did not end in time after they were given up. */
  abandonedInferences: number;
  uncommitted: number;
  /** Data the cameras said they could not deliver. */
  cameraDrops: number;
  camerasLost: number;
}

export function zeroPairingCounters(): PairingCounters {
  return {
    framesReceived: 0,
    framesUsed: 0,
    framesDropped: zeroes(frameDrops),
    epochs: 0,
    duplicateEdges: 0,
    missedEdges: 0,
    slippedEdges: 0,
    surplusEdges: 0,
    unmatchedEdges: 0,
  };
}

export function zeroLineCounters(): Omit<LineCounters, keyof PairingCounters> {
  return {
    triggers: 0,
    triggersRefused: 0,
    decisions: zeroes(['pass', 'fail', 'undecided'] as const),
    reasons: zeroes(reasons),
    challenges: zeroes(['pass', 'fail', 'undecided'] as const),
    unseenTriggers: 0,
    peakInFlight: 0,
    lateReadings: 0,
    abandonedInferences: 0,
    uncommitted: 0,
    cameraDrops: 0,
    camerasLost: 0,
  };
}

function zeroes<Name extends string>(names: readonly Name[]): Record<Name, number> {
  return Object.fromEntries(names.map((name) => [name, 0])) as Record<Name, number>;
}
