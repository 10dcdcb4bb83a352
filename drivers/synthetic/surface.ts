/**
 * One part as it lies in the fixture, on the camera's grid: height and material of every pixel before any sensor.
 *
 * The cameras look straight down through one registered grid (as a structured-light camera with a texture channel
 * delivers it); perspective is left out, a relief of some mm at 400 mm would shift by two pixels at the border.
 */
import { type Blueprint, blueprint, cellsPerMm, layerCount, plate, rasterLeftMm, rasterTopMm } from './blueprint.ts';
import { SeededRandom } from './random.ts';
import { textureTiles, tileIndex, tileSize } from './texture.ts';

/** Width of the field of view; the height follows from the grid. */
export const fieldWidthMm = 96;

export interface Grid {
  widthPx: number;
  heightPx: number;
}

/** Where and how the part lies, and how it is lit. */
export interface Placement {
  xMm: number;
  yMm: number;
  /** Sine and cosine of the turn in the fixture. */
  sine: number;
  cosine: number;
  liftMm: number;
  /** Rise per mm along x and y. */
  tiltX: number;
  tiltY: number;
  grainX: number;
  grainY: number;
  brightness: number;
  warmth: number;
}

export interface Surface extends Grid {
  mmPerPx: number;
  placement: Placement;
  /** mm above the plate's nominal face. */
  height: Float32Array;
  red: Float32Array;
  green: Float32Array;
  blue: Float32Array;
  gloss: Float32Array;
  /** How much of the pixel is the part and not the fixture, 0..1. */
  cover: Float32Array;
  /** 1 where the structured light finds nothing, whatever the geometry says. */
  lost: Uint8Array;
}

/** Play of the part in the fixture and of the light; a good part is anywhere within. */
export const tolerance = {
  shiftMm: 0.35,
  turn: 0.008,
  liftMm: 0.12,
  tiltMmAcross: 0.2,
  brightness: 0.07,
  warmth: 0.015,
} as const;

export function place(seed: number, part: number): Placement {
  const lie = new SeededRandom(seed, part, 'placement');
  const light = new SeededRandom(seed, part, 'light');
  const texture = new SeededRandom(seed, part, 'texture');
  const sine = lie.between(-tolerance.turn, tolerance.turn);
  return {
    xMm: lie.between(-tolerance.shiftMm, tolerance.shiftMm),
    yMm: lie.between(-tolerance.shiftMm, tolerance.shiftMm),
    sine,
    cosine: Math.sqrt(1 - sine * sine),
    liftMm: lie.between(-tolerance.liftMm, tolerance.liftMm),
    tiltX: lie.between(-tolerance.tiltMmAcross, tolerance.tiltMmAcross) / (2 * plate.halfXMm),
    tiltY: lie.between(-tolerance.tiltMmAcross, tolerance.tiltMmAcross) / (2 * plate.halfYMm),
    grainX: texture.below(tileSize),
    grainY: texture.below(tileSize),
    brightness: 1 + light.between(-tolerance.brightness, tolerance.brightness),
    warmth: light.between(-tolerance.warmth, tolerance.warmth),
  };
}

/** Part coordinates of a pixel. */
export function partX(placement: Placement, xMm: number, yMm: number): number {
  return (xMm - placement.xMm) * placement.cosine + (yMm - placement.yMm) * placement.sine;
}
export function partY(placement: Placement, xMm: number, yMm: number): number {
  return (yMm - placement.yMm) * placement.cosine - (xMm - placement.xMm) * placement.sine;
}

/** Which raster a point of the part is looked up in; null where nothing is missing from the whole. */
export type Missing = ((x: number, y: number) => boolean) | null;

