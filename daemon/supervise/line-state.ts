/**
 * What a line says of itself to the plant, from what its rooms know: whether it would judge a part now, and why not.
 */
import { messageOf } from '../../errors.ts';
import type { ServedBundle } from '../inference/port.ts';
import type { ReadyState } from '../line/condition.ts';
import type { Cause, LineState } from '../publish/status.ts';

export interface LineFacts {
  /** The camera was started. */
  readonly begun: boolean;
  readonly ready: ReadyState;
  readonly bundle: ServedBundle | null;
  /** Why a bundle in service cannot be run now. */
  readonly hostProblem: string | null;
  /** The same, where a person is needed. */
  readonly hostFault: string | null;
  /** Why the bundle wished for is not in service. */
  readonly refusal: Error | null;
}

/** A fault needs a person. A refused bundle beside one that goes on is none: the line judges; the log says it. */
export function lineState({ begun, ready, bundle, hostProblem, hostFault, refusal }: LineFacts): LineState {
  const named = bundle && { name: bundle.name, version: bundle.version, digest: bundle.digest };
  const state = (cause: Cause, why: string, fault: string | null): LineState => {
    return { ready: false, why, cause, fault, bundle: named };
  };
  if (!ready.ready && ready.why === 'noModel' && refusal) {
    const text = `bundle refused: ${messageOf(refusal)}`;
    return state('bundleRefused', text, text);
  }
  // What the journal is at fault with, the publisher says itself, and when it is over.
  if (!ready.ready && ready.why !== 'journal') {
    return state(ready.why, ready.detail, ready.why === 'cameraLost' ? ready.detail : null);
  }
  if (hostProblem !== null) return state('inference', `inference: ${hostProblem}`, hostFault);
  if (!begun) return state('starting', 'starting', null);
  return { ready: true, why: null, cause: null, fault: null, bundle: named };
}
