/**
 * Procedural RGB-D frames to distil a teacher on: no data set, no download, any number of them from a seed. A frame is
 * a heap of leaves, each of a textured material and a relief of its own, seen as colour under several lights and as
 * the prepare box gives depth (compressed height and slopes). Both come from one scene, so that edges, shading and
 * relief meet as they do on parts.
 */
import { type Random, seeded } from '../random.ts';
import { noiseTiles, type Shape, shape, type Texture, type Tiles, texture } from './procedural-texture.ts';

/** Both views of one scene, [3,side,side] each, in network units. */
export interface Frame {
  colour: Float32Array;
  relief: Float32Array;
}
export interface Procedural {
  frame(index: number): Frame;
}

export function procedural(seed: number, side: number): Procedural {
  const tiles = noiseTiles((octave) => seeded(seed, 11, octave));
  return {
    frame(index) {
      const random = seeded(seed, 12, index);
      const scene = compose(random, tiles, side);
      return { colour: lit(scene, random), relief: measured(scene, random) };
    },
  };
}

interface Scene {
  side: number;
  /** [side,side] each, 0..1 */
  albedo: [Float32Array, Float32Array, Float32Array];
  gloss: Float32Array;
  /** [side,side], pixels */
  height: Float32Array;
}

interface Leaf {
  where: Shape | null;
  colour: readonly number[];
  tint: readonly number[];
  contrast: number;
  material: Texture;
  gloss: number;
  /** Pixels of height, over how many pixels from the rim, and how much the material stands out. */
  rise: number;
  edge: number;
  bump: number;
}

function compose(random: Random, tiles: Tiles, side: number): Scene {
  const plane = (): Float32Array => new Float32Array(side * side);
  const scene: Scene = { side, albedo: [plane(), plane(), plane()], gloss: plane(), height: plane() };
  const relief = 3 * random.uniform() ** 2;
  const leaves = 3 + Math.floor(40 * random.uniform() ** 2);
  // Half of the scenes have colour and relief of the same leaves; in the others a print lies on a relief.
  const apart = random.uniform() < 0.5 ? 0.5 : 0;
  // Most of what lines inspect is grey.
  const saturation = random.uniform() ** 2;
  for (let i = 0; i <= leaves; i++) {
    const leaf: Leaf = {
      where: i === 0 ? null : shape(random, tiles, side),
      colour: someColour(random, saturation),
      tint: [random.normal(), random.normal(), random.normal()].map((each) => 1 + 0.4 * saturation * each),
      contrast: 0.5 * random.uniform() ** 2,
      material: texture(random, tiles),
      gloss: random.uniform() ** 3,
      rise: random.uniform() < apart ? 0 : relief * random.normal(),
      edge: 1 + 8 * random.uniform() ** 2,
      bump: 0.3 * relief * random.uniform() ** 2,
    };
    lay(scene, leaf, i > 0 && random.uniform() < apart / 2);
  }
  return scene;
}

function someColour(random: Random, saturation: number): number[] {
  const grey = random.uniform();
  return [0, 1, 2].map(() => grey + saturation * (random.uniform() - grey));
}

/** Lays a leaf on the heap; a bare one changes the relief alone. */
function lay({ side, albedo, gloss, height }: Scene, leaf: Leaf, bare: boolean): void {
  const { where } = leaf;
  const range = (centre: number): [number, number] =>
    where
      ? [Math.max(0, Math.floor(centre - where.reach)), Math.min(side, Math.ceil(centre + where.reach))]
      : [0, side];
  const [left, right] = range(where?.x ?? 0);
  const [top, bottom] = range(where?.y ?? 0);
  for (let y = top; y < bottom; y++) {
    for (let x = left; x < right; x++) {
      const depth = where ? where.inside(x, y) : Number.POSITIVE_INFINITY;
      if (depth <= 0) continue;
      const at = y * side + x;
      const grain = leaf.material(x, y);
      height[at]! += leaf.rise * Math.min(1, depth / leaf.edge) + leaf.bump * grain;
      if (bare) continue;
      const share = Math.min(1, depth);
      for (let c = 0; c < 3; c++) {
        const own = leaf.colour[c]! + leaf.contrast * grain * leaf.tint[c]!;
        albedo[c]![at] = albedo[c]![at]! * (1 - share) + own * share;
      }
      gloss[at] = leaf.gloss;
    }
  }
}

/** Mean and spread of ImageNet's channels, as the prepare box applies them. */
const colourMean = [0.485, 0.456, 0.406];
const colourSpread = [0.229, 0.224, 0.225];

interface Light {
  x: number;
  y: number;
  z: number;
  colour: number[];
}

function someLight(random: Random): Light {
  const [x, y] = [random.normal(), random.normal()];
  const length = Math.sqrt(x * x + y * y + 1);
  const level = 0.3 + 0.7 * random.uniform();
  return {
    x: x / length,
    y: y / length,
    z: 1 / length,
    colour: [1, 1, 1].map(() => level * (1 + 0.1 * random.normal())),
  };
}

