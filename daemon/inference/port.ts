/**
 * The inference port: registered pair in, reading out. What stands behind it (a host process) may die, hang or be
 * replaced; whoever calls sees a rejected promise and never waits for it longer than the deadline it keeps itself.
 */
import type { BundleName } from '../line/verdict.ts';

/** A complete, registered pair on one grid. */
export interface PairImages {
  widthPx: number;
  heightPx: number;
  /** [heightPx, widthPx, 3] */
  rgb: Uint8Array;
  /** [heightPx, widthPx], mm, NaN or 0 = no reading */
  depthMm: Float32Array;
}

/** Signs of life of one modality; grey levels for rgb, mm for depth. */
export interface Vital {
  /** Share of the region of interest that it saw, 0..1. */
  share: number;
  /** Standard deviation over what it saw, and mean step between neighbouring pixels, at working size. */
  contrast: number;
  grain: number;
}

/** What the graph says of one part; all on the depth grid. */
export interface Reading {
  score: number;
  widthPx: number;
  heightPx: number;
  /** [heightPx, widthPx], the combined anomaly map. */
  map: Float32Array;
  /** [heightPx, widthPx], 1 = judged by at least one source. */
  judged: Uint8Array;
  /** Share of the region of interest that was judged, 0..1: the smaller of the modalities' own. */
  judgedShare: number;
  vitals: { rgb: Vital; depth: Vital };
  /** Datum that was removed from the depth; null where the datum is fixed. */
  datum: { offsetMm: number; tiltMmAcross: number } | null;
  /** The bare `session.run`, as the host measured it. */
  inferMs: number;
}

/** What judging needs to know of the bundle in service. */
export interface ServedBundle extends BundleName {
  product: string;
  /** Of the variant that serves: fp32, fp16 or int8. */
  precision: string;
  widthPx: number;
  heightPx: number;
  threshold: number;
  pixelThreshold: number;
  leastAreaPx: number;
  minJudgedShare: number;
  /** The least contrast and grain of a living modality; null where the bundle does not say. */
  vitalLimits: Record<'rgb' | 'depth', Omit<Vital, 'share'>> | null;
  datumLimits: { offsetMm: number; tiltMmAcross: number } | null;
  /** Digest of the calibration its parts were registered with; null where they came on one grid. */
  calibration?: string | null;
  /** Number of the recipe it serves for; null or absent where it serves for none. */
  recipe?: number | null;
}

export interface InferencePort {
  /** The bundle in service now; null while none is. Changes only between two parts. */
  bundle(): ServedBundle | null;
  /** Judges one pair with the bundle in service. Rejects with a TwinspectError; never retries. */
  infer(pair: PairImages, signal: AbortSignal): Promise<Reading>;
}
