import { describe, expect, it } from 'vitest';
import { defectKindNames } from '../../../drivers/synthetic/defects.ts';
import { defectOf, demoSchedule, partId } from '../../../drivers/synthetic/schedule.ts';

const kindsOf = (seed: number, parts: number, defectRate = demoSchedule.defectRate): (string | null)[] =>
  Array.from({ length: parts }, (_, i) => defectOf(i + 1, { ...demoSchedule, seed, defectRate })?.kind ?? null);

describe('the schedule of defects', () => {
  it('makes one part in five defective, from the first parts on', () => {
    for (const seed of [1, 2, 3]) {
      expect(kindsOf(seed, 100).filter((kind) => kind !== null).length).toBe(20);
      expect(kindsOf(seed, 10).filter((kind) => kind !== null).length).toBe(2);
    }
  });

  it('shows every kind before any comes again', () => {
    const first = kindsOf(4, 100).filter((kind) => kind !== null);
    expect(new Set(first.slice(0, 10))).toEqual(new Set(defectKindNames));
    expect(new Set(first.slice(10, 20))).toEqual(new Set(defectKindNames));
    expect(first.slice(0, 10)).not.toEqual(first.slice(10, 20));
  });

  it('is a function of seed and part', () => {
    expect(kindsOf(5, 200)).toEqual(kindsOf(5, 200));
    expect(kindsOf(5, 200)).not.toEqual(kindsOf(6, 200));
  });

  it('keeps to its bounds', () => {
    expect(kindsOf(1, 50, 0).every((kind) => kind === null)).toBe(true);
    expect(kindsOf(1, 50, 1).every((kind) => kind !== null)).toBe(true);
    expect(defectOf(1, { ...demoSchedule, seed: 1, defectRate: 1, kinds: [] })).toBeNull();
    for (let part = 1; part <= 100; part++) {
      const severity = defectOf(part, { ...demoSchedule, seed: 1, defectRate: 1 })!.severity;
      expect(severity).toBeGreaterThanOrEqual(demoSchedule.leastSeverity);
      expect(severity).toBeLessThan(1);
    }
  });

  it('names parts by six digits', () => {
    expect(partId(123)).toBe('P000123');
    expect(partId(1_234_567)).toBe('P1234567');
  });
});
