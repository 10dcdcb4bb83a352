import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { allKindNames, type DefectKind, defectKindNames, defectKinds } from '../../../drivers/synthetic/defects.ts';
import { type RenderedPart, renderPart } from '../../../drivers/synthetic/part.ts';
import { standOffMm } from '../../../drivers/synthetic/sensors.ts';

const digest = ({ rgb, depthMm, truth }: RenderedPart): string =>
  createHash('sha256').update(rgb).update(new Uint8Array(depthMm.buffer)).update(truth).digest('hex');

const count = (mask: Uint8Array): number => mask.reduce((sum, mark) => sum + mark, 0);

/** Pixels where two parts differ by more than noise and rounding could make of no change at all. */
function changedPixels(a: RenderedPart, b: RenderedPart): { rgb: Uint8Array; depth: Uint8Array } {
  const rgb = new Uint8Array(a.truth.length);
  const depth = new Uint8Array(a.truth.length);
  for (let i = 0; i < rgb.length; i++) {
    for (let c = 0; c < 3; c++) if (Math.abs(a.rgb[i * 3 + c]! - b.rgb[i * 3 + c]!) > 9) rgb[i] = 1;
    if (Math.abs(a.depthMm[i]! - b.depthMm[i]!) > 0.13) depth[i] = 1;
  }
  return { rgb, depth };
}

describe('a synthetic part', () => {
  it('is the same for the same seed and number, and another for another', () => {
    const defect = { kind: 'crack', severity: 0.6 } as const;
    expect(digest(renderPart({ seed: 3, part: 8, defect }))).toBe(digest(renderPart({ seed: 3, part: 8, defect })));
    const digests = [
      [3, 8],
      [3, 9],
      [4, 8],
    ].map(([seed, part]) => digest(renderPart({ seed: seed!, part: part! })));
    expect(new Set(digests).size).toBe(3);
  });

  it('is not changed silently: the shipped bundle was taught on it', () => {
    // plain arithmetic and square roots only, so these bytes are the same on every machine
    expect(digest(renderPart({ seed: 1, part: 1, defect: { kind: 'missing', severity: 0.8 } }))).toBe(
      '594efd1360ece04f286bbd26abc2b1b86535f5e24899fa20ccb6f2feafa929da',
    );
  });

  it('looks like a measurement: distance near 400 mm, a few percent without reading, quantised', () => {
    const { depthMm, truth, widthPx, heightPx, rgb } = renderPart({ seed: 2, part: 5 });
    expect([widthPx, heightPx, rgb.length, depthMm.length]).toEqual([320, 240, 320 * 240 * 3, 320 * 240]);
    const readings = depthMm.filter((mm) => mm !== 0);
    const lost = 1 - readings.length / depthMm.length;
    expect(lost).toBeGreaterThan(0.02);
    expect(lost).toBeLessThan(0.08);
    for (const mm of readings) {
      if (!(mm > standOffMm - 6 && mm < standOffMm + 8)) throw new Error(`reading of ${mm} mm`);
      if (Math.abs(mm / 0.02 - Math.round(mm / 0.02)) > 0.01) throw new Error(`${mm} mm is not a whole step`);
    }
    expect(count(truth)).toBe(0);
  });

  it('varies from part to part within the tolerance, not beyond', () => {
    const means = Array.from({ length: 8 }, (_, i) => {
      const { depthMm } = renderPart({ seed: 9, part: i + 1 });
      const at = 180 * 320 + 150; // plain plate between label and rim
      const readings = depthMm.subarray(at, at + 20).filter((mm) => mm !== 0);
      return readings.reduce((sum, mm) => sum + mm, 0) / readings.length;
    });
    const spread = Math.max(...means) - Math.min(...means);
    expect(spread).toBeGreaterThan(0.02);
    expect(spread).toBeLessThan(0.5);
  });

  it('renders on other grids', () => {
    const small = renderPart({
      seed: 1,
      part: 1,
      defect: { kind: 'hole', severity: 1 },
      grid: { widthPx: 96, heightPx: 96 },
    });
    expect(small.rgb.length).toBe(96 * 96 * 3);
    expect(count(small.truth)).toBeGreaterThan(0);
    expect(() => renderPart({ seed: 1, part: 1, grid: { widthPx: 8, heightPx: 8 } })).toThrow('grid side 8');
  });
});

const firstPart = 20;
/** A third less than the camera's, and enough for the finest scratch. */
const grid = { widthPx: 256, heightPx: 192 };
const goodTwins = [0, 1, 2].map((i) => renderPart({ seed: 7, part: firstPart + i, grid }));

describe.each(allKindNames)('defect %s', (kind: DefectKind) => {
  const cases = [0, 0.5, 1].map((severity, i) => {
    const bad = renderPart({ seed: 7, part: firstPart + i, defect: { kind, severity }, grid });
    const changed = changedPixels(bad, goodTwins[i]!);
    return { severity, bad, changed };
  });

  it('is seen by the modalities it names and leaves no trace in the other', () => {
    const seenBy: readonly string[] = defectKinds[kind].seenBy;
    for (const { changed } of cases) {
      expect(count(changed.rgb) > 0).toBe(seenBy.includes('rgb'));
      expect(count(changed.depth) > 0).toBe(seenBy.includes('depth'));
    }
  });

  it('has a truth that covers what changed, and little else', () => {
    for (const { bad, changed } of cases) {
      const either = changed.rgb.map((mark, i) => mark | changed.depth[i]!);
      const covered = either.filter((mark, i) => mark === 1 && bad.truth[i] === 1).length;
      expect(count(bad.truth)).toBeGreaterThanOrEqual(12);
      expect(covered / count(either)).toBeGreaterThan(0.97);
      // the rest are pinholes, and the rim of what this test, given noise on both sides, cannot call changed
      expect(covered / count(bad.truth)).toBeGreaterThan(0.7);
    }
  });

  it('says what it did', () => {
    for (const { severity, bad } of cases) {
      expect(bad.defect).toMatchObject({ kind, severity, seenBy: defectKinds[kind].seenBy });
      expect(bad.defect?.feature === null).toBe(kind !== 'missing');
    }
  });
});

it('a graver defect is a larger one', () => {
  for (const kind of defectKindNames) {
    const area = (severity: number): number => {
      let sum = 0;
      const grid = { widthPx: 96, heightPx: 72 };
      for (let part = 0; part < 4; part++) {
        sum += count(renderPart({ seed: 11, part, defect: { kind, severity }, grid }).truth);
      }
      return sum;
    };
    expect(area(1)).toBeGreaterThan(area(0.1));
  }
});

it('holes and cracks drop depth out; a drop-out is nothing but missing depth', () => {
  for (const kind of ['hole', 'crack', 'dropout'] as const) {
    const bad = renderPart({ seed: 5, part: 3, defect: { kind, severity: 0.8 } });
    const inTruth = bad.depthMm.filter((_, i) => bad.truth[i] === 1);
    const lost = inTruth.filter((mm) => mm === 0).length / inTruth.length;
    expect(lost).toBeGreaterThan(kind === 'dropout' ? 0.95 : 0.3);
  }
});
