/**
 * The product of the synthetic line: a cast cover plate with bosses and screws, a milled pocket with three fins, a
 * brass bushing, a rubber seal and a printed label. Drawn once into a raster; every part is a look at that raster.
 *
 * Part coordinates: mm, origin at the centre, x right, y down; heights in mm above the plate's face. The seed of a
 * line does not change the product, only how its parts vary: a bundle taught on one seed judges another.
 */
import { inkAt } from './label.ts';
import { cover, discDistance, lerp, roundRectDistance } from './shapes.ts';

/** What one point of the part is made of. */
export interface Cell {
  height: number;
  red: number;
  green: number;
  blue: number;
  /** How mirror-like, 0..1. */
  gloss: number;
  /** How much of the texture is milling streaks instead of cast grain, 0..1. */
  brush: number;
  /** How much grain shows, 0..1. */
  grain: number;
  /** How much of the point is the part and not the fixture, 0..1. */
  cover: number;
}

const layers = ['height', 'red', 'green', 'blue', 'gloss', 'brush', 'grain', 'cover'] as const;
/** Values per raster cell. */
export const layerCount = layers.length;

export interface Raster {
  widthCells: number;
  heightCells: number;
  /** [heightCells, widthCells, layerCount]. */
  cells: Float32Array;
}

export interface Blueprint {
  /** With every feature. */
  whole: Raster;
  /** Without what can be missing. */
  bare: Raster;
}

export const plate = { halfXMm: 41, halfYMm: 30, cornerMm: 6, thickMm: 6 } as const;
/** Raster resolution: twice as fine as the default grid, so that looking at it hardly aliases. */
export const cellsPerMm = 6;
const marginMm = 1.5;
export const rasterLeftMm = -(plate.halfXMm + marginMm);
export const rasterTopMm = -(plate.halfYMm + marginMm);

/** A feature that can be missing: a disc or a box around it bounds what changes. */
export interface Feature {
  name: string;
  x: number;
  y: number;
  halfXMm: number;
  halfYMm: number;
  round: boolean;
}

const bosses = [-1, 1].flatMap((sy) => [-1, 1].map((sx) => ({ x: sx * 33.5, y: sy * 22.5 })));
const screws: Feature[] = bosses.map(({ x, y }, i) => ({
  name: `screw ${i + 1}`,
  x,
  y,
  halfXMm: 3.4,
  halfYMm: 3.4,
  round: true,
}));
const fins: Feature[] = [-16, -9, -2].map((x, i) => ({
  name: `fin ${i + 1}`,
  x,
  y: -10,
  halfXMm: 1.5,
  halfYMm: 8.4,
  round: false,
}));
const bushing: Feature = { name: 'bushing', x: 13.5, y: -10, halfXMm: 6.3, halfYMm: 6.3, round: true };
const seal: Feature = { name: 'seal', x: 17, y: 14, halfXMm: 8.8, halfYMm: 8.8, round: true };
export const features: readonly Feature[] = [...screws, ...fins, bushing, seal];

/** Where through holes or bores are: a defect is not centred there. */
export function isOpen(x: number, y: number): boolean {
  return (
    bosses.some((boss) => discDistance(x - boss.x, y - boss.y, 2.4) < 0) ||
    discDistance(x - bushing.x, y - bushing.y, 4) < 0 ||
    discDistance(x - seal.x, y - seal.y, 3) < 0
  );
}

let made: Blueprint | undefined;

export function blueprint(): Blueprint {
  made ??= { whole: draw(true), bare: draw(false) };
  return made;
}

function draw(withFeatures: boolean): Raster {
  const widthCells = Math.ceil(-2 * rasterLeftMm * cellsPerMm) + 1;
  const heightCells = Math.ceil(-2 * rasterTopMm * cellsPerMm) + 1;
  const cells = new Float32Array(widthCells * heightCells * layerCount);
  for (let row = 0; row < heightCells; row++) {
    for (let column = 0; column < widthCells; column++) {
      const x = rasterLeftMm + column / cellsPerMm;
      const y = rasterTopMm + row / cellsPerMm;
      const cell = castPlate(x, y);
      paintFixed(cell, x, y);
      if (withFeatures) paintFeatures(cell, x, y);
      const at = (row * widthCells + column) * layerCount;
      for (let k = 0; k < layerCount; k++) cells[at + k] = cell[layers[k]!];
    }
  }
  return { widthCells, heightCells, cells };
}

const edgeMm = 0.3;

