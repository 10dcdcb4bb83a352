/**
 * Procedural pictures to distil a teacher on: no data set, no download, any number of them from a seed. Half are
 * coloured surfaces (overlapping shapes of textured material under uneven light), half are reliefs as the prepare box
 * gives them (compressed height and slopes). Diversity matters more than realism.
 */
import { type Random, seeded } from '../random.ts';

/** Side of a noise tile, a power of two. */
const tileSide = 256;
/** Cells across a tile, coarse to fine. */
const octaves = [4, 8, 16, 32, 64, 128] as const;

export interface Procedural {
  /** Picture number `index`: [3, side, side] in network units. */
  picture(index: number): Float32Array;
}

export function procedural(seed: number, side: number): Procedural {
  const tiles = octaves.map((cells, i) => noiseTile(seeded(seed, 11, i), cells));
  return {
    picture(index) {
      const random = seeded(seed, 12, index);
      return index % 2 === 0 ? surface(random, tiles, side) : relief(random, tiles, side);
    },
  };
}

/** Smooth value noise that repeats without a seam, about -1..1. */
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

/** A random material: a few octaves, stretched and turned. */
type Texture = (x: number, y: number) => number;
function texture(random: Random, tiles: readonly Float32Array[]): Texture {
  const layers = Array.from({ length: 1 + Math.floor(random.uniform() * 3) }, () => {
    const angle = random.uniform() * Math.PI;
    const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
    const stretch = random.uniform() < 0.4 ? 0.1 + 0.3 * random.uniform() : 1;
    const tile = tiles[Math.floor(random.uniform() * tiles.length)]!;
    return { tile, cos, sin, stretch, shift: Math.floor(random.uniform() * tileSide), gain: random.uniform() };
  });
  return (x, y) =>
    layers.reduce((sum, { tile, cos, sin, stretch, shift, gain }) => {
      const u = (Math.floor(cos * x + sin * y) + shift) & (tileSide - 1);
      const v = Math.floor(stretch * (cos * y - sin * x) + shift) & (tileSide - 1);
      return sum + gain * tile[v * tileSide + u]!;
    }, 0);
}

/** Inside is > 0, growing inwards in pixels: an ellipse, a box or a stripe, anywhere, any turn. */
type Shape = (x: number, y: number) => number;
function shape(random: Random, side: number): Shape {
  const [cx, cy] = [random.uniform() * side, random.uniform() * side];
  const angle = random.uniform() * Math.PI;
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  // Many small, few large, as leaves fall.
  const radius = 3 + (side / 2) * random.uniform() ** 3;
  const flat = 0.15 + 0.85 * random.uniform();
  const kind = random.uniform();
  return (x, y) => {
    const u = cos * (x - cx) + sin * (y - cy);
    const v = (cos * (y - cy) - sin * (x - cx)) / flat;
    if (kind < 0.45) return radius - Math.sqrt(u * u + v * v);
    if (kind < 0.85) return radius - Math.max(Math.abs(u), Math.abs(v));
    return 1 + radius * 0.1 - Math.abs(v);
  };
}

const colourMean = [0.485, 0.456, 0.406];
const colourSpread = [0.229, 0.224, 0.225];

function surface(random: Random, tiles: readonly Float32Array[], side: number): Float32Array {
  const layers = Array.from({ length: 8 + Math.floor(random.uniform() * 32) }, (_, i) => ({
    inside: i === 0 ? () => 1 : shape(random, side),
    colour: [random.uniform(), random.uniform(), random.uniform()],
    tint: [random.normal(), random.normal(), random.normal()].map((each) => 1 + 0.3 * each),
    strength: 0.4 * random.uniform() ** 2,
    material: texture(random, tiles),
  }));
  const light = { x: random.normal() * 0.4, y: random.normal() * 0.4, level: 0.5 + random.uniform() };
  const noise = 0.03 * random.uniform();
  const out = new Float32Array(3 * side * side);
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      const top = layers.findLast(({ inside }) => inside(x, y) > 0)!;
      const grain = top.strength * top.material(x, y);
      const lit = light.level * (1 + light.x * (x / side - 0.5) + light.y * (y / side - 0.5));
      for (let c = 0; c < 3; c++) {
        const value = (top.colour[c]! + grain * top.tint[c]!) * lit + noise * (random.uniform() - 0.5);
        out[(c * side + y) * side + x] = (Math.min(Math.max(value, 0), 1) - colourMean[c]!) / colourSpread[c]!;
      }
    }
  }
  return out;
}

/** Height in units of its own usual size, then as prepare.ts compresses it. */
function relief(random: Random, tiles: readonly Float32Array[], side: number): Float32Array {
  const base = texture(random, tiles);
  const roughness = random.uniform();
  const features = Array.from({ length: Math.floor(random.uniform() * 16) }, () => ({
    inside: shape(random, side),
    rise: 2 * random.normal(),
    edge: 1 + 6 * random.uniform(),
  }));
  const noise = 0.2 * random.uniform();
  const height = Float32Array.from({ length: side * side }, (_, i) => {
    const [x, y] = [i % side, Math.floor(i / side)];
    const rough = roughness * base(x, y) + noise * (random.uniform() - 0.5);
    return features.reduce(
      (h, { inside, rise, edge }) => h + rise * Math.min(Math.max(inside(x, y) / edge, 0), 1),
      rough,
    );
  });
  const steepness = 1 + 6 * random.uniform();
  const out = new Float32Array(3 * side * side);
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      const at = y * side + x;
      const h = height[at]!;
      const dx = steepness * (height[y * side + Math.min(x + 1, side - 1)]! - height[y * side + Math.max(x - 1, 0)]!);
      const dy = steepness * (height[Math.min(y + 1, side - 1) * side + x]! - height[Math.max(y - 1, 0) * side + x]!);
      const steep = Math.sqrt(1 + dx * dx + dy * dy);
      out[at] = Math.sign(h) * Math.log1p(Math.abs(h));
      out[side * side + at] = (2 * dx) / steep;
      out[2 * side * side + at] = (2 * dy) / steep;
    }
  }
  return out;
}