/** Lambert and a highlight under one to three lights, uneven over the picture, with the sensor's noise. */
function lit({ side, albedo, gloss, height }: Scene, random: Random): Float32Array {
  const lights = Array.from({ length: 1 + Math.floor(3 * random.uniform()) }, () => someLight(random));
  const ambient = 0.1 + 0.5 * random.uniform();
  const uneven = { x: 0.4 * random.normal(), y: 0.4 * random.normal() };
  const sharpness = 4 + 30 * random.uniform();
  const out = new Float32Array(3 * side * side);
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      const at = y * side + x;
      const { dx, dy } = slope(height, side, x, y);
      const nz = 1 / Math.sqrt(1 + dx * dx + dy * dy);
      const field = 1 + uneven.x * (x / side - 0.5) + uneven.y * (y / side - 0.5);
      for (let c = 0; c < 3; c++) {
        let light = ambient;
        let shine = 0;
        for (const { x: lx, y: ly, z: lz, colour } of lights) {
          light += colour[c]! * Math.max(0, (lz - dx * lx - dy * ly) * nz);
          const half = (lz + 1 - dx * lx - dy * ly) * nz;
          shine += colour[c]! * Math.max(0, half / Math.sqrt(2 + 2 * lz)) ** sharpness;
        }
        out[c * side * side + at] = (albedo[c]![at]! * light + 0.4 * gloss[at]! * shine) * field;
      }
    }
  }
  return exposed(out, random);
}

/** Brought to some mean brightness, with the sensor's noise and limits, in network units. */
function exposed(picture: Float32Array, random: Random): Float32Array {
  const mean = picture.reduce((sum, value) => sum + Math.max(value, 0), 0) / picture.length;
  const gain = (0.15 + 0.5 * random.uniform()) / (mean + 0.02);
  const noise = 0.06 * random.uniform() ** 2;
  const plane = picture.length / 3;
  return picture.map((value, i) => {
    const c = Math.floor(i / plane);
    const seen = Math.min(Math.max(value * gain + noise * random.normal(), 0), 1);
    return (seen - colourMean[c]!) / colourSpread[c]!;
  });
}

/** Height in units of its own spread, then as prepare.ts compresses it; noise and a tilt as a sensor leaves them. */
function measured({ side, height }: Scene, random: Random): Float32Array {
  const noise = 0.3 * random.uniform() ** 2;
  const tilt = { x: random.normal() / side, y: random.normal() / side };
  const mean = height.reduce((sum, h) => sum + h, 0) / height.length;
  const spread = Math.sqrt(height.reduce((sum, h) => sum + (h - mean) ** 2, 0) / height.length) + 0.02;
  const gain = (0.3 + random.uniform()) / spread;
  const noisy = height.map(
    (h, i) =>
      (h - mean) * gain +
      tilt.x * ((i % side) - side / 2) +
      tilt.y * (Math.floor(i / side) - side / 2) +
      noise * random.normal(),
  );
  const soft = smoothed(noisy, side);
  const steepness = 2 + 6 * random.uniform();
  const out = new Float32Array(3 * side * side);
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      const at = y * side + x;
      const { dx, dy } = slope(soft, side, x, y);
      const steep = Math.sqrt(1 + (steepness * dx) ** 2 + (steepness * dy) ** 2);
      out[at] = Math.sign(noisy[at]!) * Math.log1p(Math.abs(noisy[at]!));
      out[side * side + at] = (2 * steepness * dx) / steep;
      out[2 * side * side + at] = (2 * steepness * dy) / steep;
    }
  }
  return out;
}

/** Central differences per pixel; one-sided at the border. */
function slope(height: Float32Array, side: number, x: number, y: number): { dx: number; dy: number } {
  const [left, right] = [Math.max(x - 1, 0), Math.min(x + 1, side - 1)];
  const [up, down] = [Math.max(y - 1, 0), Math.min(y + 1, side - 1)];
  return {
    dx: (height[y * side + right]! - height[y * side + left]!) / (right - left),
    dy: (height[down * side + x]! - height[up * side + x]!) / (down - up),
  };
}

/** Binomial blur, 1 4 6 4 1 along both axes, as the slopes of the prepare box are blurred. */
function smoothed(values: Float32Array, side: number): Float32Array {
  const taps = [1 / 16, 4 / 16, 6 / 16, 4 / 16, 1 / 16];
  const along = (from: Float32Array, step: (at: number, k: number) => number): Float32Array =>
    from.map((_, at) => taps.reduce((sum, tap, k) => sum + tap * from[step(at, k - 2)]!, 0));
  const within = (i: number): number => Math.min(Math.max(i, 0), side - 1);
  const across = along(values, (at, k) => at - (at % side) + within((at % side) + k));
  return along(across, (at, k) => within(Math.floor(at / side) + k) * side + (at % side));
}