function castPlate(x: number, y: number): Cell {
  const distance = roundRectDistance(x, y, plate.halfXMm, plate.halfYMm, plate.cornerMm);
  const cell: Cell = {
    height: 0,
    red: 0.5,
    green: 0.515,
    blue: 0.53,
    gloss: 0.2,
    brush: 0,
    grain: 1,
    cover: cover(distance, edgeMm),
  };
  // a rounded outer edge and a raised rim a little inside it
  const fromEdge = -distance;
  if (fromEdge < 1) cell.height -= 0.5 * (1 - fromEdge) * (1 - fromEdge);
  blend(cell, cover(Math.abs(distance + 2.4) - 0.9, 0.5), { height: 0.8, gloss: 0.3 });
  return cell;
}

function paintFixed(cell: Cell, x: number, y: number): void {
  for (const boss of bosses) {
    const distance = discDistance(x - boss.x, y - boss.y, 5);
    if (distance > 1) continue;
    blend(cell, cover(distance, 0.8), { height: 1.6, red: 0.6, green: 0.61, blue: 0.62, gloss: 0.45, grain: 0.5 });
    blend(cell, cover(distance + 3.3, edgeMm), { ...dark, height: -plate.thickMm });
  }
  const pocket = cover(roundRectDistance(x + 1, y + 10, 23, 10.5, 3), 0.5);
  blend(cell, pocket, { height: -2, red: 0.66, green: 0.67, blue: 0.68, gloss: 0.45, brush: 1, grain: 0.8 });
  const bore = discDistance(x - bushing.x, y - bushing.y, 6);
  blend(cell, cover(bore, edgeMm), { ...dark, height: -5 });
  const groove = cover(Math.abs(discDistance(x - seal.x, y - seal.y, 7)) - 1.5, edgeMm);
  blend(cell, groove, { height: -1.2, red: 0.58, green: 0.59, blue: 0.6, gloss: 0.4, grain: 0.4 });
  const port = cover(discDistance(x - seal.x, y - seal.y, 3), edgeMm);
  blend(cell, port, { ...dark, height: -4 });
  const label = cover(roundRectDistance(x + 14, y - 14, 13, 6, 1), 0.3);
  if (label > 0) {
    const ink = inkAt(x + 14, y - 14);
    const shade = ink ? 0.1 : 0.82;
    blend(cell, label, { height: 0.1, red: shade, green: shade, blue: shade * 0.96, gloss: 0.1, grain: 0.1 });
  }
}

const dark: Partial<Cell> = { red: 0.12, green: 0.12, blue: 0.13, gloss: 0.1, grain: 0.3 };

function paintFeatures(cell: Cell, x: number, y: number): void {
  for (const screw of screws) {
    const dx = x - screw.x;
    const dy = y - screw.y;
    const distance = discDistance(dx, dy, 3.2);
    if (distance > 1) continue;
    const dome = 1 - (dx * dx + dy * dy) / (3.2 * 3.2);
    const head: Partial<Cell> = {
      height: 2.3 + 0.9 * dome,
      red: 0.74,
      green: 0.74,
      blue: 0.77,
      gloss: 0.75,
      grain: 0.2,
    };
    blend(cell, cover(distance, edgeMm), head);
    const slot = Math.min(Math.abs(dx), Math.abs(dy)) - 0.4;
    const reach = Math.max(Math.abs(dx), Math.abs(dy)) - 2;
    blend(cell, cover(Math.max(slot, reach), edgeMm), { ...dark, height: 1.9 });
  }
  for (const fin of fins) {
    const wall = cover(roundRectDistance(x - fin.x, y - fin.y, 1.1, 8, 1), 0.5);
    blend(cell, wall, { height: 0.2, red: 0.54, green: 0.55, blue: 0.565, gloss: 0.3, brush: 0, grain: 0.8 });
  }
  const ring = cover(Math.abs(discDistance(x - bushing.x, y - bushing.y, 4.8)) - 1.3, edgeMm);
  blend(cell, ring, { height: -0.6, red: 0.74, green: 0.56, blue: 0.24, gloss: 0.5, brush: 0, grain: 0.2 });
  const across = discDistance(x - seal.x, y - seal.y, 7) / 1.4;
  if (Math.abs(across) < 1.1) {
    const round = cover(Math.abs(across) * 1.4 - 1.4, edgeMm);
    const top = -1.2 + 2 * Math.sqrt(Math.max(0, 1 - across * across * 0.8));
    blend(cell, round, { height: top, red: 0.5, green: 0.13, blue: 0.08, gloss: 0.2, brush: 0, grain: 0.15 });
  }
}

/** Moves the named layers of a cell towards a material by its coverage. */
function blend(cell: Cell, share: number, material: Partial<Cell>): void {
  if (share <= 0) return;
  for (const key of Object.keys(material) as (keyof Cell)[]) cell[key] = lerp(cell[key], material[key]!, share);
}
