/** What pairing found out and the line acts on; and what is wrong with a frame by itself. */
import type { DepthFrame, Frame, RgbFrame } from '../../drivers/frame.ts';
import type { FrameDrop } from './counters.ts';
import type { FaultReason } from './part.ts';

export type Finding =
  | { readonly kind: 'frame' | 'paired'; readonly ordinal: number }
  | { readonly kind: 'fault'; readonly ordinal: number; readonly reason: FaultReason; readonly detail: string };

export interface Pair {
  readonly rgb: RgbFrame;
  readonly depth: DepthFrame;
}

export function fault(ordinal: number, reason: FaultReason, detail: string): Finding {
  return { kind: 'fault', ordinal, reason, detail };
}

export interface Flaw {
  readonly reason: FrameDrop & FaultReason;
  readonly detail: string;
}

/** Why a frame cannot be judged, whatever its partner is like. */
export function flawOf(frame: Frame, stale: string | null, second: boolean): Flaw | null {
  const name = `${frame.modality} frame ${frame.frameId} of camera ${frame.cameraId}`;
  if (second) return { reason: 'unmatched', detail: `${name} is the second one of its trigger` };
  if (!frame.complete) return { reason: 'incomplete', detail: `${name} has missing data` };
  const values = frame.modality === 'rgb' ? frame.pixels.length : frame.depthMm.length;
  const expected = frame.widthPx * frame.heightPx * (frame.modality === 'rgb' ? 3 : 1);
  if (values !== expected) return { reason: 'size', detail: `${name} has ${values} values, expected ${expected}` };
  return stale === null ? null : { reason: 'stale', detail: stale };
}
