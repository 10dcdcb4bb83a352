/**
 * The state machine of one part: open -> framed -> inferring -> closed, as pure transitions.
 *
 * The first of reading, deadline or fault closes it; whatever comes after a close changes nothing (the same state
 * object comes back, so the caller can count it). It refuses steps out of order: those are faults of our own code.
 */
import { invariant } from '../../errors.ts';
import type { Decision, Reason } from './verdict.ts';

/** What a part was judged to be. */
export interface Outcome {
  readonly decision: Decision;
  readonly reason: Reason;
  readonly detail: string | null;
}

/** Every reason that makes a part undecided. */
export type FaultReason = Exclude<Reason, 'good' | 'defect'>;

export type PartState =
  | { readonly phase: 'open'; readonly frames: number }
  | { readonly phase: 'framed' }
  | { readonly phase: 'inferring' }
  | { readonly phase: 'closed'; readonly outcome: Outcome };

export type PartEvent =
  /** One modality came; the other has not. */
  | { readonly kind: 'frame' }
  /** Both modalities are here. */
  | { readonly kind: 'paired' }
  | { readonly kind: 'inferring' }
  /** The wait for frames is over (it is not longer than the deadline). */
  | { readonly kind: 'framesDue' }
  | { readonly kind: 'deadline' }
  | { readonly kind: 'fault'; readonly reason: FaultReason; readonly detail: string | null }
  | { readonly kind: 'reading'; readonly outcome: Outcome };

export const opened: PartState = { phase: 'open', frames: 0 };

/** The state after an event; the very same object when the event changes nothing. */
export function advance(state: PartState, event: PartEvent): PartState {
  if (state.phase === 'closed') return state;
  switch (event.kind) {
    case 'frame':
      invariant(state.phase === 'open', `a frame was attached to a part that is ${state.phase}`);
      return { phase: 'open', frames: state.frames + 1 };
    case 'paired':
      invariant(state.phase === 'open', `a pair was attached to a part that is ${state.phase}`);
      return { phase: 'framed' };
    case 'inferring':
      invariant(state.phase === 'framed', `inference was begun for a part that is ${state.phase}`);
      return { phase: 'inferring' };
    case 'framesDue':
      return state.phase === 'open' ? missing(state.frames) : state;
    case 'deadline':
      return state.phase === 'open'
        ? missing(state.frames)
        : undecided('timeout', `still ${state.phase} at the deadline`);
    case 'fault':
      return undecided(event.reason, event.detail);
    case 'reading':
      invariant(state.phase === 'inferring', `a reading came for a part that is ${state.phase}`);
      return { phase: 'closed', outcome: event.outcome };
  }
}

function missing(frames: number): PartState {
  return frames === 0 ? undecided('noFrames', 'neither RGB nor depth came') : undecided('unpaired', null);
}

function undecided(reason: FaultReason, detail: string | null): PartState {
  return { phase: 'closed', outcome: { decision: 'undecided', reason, detail } };
}
