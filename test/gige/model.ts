/** What a simulated camera is, and what it shows: given to it when it is made. */
import type { distanceUnits, FormatName } from './layout.ts';

export interface CameraModel {
  /** A loopback address; one camera on each, since the port is the protocol's. */
  readonly ip: string;
  readonly serial: string;
  readonly model: string;
  readonly widthPx: number;
  readonly heightPx: number;
  /** Of the image, or of the range part. */
  readonly format: FormatName;
  /** Three parts (range, intensity, confidence) instead of one image. */
  readonly depth?: {
    readonly scale: number;
    readonly offset: number;
    readonly invalid?: number;
    readonly unit?: keyof typeof distanceUnits;
  };
}

/** The scene at one trigger, in the camera's own grid: what it sees, before it is encoded. */
export interface Scene {
  readonly rgb: Uint8Array;
  /** mm; NaN or 0: no reading. */
  readonly depthMm: Float32Array;
}
