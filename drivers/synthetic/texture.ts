/**
 * Material texture: two tiles that repeat without a seam, made once. Each part looks at them through an offset of its
 * own, so the grain of two parts differs while their material does not.
 */
import { gaussMask, gaussTable, SeededRandom } from './random.ts';

/** Side of a tile, a power of two: wrapping is a mask. */
export const tileSize = 256;
const wrap = tileSize - 1;

export interface TextureTiles {
  /** Isotropic cast grain, about -1..1. */
  grain: Float32Array;
  /** Streaks along x, as milling leaves them, about -1..1. */
  brush: Float32Array;
  /** Blotches some millimetres wide, about -1..1. */
  cloud: Float32Array;
}

let made: TextureTiles | undefined;

export function textureTiles(): TextureTiles {
  made ??= {
    grain: normalised(blur(whiteNoise(1), 1, 1)),
    brush: normalised(blur(whiteNoise(2), 20, 0)),
    cloud: normalised(blur(blur(whiteNoise(3), 10, 10), 10, 10)),
  };
  return made;
}

/** Index into a tile for whole-number coordinates. */
export function tileIndex(x: number, y: number): number {
  return (y & wrap) * tileSize + (x & wrap);
}

function whiteNoise(which: number): Float32Array {
  const random = new SeededRandom(2, which, 'product');
  return Float32Array.from({ length: tileSize * tileSize }, () => gaussTable[random.bits() & gaussMask]!);
}

/** Box blur with wrap-around, radius per axis in texels. */
function blur(tile: Float32Array, radiusX: number, radiusY: number): Float32Array {
  const across = new Float32Array(tile.length);
  const out = new Float32Array(tile.length);
  for (let y = 0; y < tileSize; y++) {
    for (let x = 0; x < tileSize; x++) {
      let sum = 0;
      for (let k = -radiusX; k <= radiusX; k++) sum += tile[tileIndex(x + k, y)]!;
      across[tileIndex(x, y)] = sum;
    }
  }
  for (let y = 0; y < tileSize; y++) {
    for (let x = 0; x < tileSize; x++) {
      let sum = 0;
      for (let k = -radiusY; k <= radiusY; k++) sum += across[tileIndex(x, y + k)]!;
      out[tileIndex(x, y)] = sum;
    }
  }
  return out;
}

/** Mean 0, deviation 0.5. */
function normalised(tile: Float32Array): Float32Array {
  let sum = 0;
  let square = 0;
  for (const value of tile) {
    sum += value;
    square += value * value;
  }
  const mean = sum / tile.length;
  const scale = 0.5 / Math.sqrt(square / tile.length - mean * mean);
  return tile.map((value) => (value - mean) * scale);
}
