/** What daemon and output process say to each other. */
import type { ErrorCode, ErrorValues } from '../../errors.ts';

export type OutputAsk =
  | 'energise'
  /** Whoever energised it lives and does not hang. */
  | 'confirm'
  | 'release';

export type OutputAnswer =
  | { readonly kind: 'open' }
  | {
      readonly kind: 'refused';
      readonly code: ErrorCode | null;
      readonly values: ErrorValues;
      readonly text: string;
    };

/** Confirmed so often while it is energised. */
export const confirmMs = 50;
/** A daemon that hangs holds the output for so long at most: shorter than a part takes to the gate. */
export const confirmMaxMs = 250;
