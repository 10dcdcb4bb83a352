/**
 * Which parts of the synthetic line are defective: a pure function of (seed, part), so that a run can be repeated and
 * any part asked about by its number alone.
 */
import { type DefectKind, type DefectRequest, defectKindNames } from './defects.ts';
import { SeededRandom } from './random.ts';

export interface ScheduleSettings {
  seed: number;
  /** Share of defective parts, 0..1. */
  defectRate: number;
  /** Which kinds occur; each comes up once before any comes again. */
  kinds: readonly DefectKind[];
  /** Severity is drawn between these. */
  leastSeverity: number;
}

export const demoSchedule: Omit<ScheduleSettings, 'seed'> = {
  defectRate: 0.2,
  kinds: defectKindNames,
  leastSeverity: 0.45,
};

/** The defect of a part; null for a good one. Parts count from 1. */
export function defectOf(part: number, settings: ScheduleSettings): DefectRequest | null {
  const { seed, defectRate, kinds, leastSeverity } = settings;
  if (kinds.length === 0) return null;
  // Evenly spread by the running share, so that a short demonstration meets defects at the rate it promises.
  const phase = new SeededRandom(seed, 0, 'schedule').unit();
  const before = Math.floor((part - 1) * defectRate + phase);
  if (Math.floor(part * defectRate + phase) === before) return null;
  const random = new SeededRandom(seed, part, 'schedule');
  const round = Math.floor(before / kinds.length);
  const kind = shuffled(kinds, seed, round)[before % kinds.length]!;
  return { kind, severity: random.between(leastSeverity, 1) };
}

function shuffled(kinds: readonly DefectKind[], seed: number, round: number): DefectKind[] {
  const random = new SeededRandom(seed, -1 - round, 'schedule');
  const order = [...kinds];
  for (let i = order.length - 1; i > 0; i--) {
    const j = random.below(i + 1);
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  return order;
}

export function partId(part: number): string {
  return `P${String(part).padStart(6, '0')}`;
}
