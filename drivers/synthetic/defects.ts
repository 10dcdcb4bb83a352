/**
 * The defects of the synthetic line: what each does to the surface, who can see it, and what severity means.
 *
 * A kind that says `seenBy: ['depth']` leaves no trace in the picture and the other way round; `part.ts` keeps that
 * promise by showing the untouched surface to the other sensor. Severity 0 is hardly visible, 1 is gross.
 */
import type { Modality } from '../frame.ts';
import { type Feature, features, isOpen, plate } from './blueprint.ts';
import type { SeededRandom } from './random.ts';
import { bell, clamp, cover, discDistance, lerp, segmentDistance, smoothstep } from './shapes.ts';
import type { Missing, Surface } from './surface.ts';
import { textureTiles, tileIndex } from './texture.ts';

export const defectKinds = {
  scratch: { seenBy: ['rgb'], severityIs: 'length 8 to 30 mm, width 0.35 to 0.9 mm' },
  stain: { seenBy: ['rgb'], severityIs: 'radius 2 to 6 mm and darkness' },
  colour: { seenBy: ['rgb'], severityIs: 'radius 5 to 11 mm and strength of the tint' },
  dent: { seenBy: ['depth'], severityIs: 'depth 0.3 to 1.5 mm, radius 2.5 to 5 mm' },
  bump: { seenBy: ['depth'], severityIs: 'height 0.3 to 1.3 mm, radius 2.5 to 5 mm' },
  warp: { seenBy: ['depth'], severityIs: 'lift of a corner 0.6 to 2.4 mm' },
  hole: { seenBy: ['rgb', 'depth'], severityIs: 'radius 0.8 to 2.3 mm' },
  missing: { seenBy: ['rgb', 'depth'], severityIs: 'below 0.5 a feature is broken, from there on it is not there' },
  crack: { seenBy: ['rgb', 'depth'], severityIs: 'length 10 to 34 mm, width 0.4 to 0.8 mm' },
  dropout: { seenBy: ['depth'], severityIs: 'radius 2.5 to 6.5 mm without any reading' },
} as const satisfies Record<string, { seenBy: readonly Modality[]; severityIs: string }>;

export type DefectKind = keyof typeof defectKinds;
export const defectKindNames = Object.keys(defectKinds) as DefectKind[];

export interface DefectRequest {
  kind: DefectKind;
  /** 0..1 */
  severity: number;
}

/** What was done to a part, for the record. */
export interface Defect extends DefectRequest {
  seenBy: readonly Modality[];
  /** Centre in part coordinates, mm. */
  xMm: number;
  yMm: number;
  /** The feature that is missing or broken; null for the other kinds. */
  feature: string | null;
}

/** A defect ready to be applied. */
export interface DefectPlan {
  defect: Defect;
  missing: Missing;
  /** Changes one pixel of the part at part coordinates (x, y). */
  touch(surface: Surface, at: number, x: number, y: number): void;
}

export function planDefect(request: DefectRequest, random: SeededRandom): DefectPlan {
  const severity = clamp(request.severity, 0, 1);
  const { kind } = request;
  const made = kind === 'missing' ? planMissing(severity, random) : planAt(kind, severity, random);
  return {
    missing: made.missing ?? null,
    touch: made.touch ?? (() => {}),
    defect: {
      kind,
      severity,
      seenBy: defectKinds[kind].seenBy,
      xMm: made.x,
      yMm: made.y,
      feature: made.feature ?? null,
    },
  };
}

interface Made {
  x: number;
  y: number;
  touch?: DefectPlan['touch'];
  missing?: Missing;
  feature?: string;
}

type Painter = (severity: number, random: SeededRandom, x: number, y: number) => DefectPlan['touch'];

function planAt(kind: Exclude<DefectKind, 'missing'>, severity: number, random: SeededRandom): Made {
  const { x, y } = spot(random);
  return { x, y, touch: painters[kind](severity, random, x, y) };
}

