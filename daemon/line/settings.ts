/**
 * What one line is told: its id, its limits with their unit, and who delivers which modality. Refuses settings under
 * which parts could not be told apart, each error naming the field, the value and the expectation.
 */
import type { Modality } from '../../drivers/frame.ts';
import { fail } from '../../errors.ts';

/**
 * Parts opened and not yet told, refused ones included (those hold no frames). At this many the parts still open are
 * closed as overrun, so that a storm of triggers cannot pile up verdicts behind one part that waits for its deadline.
 */
export const maxUntold = 1024;

export interface LineSettings {
  readonly lineId: string;
  /** From the trigger to the verdict; a part without a reading by then is undecided. */
  readonly deadlineMs: number;
  /** Kept of the deadline for the commit of the record, so that the verdict is out by then; 0 where there is none. */
  readonly commitReserveMs?: number;
  /** From the trigger to the second frame of its pair; not longer than the deadline. */
  readonly frameWaitMs: number;
  /** Parts opened and not yet announced; the next trigger is undecided/overrun. Bounds the frames held: two each. */
  readonly maxPartsInFlight: number;
  /** Each modality from exactly one camera; one camera may deliver both. */
  readonly cameras: readonly { readonly id: string; readonly modalities: readonly Modality[] }[];
  /** The camera whose trigger counter opens parts; null = only commands open parts. */
  readonly triggerFrom: string | null;
  /**
   * A frame without a trigger count belongs to a part whose trigger was heard at most `captureLateMs` before or
   * `captureEarlyMs` after its exposure. Keep their sum below the shortest time between parts, or frames fit two.
   */
  readonly captureEarlyMs: number;
  readonly captureLateMs: number;
  /** Two counters hear one electrical trigger within this time; less than half the shortest time between parts. */
  readonly edgeWindowMs: number;
  /** Exposure of depth minus exposure of RGB: a constant of the installation, and how far it may stray. */
  readonly skewExpectedUs: number;
  readonly skewMaxUs: number;
  /** How long an inference that was given up may keep the line waiting before the next one is begun anyway. */
  readonly abandonAfterMs: number;
}

/** From the trigger to the end of judging: the deadline less what the commit may take. */
export function decideWithinMs({ deadlineMs, commitReserveMs = 0 }: LineSettings): number {
  return deadlineMs - commitReserveMs;
}

/**
 * How much later than colour this camera exposes, ms: instants that cameras tell of are compared by the time of colour.
 * 0 for one that delivers both.
 */
export function exposureLagMs({ cameras, skewExpectedUs }: LineSettings, cameraId: string): number {
  const modalities = cameras.find(({ id }) => id === cameraId)?.modalities ?? [];
  return modalities.includes('rgb') ? 0 : skewExpectedUs / 1000;
}

/** Throws `line/settings` for the first setting that cannot work. */
export function checkSettings(settings: LineSettings): void {
  const refuse = (field: string, value: string | number, expected: string): never => {
    throw fail('line/settings', { line: settings.lineId, field, value, expected });
  };
  for (const field of ['deadlineMs', 'frameWaitMs', 'maxPartsInFlight', 'skewMaxUs', 'edgeWindowMs'] as const) {
    if (!(settings[field] > 0)) refuse(field, settings[field], 'more than 0');
  }
  for (const field of ['captureEarlyMs', 'captureLateMs', 'abandonAfterMs'] as const) {
    if (!(settings[field] >= 0)) refuse(field, settings[field], '0 or more');
  }
  const withinMs = decideWithinMs(settings);
  if (settings.frameWaitMs > withinMs) {
    refuse('frameWaitMs', settings.frameWaitMs, `at most deadlineMs less commitReserveMs (${withinMs})`);
  }
  for (const modality of ['rgb', 'depth'] as const) {
    const from = settings.cameras.filter((camera) => camera.modalities.includes(modality)).map((camera) => camera.id);
    if (from.length !== 1) refuse('cameras', from.join(', ') || 'none', `exactly one camera that delivers ${modality}`);
  }
  const ids = settings.cameras.map((camera) => camera.id);
  if (settings.triggerFrom !== null && !ids.includes(settings.triggerFrom)) {
    refuse('triggerFrom', settings.triggerFrom, `one of the line's cameras (${ids.join(', ')}) or none`);
  }
}
