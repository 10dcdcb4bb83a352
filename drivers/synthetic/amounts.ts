/**
 * How grave a defect is, in physical units: one amount per kind, on the running scale of the demonstration (0..1) and
 * at the three levels of the suite.
 *
 * The levels follow what an inspector would call them: faint is at the edge of what the sensors show, middle (the
 * middle of the running scale) is clear but not gross, gross is seen from across the hall. They are fixed numbers,
 * chosen before any detector was run on them, and must not be tuned to one.
 */
import { lerp } from './shapes.ts';

export interface Amounts {
  scratch: { lengthMm: number; widthMm: number; strength: number };
  stain: { radiusMm: number; strength: number };
  colour: { radiusMm: number; strength: number };
  dent: { depthMm: number; radiusMm: number };
  bump: { heightMm: number; radiusMm: number };
  warp: { liftMm: number };
  hole: { radiusMm: number };
  missing: { breakHalfWidths: number };
  crack: { lengthMm: number; widthMm: number; depthMm: number; strength: number };
  dropout: { radiusMm: number };
  deepDent: { depthMm: number; radiusMm: number };
  low: { lowMm: number };
}
export type DefectKind = keyof Amounts;

export const levelNames = ['faint', 'middle', 'gross'] as const;
export type Level = (typeof levelNames)[number];
/** A point on the running scale, 0 hardly visible to 1 gross, or a level of the suite. */
export type Severity = number | Level;

/** Nothing is left of a feature whose break lies this far on its other side. */
const allGone = -100;

/** The running scale. The scene of a seed is drawn with it: its numbers stay. */
const scales: { readonly [K in DefectKind]: (severity: number) => Amounts[K] } = {
  scratch: (s) => ({ lengthMm: lerp(8, 30, s), widthMm: lerp(0.35, 0.9, s), strength: 0.9 }),
  stain: (s) => ({ radiusMm: lerp(2, 6, s), strength: lerp(0.4, 0.8, s) }),
  colour: (s) => ({ radiusMm: lerp(5, 11, s), strength: lerp(0.35, 0.9, s) }),
  dent: (s) => ({ depthMm: lerp(0.3, 1.5, s), radiusMm: lerp(2.5, 5, s) }),
  bump: (s) => ({ heightMm: lerp(0.3, 1.3, s), radiusMm: lerp(2.5, 5, s) }),
  warp: (s) => ({ liftMm: lerp(0.6, 2.4, s) }),
  hole: (s) => ({ radiusMm: lerp(0.8, 2.3, s) }),
  missing: (s) => ({ breakHalfWidths: s >= 0.5 ? allGone : lerp(0.7, -0.5, s * 2) }),
  crack: (s) => ({ lengthMm: lerp(10, 34, s), widthMm: lerp(0.4, 0.8, s), depthMm: 1.5, strength: 0.9 }),
  dropout: (s) => ({ radiusMm: lerp(2.5, 6.5, s) }),
  deepDent: (s) => ({ depthMm: lerp(1, 5, s), radiusMm: 18 }),
  low: (s) => ({ lowMm: lerp(0.5, 1.5, s) }),
};

/** The levels of the suite. */
export const levels: { readonly [K in DefectKind]: Readonly<Record<Level, Amounts[K]>> } = {
  scratch: {
    faint: { lengthMm: 8, widthMm: 0.35, strength: 0.25 },
    middle: { lengthMm: 19, widthMm: 0.625, strength: 0.9 },
    gross: { lengthMm: 30, widthMm: 0.9, strength: 0.9 },
  },
  stain: {
    faint: { radiusMm: 2, strength: 0.2 },
    middle: { radiusMm: 4, strength: 0.6 },
    gross: { radiusMm: 6, strength: 0.8 },
  },
  colour: {
    faint: { radiusMm: 5, strength: 0.3 },
    middle: { radiusMm: 8, strength: 0.625 },
    gross: { radiusMm: 11, strength: 0.9 },
  },
  dent: {
    faint: { depthMm: 0.2, radiusMm: 2.5 },
    middle: { depthMm: 0.9, radiusMm: 3.75 },
    gross: { depthMm: 1.5, radiusMm: 5 },
  },
  bump: {
    faint: { heightMm: 0.2, radiusMm: 2.5 },
    middle: { heightMm: 0.8, radiusMm: 3.75 },
    gross: { heightMm: 1.3, radiusMm: 5 },
  },
  warp: { faint: { liftMm: 0.5 }, middle: { liftMm: 1.5 }, gross: { liftMm: 2.4 } },
  hole: { faint: { radiusMm: 0.6 }, middle: { radiusMm: 1.55 }, gross: { radiusMm: 2.3 } },
  missing: {
    faint: { breakHalfWidths: 0.5 },
    middle: { breakHalfWidths: -0.25 },
    gross: { breakHalfWidths: allGone },
  },
  crack: {
    faint: { lengthMm: 8, widthMm: 0.35, depthMm: 0.5, strength: 0.4 },
    middle: { lengthMm: 22, widthMm: 0.6, depthMm: 1.5, strength: 0.9 },
    gross: { lengthMm: 34, widthMm: 0.8, depthMm: 1.5, strength: 0.9 },
  },
  dropout: { faint: { radiusMm: 2 }, middle: { radiusMm: 4.5 }, gross: { radiusMm: 6.5 } },
  deepDent: {
    faint: { depthMm: 1, radiusMm: 18 },
    middle: { depthMm: 3, radiusMm: 18 },
    gross: { depthMm: 5, radiusMm: 18 },
  },
  low: { faint: { lowMm: 0.5 }, middle: { lowMm: 1 }, gross: { lowMm: 2 } },
};

export function amountOf<K extends DefectKind>(kind: K, severity: Severity): Amounts[K] {
  return typeof severity === 'number' ? scales[kind](severity) : levels[kind][severity];
}