/** A place on the face of the part, not in one of its openings. */
function spot(random: SeededRandom): { x: number; y: number } {
  const insetMm = 6;
  for (let attempt = 0; attempt < 32; attempt++) {
    const x = random.between(insetMm - plate.halfXMm, plate.halfXMm - insetMm);
    const y = random.between(insetMm - plate.halfYMm, plate.halfYMm - insetMm);
    if (!isOpen(x, y)) return { x, y };
  }
  return { x: 2, y: 3.5 };
}

/** A feature that is not there, or of which a piece has broken off. */
function planMissing(severity: number, random: SeededRandom): Made {
  const feature = features[random.below(features.length)]!;
  const { x: dx, y: dy } = random.direction();
  const keptMm = severity >= 0.5 ? -100 : lerp(0.7, -0.5, severity * 2) * Math.min(feature.halfXMm, feature.halfYMm);
  return {
    x: feature.x,
    y: feature.y,
    feature: feature.name,
    missing: (x, y) => isWithin(feature, x, y) && (x - feature.x) * dx + (y - feature.y) * dy > keptMm,
  };
}

function isWithin(feature: Feature, x: number, y: number): boolean {
  const dx = x - feature.x;
  const dy = y - feature.y;
  if (feature.round) return discDistance(dx, dy, feature.halfXMm) < 0;
  return Math.abs(dx) < feature.halfXMm && Math.abs(dy) < feature.halfYMm;
}

const painters: Record<Exclude<DefectKind, 'missing'>, Painter> = {
  scratch(severity, random, x, y) {
    const line = wander(random, x, y, { lengthMm: lerp(8, 30, severity), segments: 6, bend: 0.12 });
    const halfMm = lerp(0.35, 0.9, severity) / 2;
    return (surface, at, px, py) => {
      const share = cover(line(px, py) - halfMm, 0.3);
      // raw metal shines on everything but the white print, where it shows dark
      if (share > 0) tone(surface, at, share * 0.9, surface.green[at]! > 0.72 ? 0.35 : 0.95);
    };
  },
  stain(severity, random, x, y) {
    const radius = lerp(2, 6, severity);
    const strength = lerp(0.4, 0.8, severity);
    const blob = blobAround(random, x, y, radius);
    return (surface, at, px, py) => {
      const share = strength * smoothstep((1 - blob(px, py)) * 4);
      tint(surface, at, 1 - share * 0.75, 1 - share * 0.85, 1 - share);
    };
  },
  colour(severity, random, x, y) {
    const radius = lerp(5, 11, severity);
    const strength = lerp(0.35, 0.9, severity) * random.sign();
    return (surface, at, px, py) => {
      const share = strength * smoothstep(1.6 * bell(square(px - x, py - y), radius));
      tint(surface, at, 1 - share * 0.35, 1 - Math.abs(share) * 0.1, 1 + share * 0.35);
    };
  },
  dent: (severity, random, x, y) => press(x, y, -lerp(0.3, 1.5, severity), lerp(2.5, 5, severity), random),
  bump: (severity, random, x, y) => press(x, y, lerp(0.3, 1.3, severity), lerp(2.5, 5, severity), random),
  warp(severity, random) {
    const dx = 0.8 * random.sign();
    const dy = 0.6 * random.sign();
    const liftMm = lerp(0.6, 2.4, severity);
    return (surface, at, px, py) => {
      const along = (px * dx + py * dy - 14) / 34;
      if (along > 0) surface.height[at]! += liftMm * along * along * surface.cover[at]!;
    };
  },
  hole(severity, _random, x, y) {
    const radius = lerp(0.8, 2.3, severity);
    return (surface, at, px, py) => {
      const share = cover(discDistance(px - x, py - y, radius), 0.3) * surface.cover[at]!;
      if (share === 0) return;
      surface.height[at] = lerp(surface.height[at]!, -plate.thickMm, share);
      tone(surface, at, share, 0.1);
    };
  },
  crack(severity, random, x, y) {
    const line = wander(random, x, y, { lengthMm: lerp(10, 34, severity), segments: 14, bend: 0.75 });
    const halfMm = lerp(0.4, 0.8, severity) / 2;
    return (surface, at, px, py) => {
      const share = cover(line(px, py) - halfMm, 0.3) * surface.cover[at]!;
      if (share === 0) return;
      surface.height[at]! -= 1.5 * share;
      tone(surface, at, share * 0.9, 0.07);
      if (share > 0.45) surface.lost[at] = 1;
    };
  },
  dropout(severity, random, x, y) {
    const blob = blobAround(random, x, y, lerp(2.5, 6.5, severity));
    return (surface, at, px, py) => {
      if (blob(px, py) < 1 && surface.cover[at]! > 0.5) surface.lost[at] = 1;
    };
  },
};

