/**
 * The defects of the synthetic line: what each does to the surface, who can see it, and what severity means.
 *
 * A kind that says `seenBy: ['depth']` leaves no trace in the picture and the other way round; `part.ts` keeps that
 * promise by showing the untouched surface to the other sensor. Severity 0 is hardly visible, 1 is gross.
 */
import type { Modality } from '../frame.ts';
import { type Amounts, amountOf, type DefectKind, type Severity } from './amounts.ts';
import { type Feature, features, isOpen, plate } from './blueprint.ts';
import type { SeededRandom } from './random.ts';
import { bell, clamp, cover, discDistance, lerp, segmentDistance, smoothstep } from './shapes.ts';
import type { Missing, Surface } from './surface.ts';
import { textureTiles, tileIndex } from './texture.ts';

export type { DefectKind } from './amounts.ts';

interface KindFacts {
  seenBy: readonly Modality[];
  /** Comes only when asked for by name: not in the schedule of the line, nor in a set of all kinds. */
  byNameOnly?: true;
  /** The truth is where the surface lies elsewhere than it should, readings or not. */
  wholeSurface?: true;
}

export const defectKinds = {
  scratch: { seenBy: ['rgb'] },
  stain: { seenBy: ['rgb'] },
  colour: { seenBy: ['rgb'] },
  dent: { seenBy: ['depth'] },
  bump: { seenBy: ['depth'] },
  warp: { seenBy: ['depth'] },
  hole: { seenBy: ['rgb', 'depth'] },
  missing: { seenBy: ['rgb', 'depth'] },
  crack: { seenBy: ['rgb', 'depth'] },
  dropout: { seenBy: ['depth'] },
  deepDent: { seenBy: ['depth'], byNameOnly: true, wholeSurface: true },
  low: { seenBy: ['depth'], byNameOnly: true, wholeSurface: true },
} as const satisfies Record<DefectKind, KindFacts>;

/** Of `defectKinds` by name, with what only some rows say. */
export const kindFacts: Readonly<Record<DefectKind, KindFacts>> = defectKinds;
export const allKindNames = Object.keys(defectKinds) as DefectKind[];
/** The kinds that come unasked. Their order decides which part of a seed has which: it stays. */
export const defectKindNames = allKindNames.filter((kind) => !kindFacts[kind].byNameOnly);

