/**
 * A frame: one image of one modality, as a camera delivered it.
 *
 * The pixels belong to the frame until `release()`; whoever holds a frame last releases it exactly once (a pool may
 * reuse the memory at once). Sizes are the sensor's own; nothing here resizes, registers or converts units.
 */
export type Modality = 'rgb' | 'depth';

export interface FrameStamp {
  readonly cameraId: string;
  /** Counts the frames this camera delivered; the device's own number. */
  readonly frameId: number;
  /** The camera's own trigger counter for this exposure; null where the camera has none. */
  readonly trigger: number | null;
  /** Instant of exposure on the device clock, mapped to the host's monotonic clock, in microseconds. */
  readonly capturedAtUs: number;
  /** Host's monotonic clock when the frame was complete in memory, in milliseconds. */
  readonly arrivedAtMs: number;
  /** False where data is missing (lost packets, truncated buffer). */
  readonly complete: boolean;
  /** Gives the memory back. Throws when called twice. */
  release(): void;
}

export interface RgbFrame extends FrameStamp {
  readonly modality: 'rgb';
  readonly widthPx: number;
  readonly heightPx: number;
  /** [heightPx, widthPx, 3], row-major, R G B, 0..255. */
  readonly pixels: Uint8Array;
}

export interface DepthFrame extends FrameStamp {
  readonly modality: 'depth';
  readonly widthPx: number;
  readonly heightPx: number;
  /** [heightPx, widthPx], row-major, distance along the optical axis in mm; NaN or 0 = no reading. */
  readonly depthMm: Float32Array;
}

export type Frame = RgbFrame | DepthFrame;
