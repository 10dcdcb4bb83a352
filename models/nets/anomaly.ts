/**
 * The anomaly box: where the student could not restore the teacher, and where geometry left what good parts do, there
 * is a defect. Each source is put on the scale of held-out good parts before any is combined with another, so that a
 * source that is restless on good parts does not drown a quiet one. Cosine, normalisation and score stay fp32.
 */
import * as o from '../graph/build.ts';
import type { Graph } from '../graph/graph.ts';
import type { Tensor } from '../graph/tensor.ts';
import { blur } from './blur.ts';
import { colourNames } from './colour.ts';
import { cosineDistance } from './distance.ts';
import type { TargetName, Targets } from './fusion.ts';
import { geometryNames } from './geometry.ts';
import type { Levels } from './teacher.ts';

/** Statistics of a source on held-out good parts: its middle becomes 0, its usual peak 1, then its weight. */
export interface SourceScale {
  name: string;
  centre: number;
  scale: number;
  weight: number;
}
/** The usual peak of each half's combined map on held-out good parts, over the trust in it. */
export interface HalfScales {
  network: number;
  geometry: number;
  colour: number;
}

/** Which part of the map a source belongs to. */
export function halfOf(source: string): keyof HalfScales {
  if ((geometryNames as readonly string[]).includes(source)) return 'geometry';
  return (colourNames as readonly string[]).includes(source) ? 'colour' : 'network';
}

/** Blur of the network's maps, pixels of the stride-4 grid: 1.5 there is 6 working pixels. */
const networkBlur = 1.5;
/** Surroundings with a smaller share of readings than this fade out. */
const leastSurroundings = 0.1;

/**
 * One distance for each restored target and level, `<target><level>`, on the stride-4 grid [1,1,h/4,w/4]. Where depth
 * has no reading its own distance says what the readings around it say, and the fused target rests on colour alone.
 */
export function networkDistances(
  graph: Graph,
  targets: Targets,
  restored: Partial<Record<TargetName, Levels>>,
  valid: Tensor,
): Record<string, Tensor> {
  const sources: Record<string, Tensor> = {};
  for (const [name, levels] of Object.entries(restored) as [TargetName, Levels][]) {
    const [, , height, width] = levels[0].shape as [number, number, number, number];
    for (const [i, level] of levels.entries()) {
      sources[`${name}${i}`] = graph.scope(`${name}${i}`, () => {
        const distance = o.resize(cosineDistance(targets[name][i]!, level), height, width);
        return name === 'depth'
          ? maskedBlur(distance, o.averagePool(valid, valid.shape[2]! / height))
          : blur(distance, networkBlur);
      });
    }
  }
  return sources;
}

/** Blurs only what has readings: a place without one takes what its surroundings say, and is silent far from any. */
function maskedBlur(distance: Tensor, share: Tensor): Tensor {
  return o.div(blur(o.mul(distance, share), networkBlur), o.maximum(blur(share, networkBlur), leastSurroundings));
}

/**
 * Sources of one half -> its map on their own grid, sqrt(sum (weight z)^2) / half, z = max(0, (x - centre) / scale).
 * Squares, because evidence far beyond good parts in one source must not be averaged away by quiet others.
 */
export function combine(sources: Record<string, Tensor>, scales: readonly SourceScale[], half: number): Tensor {
  const terms = scales.map(({ name, centre, scale, weight }) =>
    o.square(o.relu(o.mul(o.sub(sources[name]!, centre), weight / scale))),
  );
  return o.mul(o.sqrt(terms.reduce((sum, term) => o.add(sum, term))), 1 / half);
}

/** Halves on one grid, each with its usual peak at 1 -> the map: in quadrature, as sources within a half are. */
export function together(maps: readonly Tensor[]): Tensor {
  return o.sqrt(maps.map((map) => o.square(map)).reduce((sum, each) => o.add(sum, each)));
}

/** Surroundings that fill a map, working pixels. */
const fillBlurPx = 6;

/**
 * The larger of the map and its own blur, [1,1,h,w]: a defect whose rim speaks louder than its floor is filled, and no
 * peak grows. Measured on road surface, where depth drops out inside holes: AUPRO@30% rises, the score stays.
 */
export function filled(map: Tensor): Tensor {
  return o.maximum(map, blur(map, fillBlurPx));
}
