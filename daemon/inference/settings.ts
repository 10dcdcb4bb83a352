/** What an inference is given, what it is asked for, and what it counts. */
import type { PrecisionWish } from '../../models/bundle/variants.ts';
import type { Provider } from '../../models/runtime/session.ts';
import type { Decide } from './decide.ts';

export interface InferenceSettings {
  readonly provider: Provider;
  readonly precision: PrecisionWish;
  readonly threads: number;
  readonly spinning: boolean;
  readonly timeoutMs: number;
  /** A run that was given up may still end by itself for so long. */
  readonly graceMs: number;
  /** From the start of a host to a bundle that serves, where loading is as quick as it should be. */
  readonly loadTimeoutMs: number;
  readonly restartBackoffMs: number;
}

export interface BundleWish {
  /** The bundle's folder. */
  readonly path: string;
  readonly product: string;
  /** Decision settings over the bundle's own. */
  readonly decide?: Decide;
}

export interface InferenceCounters {
  swaps: number;
  refusals: number;
  /** Hosts that died or were killed while they served. */
  hostDeaths: number;
  hostStarts: number;
}
