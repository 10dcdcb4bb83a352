/**
 * What a recording holds, and how it lies in an MCAP file.
 *
 *   metadata `twinspect.recording`    version, the cameras, when it began, digest of the calibration
 *   attachment `calibration.json`     the calibration, where there is one
 *   /CAMERA/events                    JSON: triggers, drops, losses; for each frame its stamp, before the image
 *   /CAMERA/rgb, /CAMERA/depth        sensor_msgs/msg/Image, exactly as the camera gave it
 *
 * A stamp and its image carry one sequence number. Log time is when it came, publish time when it was exposed, both
 * on the wall clock as it stood when the recording began and running evenly since.
 */
import type { FrameStamp, Modality } from '../frame.ts';

export const recordingVersion = '1';
export const recordingMetadata = 'twinspect.recording';
export const calibrationAttachment = 'calibration.json';
export const profile = 'ros2';

export interface RecordedCamera {
  readonly id: string;
  readonly modalities: readonly Modality[];
}

export interface RecordingInfo {
  readonly cameras: readonly RecordedCamera[];
  /** Wall clock when it began, ms since 1970, and the monotonic clock at that instant, ms. */
  readonly beganAtMs: number;
  readonly beganAtMonotonicMs: number;
  /** Text of the calibration; null where the frames share a grid or nobody knows. */
  readonly calibration: string | null;
}

/** As a frame's stamp, without the memory behind it. */
export type RecordedStamp = Omit<FrameStamp, 'release' | 'cameraId'> & { readonly modality: Modality };

export type CameraEvent =
  | { readonly kind: 'triggered'; readonly count: number; readonly partId: string | null }
  | { readonly kind: 'dropped'; readonly modality: Modality; readonly trigger: number | null; readonly reason: string }
  | { readonly kind: 'lost'; readonly reason: string }
  | { readonly kind: 'recovered' }
  | { readonly kind: 'ended' };

/** A frame's stamp as an event of its camera. */
export type StampEvent = { readonly kind: 'frame' } & RecordedStamp;

export const eventSchema = {
  name: 'twinspect.CameraEvent',
  encoding: 'jsonschema',
  text: JSON.stringify({
    type: 'object',
    required: ['kind', 'atMs'],
    properties: {
      kind: { enum: ['triggered', 'dropped', 'lost', 'recovered', 'ended', 'frame'] },
      atMs: { type: 'number', description: 'monotonic clock of the recorder, ms' },
      count: { type: 'integer' },
      partId: { type: ['string', 'null'] },
      modality: { enum: ['rgb', 'depth'] },
      frameId: { type: 'integer' },
      trigger: { type: ['integer', 'null'] },
      capturedAtUs: { type: 'number', description: 'monotonic clock of the recorder, us' },
      arrivedAtMs: { type: 'number' },
      complete: { type: 'boolean' },
      reason: { type: 'string' },
    },
  }),
};

export const topicOf = (cameraId: string, what: 'events' | Modality): string => `/${cameraId}/${what}`;
