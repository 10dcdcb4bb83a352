/**
 * The PLC's own count of triggers (`TrigSeq`), read as triggers. A change is a trigger, so none is lost with an edge
 * and none is made by a repeated write. The first number heard is a baseline; so is one that goes back, or leaps: the
 * PLC began anew, and its old triggers are nobody's.
 */
import { maxMissedTriggers } from '../../../line/counter.ts';

export type SequenceStep =
  | { readonly kind: 'same' }
  /** Nothing is triggered; `from` is the number before, null for the first one. */
  | { readonly kind: 'baseline'; readonly from: number | null }
  /** One trigger, and before it so many that were counted and never heard. */
  | { readonly kind: 'trigger'; readonly unseen: number };

export class TriggerSequence {
  #last: number | null = null;

  /** False until a first number was heard: its change then is a trigger. */
  get armed(): boolean {
    return this.#last !== null;
  }

  /** A number as it was written, 0 to 2^32 - 1; counts on over the wrap. */
  next(value: number): SequenceStep {
    const from = this.#last;
    this.#last = value;
    if (from === null) return { kind: 'baseline', from };
    const step = (value - from) >>> 0;
    if (step === 0) return { kind: 'same' };
    // Going back is a step of nearly 2^32.
    if (step > maxMissedTriggers + 1) return { kind: 'baseline', from };
    return { kind: 'trigger', unseen: step - 1 };
  }
}
