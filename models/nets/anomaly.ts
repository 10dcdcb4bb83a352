/**
 * The anomaly box: where the student could not restore the teacher, and where geometry left what good parts do, there
 * is a defect. Each source is put on the scale of held-out good parts before any is combined with another, so that a
 * source that is restless on good parts does not drown a quiet one. Cosine, normalisation and score stay fp32.
 */
import * as o from '../graph/build.ts';
import type { Graph } from '../graph/graph.ts';
import type { Tensor } from '../graph/tensor.ts';
import { blur } from './blur.ts';
import { cosineDistance } from './distance.ts';
import type { TargetName, Targets } from './fusion.ts';
import type { GeometryName } from './geometry.ts';
import type { Levels } from './teacher.ts';

export type SourceName = TargetName | GeometryName;
/** Statistics of a source on held-out good parts; value -> max(0, (value - centre) / scale). */
export interface SourceScale {
  name: string;
  centre: number;
  scale: number;
  weight: number;
}

/** Blur of the network's maps, pixels of the stride-4 grid: 1 there is 4 working pixels. */
const networkBlur = 1;

/**
 * Distances of each restored target, levels summed on the stride-4 grid: [1,1,h/4,w/4] each. Where depth has no
 * reading its own distance is silent; the fused target rests on colour alone there.
 */
export function networkSources(
  graph: Graph,
  targets: Targets,
  restored: Partial<Record<TargetName, Levels>>,
  valid: Tensor,
): Record<string, Tensor> {
  const sources: Record<string, Tensor> = {};
  for (const [name, levels] of Object.entries(restored) as [TargetName, Levels][]) {
    sources[name] = graph.scope(name, () => {
      const [, , height, width] = levels[0].shape as [number, number, number, number];
      const maps = levels.map((level, i) => {
        const distance = cosineDistance(targets[name][i]!, level);
        const share = o.averagePool(valid, valid.shape[2]! / level.shape[2]!);
        return o.resize(name === 'depth' ? o.mul(distance, share) : distance, height, width);
      });
      return blur(
        maps.reduce((sum, map) => o.add(sum, map)),
        networkBlur,
      );
    });
  }
  return sources;
}

/** Weighted mean of normalised sources at the working size: [1,1,h,w]. */
export function combine(
  sources: Record<string, Tensor>,
  scales: readonly SourceScale[],
  height: number,
  width: number,
): Tensor {
  const used = scales.filter(({ name, weight }) => weight > 0 && sources[name]);
  const total = used.reduce((sum, { weight }) => sum + weight, 0);
  const terms = used.map(({ name, centre, scale, weight }) => {
    const normalised = o.relu(o.mul(o.sub(sources[name]!, centre), 1 / scale));
    return o.mul(o.resize(normalised, height, width), weight / total);
  });
  return terms.reduce((sum, term) => o.add(sum, term));
}