export interface DefectRequest {
  kind: DefectKind;
  severity: Severity;
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
  const { kind } = request;
  const severity = typeof request.severity === 'number' ? clamp(request.severity, 0, 1) : request.severity;
  const made = kind === 'missing' ? planMissing(amountOf(kind, severity), random) : planAt(kind, severity, random);
  return {
    missing: made.missing ?? null,
    touch: made.touch ?? (() => {}),
    defect: {
      kind,
      severity,
      seenBy: kindFacts[kind].seenBy,
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

type PaintedKind = Exclude<DefectKind, 'missing'>;
type Painters = {
  readonly [K in PaintedKind]: (amount: Amounts[K], random: SeededRandom, x: number, y: number) => DefectPlan['touch'];
};

function planAt<K extends PaintedKind>(kind: K, severity: Severity, random: SeededRandom): Made {
  const amount = amountOf(kind, severity);
  // a dent as wide as this one lies on the plate whole
  const { x, y } = spot(random, kind === 'deepDent' ? 20 : 6);
  return { x, y, touch: painters[kind](amount, random, x, y) };
}

/** A place on the face of the part, not in one of its openings. */
function spot(random: SeededRandom, insetMm: number): { x: number; y: number } {
  for (let attempt = 0; attempt < 32; attempt++) {
    const x = random.between(insetMm - plate.halfXMm, plate.halfXMm - insetMm);
    const y = random.between(insetMm - plate.halfYMm, plate.halfYMm - insetMm);
    if (!isOpen(x, y)) return { x, y };
  }
  return { x: 2, y: 3.5 };
}

/** A feature that is not there, or of which a piece has broken off. */
function planMissing({ breakHalfWidths }: Amounts['missing'], random: SeededRandom): Made {
  const feature = features[random.below(features.length)]!;
  const { x: dx, y: dy } = random.direction();
  const keptMm = breakHalfWidths * Math.min(feature.halfXMm, feature.halfYMm);
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

/** What the paint of a kind does at full strength: the tones of bare metal, soot and shade, the share of a tint. */
export const tones = { scratch: 0.95, hole: 0.1, crack: 0.07, tint: 0.35 } as const;

const painters: Painters = {
  scratch({ lengthMm, widthMm, strength }, random, x, y) {
    const line = wander(random, x, y, { lengthMm, segments: 6, bend: 0.12 });
    const halfMm = widthMm / 2;
    return (surface, at, px, py) => {
      const share = cover(line(px, py) - halfMm, 0.3);
      // raw metal shines on everything but the white print, where it shows dark
      if (share > 0) tone(surface, at, share * strength, surface.green[at]! > 0.72 ? 0.35 : tones.scratch);
    };
  },
  stain({ radiusMm, strength }, random, x, y) {
    const blob = blobAround(random, x, y, radiusMm);
    return (surface, at, px, py) => {
      const share = strength * smoothstep((1 - blob(px, py)) * 4);
      tint(surface, at, 1 - share * 0.75, 1 - share * 0.85, 1 - share);
    };
  },
  colour({ radiusMm, strength }, random, x, y) {
    const towards = strength * random.sign();
    return (surface, at, px, py) => {
      const share = towards * smoothstep(1.6 * bell(square(px - x, py - y), radiusMm));
      tint(surface, at, 1 - share * tones.tint, 1 - Math.abs(share) * 0.1, 1 + share * tones.tint);
    };
  },
  dent: ({ depthMm, radiusMm }, random, x, y) => press(x, y, -depthMm, radiusMm, random),
  bump: ({ heightMm, radiusMm }, random, x, y) => press(x, y, heightMm, radiusMm, random),
  warp({ liftMm }, random) {
    const dx = 0.8 * random.sign();
    const dy = 0.6 * random.sign();
    return (surface, at, px, py) => {
      const along = (px * dx + py * dy - 14) / 34;
      if (along > 0) surface.height[at]! += liftMm * along * along * surface.cover[at]!;
    };
  },
  hole({ radiusMm }, _random, x, y) {
    return (surface, at, px, py) => {
      const share = cover(discDistance(px - x, py - y, radiusMm), 0.3) * surface.cover[at]!;
      if (share === 0) return;
      surface.height[at] = lerp(surface.height[at]!, -plate.thickMm, share);
      tone(surface, at, share, tones.hole);
    };
  },
  crack({ lengthMm, widthMm, depthMm, strength }, random, x, y) {
    const line = wander(random, x, y, { lengthMm, segments: 14, bend: 0.75 });
    const halfMm = widthMm / 2;
    return (surface, at, px, py) => {
      const share = cover(line(px, py) - halfMm, 0.3) * surface.cover[at]!;
      if (share === 0) return;
      surface.height[at]! -= depthMm * share;
      tone(surface, at, share * strength, tones.crack);
      if (share > 0.45) surface.lost[at] = 1;
    };
  },
  dropout({ radiusMm }, random, x, y) {
    const blob = blobAround(random, x, y, radiusMm);
    return (surface, at, px, py) => {
      if (blob(px, py) < 1 && surface.cover[at]! > 0.5) surface.lost[at] = 1;
    };
  },
  deepDent({ depthMm, radiusMm }, _random, x, y) {
    return (surface, at, px, py) => {
      // a flat floor up to half the radius, then a slope that begins and ends smoothly
      const inwards = 2 * (1 - discDistance(px - x, py - y, 0) / radiusMm);
      if (inwards > 0) surface.height[at]! -= depthMm * smoothstep(inwards) * surface.cover[at]!;
    };
  },
  low:
    ({ lowMm }) =>
    (surface, at) => {
      surface.height[at]! -= lowMm * surface.cover[at]!;
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
