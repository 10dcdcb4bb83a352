/**
 * Textures and shapes of procedural frames: what materials look like and where they lie. Diversity matters more than
 * realism (Baradad et al. 2021, 2022), so there are several families of each and every number is drawn.
 */
import type { Random } from '../random.ts';

/** Side of a noise tile, a power of two. */
const tileSide = 256;
/** Cells across a tile, coarse to fine. */
const octaves = [4, 8, 16, 32, 64, 128] as const;

/** Tiles of smooth value noise, one an octave, that repeat without a seam; values about -1..1. */
export type Tiles = readonly Float32Array[];

export function noiseTiles(randomOf: (octave: number) => Random): Tiles {
  return octaves.map((cells, octave) => noiseTile(randomOf(octave), cells));
}

function noiseTile(random: Random, cells: number): Float32Array {
  const grid = Float32Array.from({ length: cells * cells }, () => 2 * random.uniform() - 1);
  const at = (x: number, y: number): number => grid[(y % cells) * cells + (x % cells)]!;
  return Float32Array.from({ length: tileSide * tileSide }, (_, i) => {
    const [u, v] = [((i % tileSide) * cells) / tileSide, (Math.floor(i / tileSide) * cells) / tileSide];
    const [x, y] = [Math.floor(u), Math.floor(v)];
    const [a, b] = [ease(u - x), ease(v - y)];
    const top = at(x, y) * (1 - a) + at(x + 1, y) * a;
    return top * (1 - b) + (at(x, y + 1) * (1 - a) + at(x + 1, y + 1) * a) * b;
  });
}

const ease = (t: number): number => t * t * (3 - 2 * t);

/** Value of a material at a pixel, about -1..1. */
export type Texture = (x: number, y: number) => number;

/** Mostly a sum of octaves, stretched and turned; else stripes, a grid, spots, ridges or patches made of them. */
export function texture(random: Random, tiles: Tiles): Texture {
  const base = octaveSum(random, tiles);
  const kind = random.uniform();
  if (kind < 0.45) return base;
  const angle = random.uniform() * Math.PI;
  const pitch = 3 + 25 * random.uniform() ** 2;
  const [fx, fy] = [(2 * Math.PI * Math.cos(angle)) / pitch, (2 * Math.PI * Math.sin(angle)) / pitch];
  const waver = 3 * random.uniform() ** 2;
  if (kind < 0.6) return (x, y) => Math.sin(fx * x + fy * y + waver * base(x, y));
  if (kind < 0.7) {
    return (x, y) => Math.sign(Math.sin(fx * x + fy * y) * Math.sin(fy * x - fx * y) + 0.3 * waver * base(x, y));
  }
  const share = random.uniform();
  if (kind < 0.8) return (x, y) => (Math.sin(fx * x + fy * y) * Math.sin(fy * x - fx * y) > share ? 1 : -0.3);
  if (kind < 0.9) return (x, y) => 1 - 4 * Math.abs(base(x, y));
  return (x, y) => (base(x, y) > 0.5 * (share - 0.5) ? 0.7 : -0.7);
}

function octaveSum(random: Random, tiles: Tiles): Texture {
  const layers = Array.from({ length: 1 + Math.floor(random.uniform() * 3) }, () => {
    const angle = random.uniform() * Math.PI;
    const stretch = random.uniform() < 0.4 ? 0.1 + 0.3 * random.uniform() : 1;
    return {
      tile: tiles[Math.floor(random.uniform() * tiles.length)]!,
      cos: Math.cos(angle),
      sin: Math.sin(angle),
      stretch,
      shift: Math.floor(random.uniform() * tileSide),
      gain: random.uniform(),
    };
  });
  return (x, y) => {
    let sum = 0;
    for (const { tile, cos, sin, stretch, shift, gain } of layers) {
      const u = (Math.floor(cos * x + sin * y) + shift) & (tileSide - 1);
      const v = Math.floor(stretch * (cos * y - sin * x) + shift) & (tileSide - 1);
      sum += gain * tile[v * tileSide + u]!;
    }
    return sum;
  };
}

/** Where something lies: `inside` is > 0 there and grows inwards in pixels; nothing of it is farther than `reach`. */
export interface Shape {
  x: number;
  y: number;
  reach: number;
  inside(x: number, y: number): number;
}

/** An ellipse, a box, a bar, a ring or a ragged patch, anywhere, any turn; many small, few large, as leaves fall. */
export function shape(random: Random, tiles: Tiles, side: number): Shape {
  const [cx, cy] = [random.uniform() * side, random.uniform() * side];
  const angle = random.uniform() * Math.PI;
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const radius = 2 + (side / 2) * random.uniform() ** 3;
  const flat = 0.15 + 0.85 * random.uniform();
  const kind = random.uniform();
  const ragged = octaveSum(random, tiles);
  const wall = 1 + 0.3 * radius * random.uniform();
  const inside = (x: number, y: number): number => {
    const u = cos * (x - cx) + sin * (y - cy);
    const v = (cos * (y - cy) - sin * (x - cx)) / flat;
    if (kind < 0.3) return radius - Math.sqrt(u * u + v * v);
    if (kind < 0.55) return radius - Math.max(Math.abs(u), Math.abs(v));
    if (kind < 0.7) return wall - Math.abs(Math.sqrt(u * u + v * v) - radius);
    if (kind < 0.85) return radius * (1 + 0.5 * ragged(x, y)) - Math.sqrt(u * u + v * v);
    return 0.5 + radius * 0.1 - Math.abs(v + 0.2 * radius * ragged(x, y));
  };
  return { x: cx, y: cy, reach: kind < 0.85 ? 2 * radius + wall : side, inside };
}
