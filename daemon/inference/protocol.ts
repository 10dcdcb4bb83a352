/**
 * What daemon and inference host say to each other: small messages over the process channel, images and readings
 * through shared memory. Numbers of a reading travel in shared memory too: JSON would turn NaN into null.
 */
import { type ErrorCode, type ErrorValues, errorTable, fail, messageOf, TwinspectError } from '../../errors.ts';
import type { PrecisionWish } from '../../models/bundle/variants.ts';
import type { Provider } from '../../models/runtime/session.ts';
import type { ServedBundle } from './port.ts';

/** Where the host finds what it inherits: the shared memory, and a pipe that ends when the daemon does. */
export const hostFds = { exchange: 4, lifeline: 5 } as const;

export interface LoadAsk {
  readonly kind: 'load';
  /** The bundle's folder. */
  readonly path: string;
  readonly provider: Provider;
  readonly precision: PrecisionWish;
  /** Threads inside one operator. */
  readonly threads: number;
  readonly spinning: boolean;
}

export type HostAsk =
  | LoadAsk
  /** The pair is in the shared memory. */
  | { readonly kind: 'infer'; readonly id: number }
  /** One bare run on the pair that came last, for the bench. */
  | { readonly kind: 'measure'; readonly id: number }
  /** One golden part through the session that serves: its score and map must be what they were. */
  | { readonly kind: 'check'; readonly id: number };

export type HostAnswer =
  | { readonly kind: 'started' }
  /** How far the loading has come, 0..1: steps done of all, the golden parts being most of them. */
  | { readonly kind: 'loading'; readonly share: number }
  | { readonly kind: 'loaded'; readonly bundle: ServedBundle; readonly warmMs: number }
  | { readonly kind: 'refused'; readonly error: WireError }
  /** The reading, or the numbers of the measured run, are in the shared memory; after a check there is nothing. */
  | { readonly kind: 'done'; readonly id: number }
  | { readonly kind: 'failed'; readonly id: number; readonly error: WireError };

/** An error on its way between processes: an operating error keeps its row. */
export interface WireError {
  readonly code: ErrorCode | null;
  readonly values: ErrorValues;
  readonly message: string;
  /** Of a fault of our own, where it is the only evidence. */
  readonly stack: string | null;
}

export function toWire(thrown: unknown): WireError {
  const message = messageOf(thrown);
  if (thrown instanceof TwinspectError) return { code: thrown.code, values: thrown.values, message, stack: null };
  return { code: null, values: {}, message, stack: thrown instanceof Error ? (thrown.stack ?? null) : null };
}

export function fromWire({ code, values, message, stack }: WireError): Error {
  if (code !== null && Object.hasOwn(errorTable, code)) return fail(code, values);
  const error = new Error(message);
  if (stack !== null) error.stack = stack;
  return error;
}
