/**
 * The settings of the synthetic camera: what can be chosen, its defaults, and what is refused by name.
 */
import { fail } from '../../errors.ts';
import type { DefectRequest } from './defects.ts';
import type { Fault } from './faults.ts';
import { defaultGrid, maxGridPx } from './part.ts';
import { defectOf, demoSchedule } from './schedule.ts';
import type { Grid } from './surface.ts';

export interface SyntheticSettings {
  id: string;
  seed?: number;
  /** Time between parts; null: a part comes when `trigger()` is called. */
  periodMs?: number | null;
  defectRate?: number;
  /** Number of the first part. */
  firstPart?: number;
  grid?: Grid;
  /** Decides the defect of each part instead of the seeded schedule. */
  schedule?: (part: number) => DefectRequest | null;
  /** Injected faults, by part number. */
  faults?: (part: number) => Fault | null;
}

/** The fastest period; where rendering a part takes longer, the exposure in between is dropped and counted. */
export const minPeriodMs = 10;
export const demoPeriodMs = 1000;
export type CheckedSettings = Required<Omit<SyntheticSettings, 'id'>>;

/** Fills in the defaults. Throws `camera/setting` naming the first one out of bounds. */
export function checkSettings(settings: SyntheticSettings): CheckedSettings {
  const { id } = settings;
  const seed = settings.seed ?? 1;
  const periodMs = settings.periodMs === undefined ? demoPeriodMs : settings.periodMs;
  const defectRate = settings.defectRate ?? demoSchedule.defectRate;
  const firstPart = settings.firstPart ?? 1;
  const grid = settings.grid ?? defaultGrid;
  const expect = (holds: boolean, setting: string, value: number, expected: string): void => {
    if (!holds) throw fail('camera/setting', { id, setting, value, expected });
  };
  expect(Number.isInteger(seed), 'seed', seed, 'a whole number');
  expect(Number.isInteger(firstPart) && firstPart >= 1, 'firstPart', firstPart, 'a whole number from 1');
  expect(defectRate >= 0 && defectRate <= 1, 'defectRate', defectRate, '0 to 1');
  if (periodMs !== null) expect(periodMs >= minPeriodMs, 'periodMs', periodMs, `${minPeriodMs} or more, or null`);
  for (const side of ['widthPx', 'heightPx'] as const) {
    const px = grid[side];
    expect(Number.isInteger(px) && px >= 16 && px <= maxGridPx, side, px, `16 to ${maxGridPx}`);
  }
  return {
    seed,
    periodMs,
    defectRate,
    firstPart,
    grid,
    schedule: settings.schedule ?? ((part) => defectOf(part, { ...demoSchedule, seed, defectRate })),
    faults: settings.faults ?? (() => null),
  };
}
