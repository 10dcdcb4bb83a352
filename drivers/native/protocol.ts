/**
 * What the daemon and a camera's process say to each other. Small messages over the process channel, as JSON; images
 * through shared memory. Times are microseconds of CLOCK_MONOTONIC. Nothing here knows what kind of camera it is.
 */
import { type ErrorCode, type ErrorValues, errorTable, fail, messageOf, TwinspectError } from '../../errors.ts';
import type { Modality } from '../frame.ts';
import type { SlotLayout } from './memory.ts';

/** Where the process finds what it inherits: the shared memory, and a pipe that ends when the daemon does. */
export const cameraFds = { memory: 4, lifeline: 5 } as const;

/** JSON only: what a driver's settings, features and answers may be made of. */
export type Plain =
  | string
  | number
  | boolean
  | null
  | readonly Plain[]
  | { readonly [name: string]: Plain | undefined };

/** What a device is and what it will deliver, as it was found when it was opened. */
export interface DeviceFacts {
  readonly vendor: string;
  readonly model: string;
  readonly serial: string;
  /** IP address or USB port; empty where there is none. */
  readonly address: string;
  /** `libaravis 0.8.26`. */
  readonly library: string;
  /** What of it is delivered as which modality, and in which pixel format, in words: for people. */
  readonly delivers: readonly { readonly modality: Modality; readonly component: string; readonly format: string }[];
}

/** One image of an exposure, in its slot. */
export interface SlotImage {
  readonly modality: Modality;
  readonly offset: number;
  readonly widthPx: number;
  readonly heightPx: number;
}

/** A frame the device had and could not deliver. */
export interface Missing {
  readonly modality: Modality;
  readonly reason: string;
}

export interface Exposure {
  readonly kind: 'exposure';
  /** Null where nothing of it could be delivered. */
  readonly slot: number | null;
  /** Rises by one with each frame of the device, over wraps. */
  readonly frameId: number;
  readonly trigger: number | null;
  /** The trigger was not told before. */
  readonly edge: boolean;
  readonly capturedAtUs: number;
  readonly arrivedAtUs: number;
  readonly images: readonly SlotImage[];
  readonly missing: readonly Missing[];
}

export type ToCamera =
  | { readonly kind: 'open'; readonly id: string; readonly modalities: readonly Modality[]; readonly settings: Plain }
  /** The slots are reserved: map them and begin. All of them are free but the ones named. */
  | ({ readonly kind: 'begin'; readonly inUse: readonly number[] } & SlotLayout)
  | { readonly kind: 'free'; readonly slot: number }
  | { readonly kind: 'trigger' }
  /** Stop, let go of the device, and end. */
  | { readonly kind: 'close' }
  | { readonly kind: 'ask'; readonly ask: number; readonly what: string; readonly of: Plain };

export type FromCamera =
  | { readonly kind: 'started' }
  /** Nothing can be opened yet; it goes on trying by itself. */
  | { readonly kind: 'waiting'; readonly reason: string }
  /** An exposure takes at most so many bytes. */
  | { readonly kind: 'opened'; readonly facts: DeviceFacts; readonly exposureBytes: number }
  | { readonly kind: 'running' }
  /** It cannot be used as it is configured; `waiting` cannot help. */
  | { readonly kind: 'refused'; readonly error: WireError }
  | { readonly kind: 'lost'; readonly reason: string }
  | Exposure
  /** A trigger of which no frame came. */
  | { readonly kind: 'edge'; readonly count: number; readonly atUs: number }
  /** The device's numbering began anew while it was open. */
  | { readonly kind: 'epoch'; readonly reason: string }
  /** A sign of life, with the library's own counters. */
  | { readonly kind: 'beat'; readonly counters: Readonly<Record<string, number>> }
  | { readonly kind: 'answer'; readonly ask: number; readonly value?: Plain; readonly error?: WireError };

/** An error on its way between processes: an operating error keeps its row. */
export interface WireError {
  readonly code: ErrorCode | null;
  readonly values: ErrorValues;
  readonly message: string;
}

export function toWire(thrown: unknown): WireError {
  const message = messageOf(thrown);
  if (thrown instanceof TwinspectError) return { code: thrown.code, values: thrown.values, message };
  const where = thrown instanceof Error ? thrown.stack?.split('\n')[1]?.trim() : undefined;
  return { code: null, values: {}, message: where ? `${message} (${where})` : message };
}

export function fromWire({ code, values, message }: WireError): Error {
  return code !== null && Object.hasOwn(errorTable, code) ? fail(code, values) : new Error(message);
}