export function laySurface(placement: Placement, grid: Grid, missing: Missing): Surface {
  const { widthPx, heightPx } = grid;
  const size = widthPx * heightPx;
  const mmPerPx = fieldWidthMm / widthPx;
  const surface: Surface = {
    widthPx,
    heightPx,
    mmPerPx,
    placement,
    height: new Float32Array(size),
    red: new Float32Array(size),
    green: new Float32Array(size),
    blue: new Float32Array(size),
    gloss: new Float32Array(size),
    cover: new Float32Array(size),
    lost: new Uint8Array(size),
  };
  const plan = blueprint();
  const cell = new Float32Array(layerCount);
  for (let row = 0; row < heightPx; row++) {
    const yMm = (row - (heightPx - 1) / 2) * mmPerPx;
    for (let column = 0; column < widthPx; column++) {
      const xMm = (column - (widthPx - 1) / 2) * mmPerPx;
      const x = partX(placement, xMm, yMm);
      const y = partY(placement, xMm, yMm);
      lookUp(plan, missing?.(x, y) ? 'bare' : 'whole', x, y, cell);
      layPixel(surface, row * widthPx + column, cell, { x, y, xMm, yMm });
    }
  }
  return surface;
}

/** Bilinear look at the raster; beyond its border there is only fixture. */
function lookUp(plan: Blueprint, which: keyof Blueprint, x: number, y: number, out: Float32Array): void {
  const { widthCells, heightCells, cells } = plan[which];
  const column = (x - rasterLeftMm) * cellsPerMm;
  const row = (y - rasterTopMm) * cellsPerMm;
  if (column < 0 || row < 0 || column >= widthCells - 1 || row >= heightCells - 1) {
    out.fill(0);
    return;
  }
  const c = Math.floor(column);
  const r = Math.floor(row);
  const fx = column - c;
  const fy = row - r;
  const a = (r * widthCells + c) * layerCount;
  const b = a + widthCells * layerCount;
  const wa0 = (1 - fx) * (1 - fy);
  const wa1 = fx * (1 - fy);
  const wb0 = (1 - fx) * fy;
  const wb1 = fx * fy;
  for (let k = 0; k < layerCount; k++) {
    out[k] =
      cells[a + k]! * wa0 + cells[a + layerCount + k]! * wa1 + cells[b + k]! * wb0 + cells[b + layerCount + k]! * wb1;
  }
}

/** How strongly the textures show in the colour, as a share of it. */
const grainShare = 0.11;
const brushShare = 0.13;
const cloudShare = 0.05;
/** The fixture: dark rubber, always in the same place. */
const fixture = { height: -plate.thickMm, shade: 0.085, gloss: 0.03 } as const;

function layPixel(
  surface: Surface,
  at: number,
  cell: Float32Array,
  where: { x: number; y: number; xMm: number; yMm: number },
): void {
  const { placement } = surface;
  const tiles = textureTiles();
  const [height, red, green, blue, gloss, brush, grain, cover] = cell as unknown as readonly number[];
  const part = cover!;
  // texels of 0.3 mm, in part coordinates: the grain belongs to the part and turns with it
  const tx = Math.floor(where.x / 0.3) + placement.grainX;
  const ty = Math.floor(where.y / 0.3) + placement.grainY;
  const index = tileIndex(tx, ty);
  const streak = tiles.brush[index]! * brush! * brushShare;
  const grit = tiles.grain[index]! * (1 - brush!) * grainShare;
  const shade = part * (1 + grain! * (streak + grit + tiles.cloud[index]! * cloudShare));
  const floorIndex = tileIndex(Math.floor(where.xMm / 0.3), Math.floor(where.yMm / 0.3));
  const floor = (1 - part) * fixture.shade * (1 + 0.4 * tiles.grain[floorIndex]!);
  surface.red[at] = red! * shade + floor;
  surface.green[at] = green! * shade + floor;
  surface.blue[at] = blue! * shade + floor * 1.1;
  surface.gloss[at] = gloss! * part + fixture.gloss * (1 - part);
  surface.cover[at] = part;
  const lift = placement.liftMm + placement.tiltX * where.x + placement.tiltY * where.y;
  surface.height[at] = (height! + lift) * part + fixture.height * (1 - part);
}