/** A smooth hollow or hump, somewhat longer than wide. */
function press(x: number, y: number, riseMm: number, radius: number, random: SeededRandom): DefectPlan['touch'] {
  const { x: dx, y: dy } = random.direction();
  const stretch = random.between(1, 1.4);
  return (surface, at, px, py) => {
    const along = ((px - x) * dx + (py - y) * dy) / stretch;
    const across = (py - y) * dx - (px - x) * dy;
    surface.height[at]! += riseMm * bell(square(along, across), radius) * surface.cover[at]!;
  };
}

/** Distance to a line that wanders from the point inwards and ends at the latest where the plate ends. */
function wander(
  random: SeededRandom,
  x: number,
  y: number,
  shape: { lengthMm: number; segments: number; bend: number },
): (x: number, y: number) => number {
  const step = shape.lengthMm / shape.segments;
  let { x: dx, y: dy } = random.direction();
  if (x * dx + y * dy > 0) [dx, dy] = [-dx, -dy];
  const points = [{ x, y }];
  for (let i = 0; i < shape.segments; i++) {
    const last = points.at(-1)!;
    const turn = random.between(-shape.bend, shape.bend);
    const length = Math.sqrt(1 + turn * turn);
    [dx, dy] = [(dx - turn * dy) / length, (dy + turn * dx) / length];
    const next = { x: last.x + step * dx, y: last.y + step * dy };
    if (Math.abs(next.x) > plate.halfXMm || Math.abs(next.y) > plate.halfYMm) break;
    points.push(next);
  }
  const aroundMm = 2; // beyond this from the line's box the distance does not matter
  const left = Math.min(...points.map((point) => point.x)) - aroundMm;
  const right = Math.max(...points.map((point) => point.x)) + aroundMm;
  const top = Math.min(...points.map((point) => point.y)) - aroundMm;
  const bottom = Math.max(...points.map((point) => point.y)) + aroundMm;
  return (px, py) => {
    if (px < left || px > right || py < top || py > bottom) return aroundMm;
    let nearest: number = aroundMm;
    for (let i = 1; i < points.length; i++) {
      const a = points[i - 1]!;
      const b = points[i]!;
      const distance = segmentDistance(px, py, a.x, a.y, b.x, b.y);
      if (distance < nearest) nearest = distance;
    }
    return nearest;
  };
}

/** An uneven blob: below 1 inside, above 1 outside. */
function blobAround(random: SeededRandom, x: number, y: number, radius: number): (x: number, y: number) => number {
  const { cloud } = textureTiles();
  const ox = random.below(256);
  const oy = random.below(256);
  return (px, py) => {
    const away = discDistance(px - x, py - y, 0) / radius;
    if (away > 2) return away;
    const uneven = cloud[tileIndex(ox + Math.floor((px - x) * 5), oy + Math.floor((py - y) * 5))]!;
    return away * (1 + 0.3 * clamp(uneven, -1, 1));
  };
}

function tone(surface: Surface, at: number, share: number, value: number): void {
  const part = share * surface.cover[at]!;
  surface.red[at] = lerp(surface.red[at]!, value, part);
  surface.green[at] = lerp(surface.green[at]!, value, part);
  surface.blue[at] = lerp(surface.blue[at]!, value, part);
}

function tint(surface: Surface, at: number, red: number, green: number, blue: number): void {
  const part = surface.cover[at]!;
  surface.red[at]! *= lerp(1, red, part);
  surface.green[at]! *= lerp(1, green, part);
  surface.blue[at]! *= lerp(1, blue, part);
}

function square(x: number, y: number): number {
  return x * x + y * y;
}
