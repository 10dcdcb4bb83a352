/** Where a frame belongs: one part, several (then it belongs to none), none, or a part that is yet to be opened. */
import type { Frame } from '../../drivers/frame.ts';
import type { CameraNumbering } from './camera-numbering.ts';
import type { FrameDrop } from './counters.ts';
import type { LineSettings } from './settings.ts';
import type { Slot, Slots } from './slots.ts';

export type Place = { slots: Slot[] } | { drop: FrameDrop } | { early: true };

/** `latest` is the part this modality came to last: without a counter, frames keep the order of parts. */
export function placeOf(
  frame: Frame,
  camera: CameraNumbering,
  slots: Slots,
  latest: number,
  settings: Pick<LineSettings, 'captureEarlyMs' | 'captureLateMs' | 'skewExpectedUs'>,
): Place {
  if (frame.trigger === null) {
    const { captureEarlyMs, captureLateMs, skewExpectedUs } = settings;
    // Depth is exposed so much later than colour: parts are opened by the time of colour.
    const capturedAtMs = (frame.capturedAtUs - (frame.modality === 'depth' ? skewExpectedUs : 0)) / 1000;
    const around = slots.around(frame, capturedAtMs, captureEarlyMs, captureLateMs, latest);
    return around.length === 0 ? { early: true } : { slots: around };
  }
  const ordinal = camera.ordinalOf(frame.trigger);
  if (ordinal === 'none') return { drop: 'unmatched' };
  if (ordinal === 'open' || ordinal > slots.newest) return { early: true };
  const slot = slots.get(ordinal);
  return slot ? { slots: [slot] } : { drop: 'late' };
}
