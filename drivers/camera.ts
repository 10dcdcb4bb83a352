/**
 * The Camera port: what the line needs of any camera, and all it knows of it.
 *
 * A camera delivers frames and the edges of its own trigger counter; it never pairs, judges or drops silently: what
 * it had to drop it reports through `dropped` with a reason. One camera may deliver both modalities (a structured-light
 * camera with a texture channel) or one.
 */
import type { Frame, Modality } from './frame.ts';

export interface CameraSink {
  /**
   * The camera's own trigger counter advanced: a part is in front of it. Comes before the frames of that trigger.
   * `atMs`: when that was, where the camera tells of it later than it happened; on the host's monotonic clock.
   */
  triggered(count: number, partId: string | null, atMs?: number): void;
  /** A frame; ownership passes to the sink, which releases it. */
  frame(frame: Frame): void;
  /** Data the camera could not deliver (buffer overrun, lost leader, undecodable file ...). */
  dropped(modality: Modality, trigger: number | null, reason: string): void;
  /** The camera stopped delivering; it goes on trying to come back by itself and says so by `recovered`. */
  lost(reason: string): void;
  recovered(): void;
  /** The recording is over (replay); a live camera never calls it. */
  ended(): void;
}

export interface CameraCounters {
  frames: number;
  dropped: number;
  reconnects: number;
}

export interface Camera {
  readonly id: string;
  readonly modalities: readonly Modality[];
  /** How its frames lie on one another, as the text of a calibration file; null or absent: it does not say. */
  readonly calibration?: string | null;
  /** Opens the device and begins to deliver. Rejects only where waiting cannot help (bad settings). */
  start(sink: CameraSink, signal: AbortSignal): Promise<void>;
  /** Software trigger: expose now. Cameras that run on their own pace ignore it and say so by returning false. */
  trigger(): boolean;
  /** Asks the device whether it answers now: null where it does, else why not. A camera without it is not asked. */
  probe?(): Promise<string | null>;
  counters(): CameraCounters;
  /** Stops delivering and closes the device; safe in every state, and twice. */
  stop(): Promise<void>;
}

/** Time as the drivers need it, given by the composition root (real) or by a test (simulated). */
export interface DriverClock {
  /** Monotonic milliseconds; the real one counts CLOCK_MONOTONIC, as every process of this machine does. */
  nowMs(): number;
  /** Calls back once after the delay unless the signal aborts first. */
  after(delayMs: number, callback: () => void, signal?: AbortSignal): void;
}
