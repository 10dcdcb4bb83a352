/**
 * The fusion box: parameter-free modality modulation at each level. Each modality is first brought to one loudness on
 * good parts (statistics, not learned weights); then depth is added as far as it has readings, F = R + v D. Weighing it
 * by how far the two disagree, or by its share of the energy, is kept beside it: no better (docs/method.md).
 *
 * The published paper's modulation is not available to us: this is our reading of it.
 */
import * as o from '../graph/build.ts';
import type { Graph } from '../graph/graph.ts';
import type { Tensor } from '../graph/tensor.ts';
import type { FusionForm } from './recipe.ts';
import type { Levels } from './teacher.ts';

export interface ChannelStatistics {
  /** [C] each, over good parts */
  mean: Float32Array;
  spread: Float32Array;
}
export interface FusionStatistics {
  rgb: readonly ChannelStatistics[];
  depth: readonly ChannelStatistics[];
}
/** The fused target, and each modality's own: a defect seen by one must not drown in the fusion. */
export type TargetName = 'fused' | 'rgb' | 'depth';
export type Targets = Record<TargetName, Levels>;

/** Features of both modalities [B,C,h,w] per level and validity [B,1,H,W] -> the targets of distillation. */
export function fusion(
  graph: Graph,
  rgb: Levels,
  depth: Levels,
  valid: Tensor,
  statistics: FusionStatistics,
  form: FusionForm,
): Targets {
  const levels = rgb.map((feature, level) =>
    graph.scope(`level${level}`, () => {
      const r = standardise(feature, statistics.rgb[level]!);
      const d = standardise(depth[level]!, statistics.depth[level]!);
      const share = o.averagePool(valid, valid.shape[2]! / feature.shape[2]!); // [B,1,h,w]
      return { fused: fuse[form](r, d, share), rgb: r, depth: d };
    }),
  );
  const pick = (key: TargetName): Levels => levels.map((level) => level[key]) as unknown as Levels;
  return { fused: pick('fused'), rgb: pick('rgb'), depth: pick('depth') };
}

const energy = (x: Tensor): Tensor => o.reduceMean(o.square(x), [1], true); // [B,1,h,w]

/** R, D [B,C,h,w] and the share of readings [B,1,h,w] -> F [B,C,h,w]. */
const fuse: Record<FusionForm, (r: Tensor, d: Tensor, share: Tensor) => Tensor> = {
  sum: (r, d, share) => o.add(r, o.mul(d, share)),
  disagreement: (r, d, share) => o.add(r, o.mul(d, o.mul(o.sigmoid(energy(o.sub(r, d))), share))),
  energy(r, d, share) {
    const [ofRgb, ofDepth] = [energy(r), o.mul(energy(d), share)];
    const weight = o.div(ofDepth, o.add(o.add(ofRgb, ofDepth), 1e-6));
    return o.add(o.mul(r, o.sub(1, weight)), o.mul(d, weight));
  },
};

/**
 * Divided by one root mean square a level, not per channel: centred or per-channel scaling lifts the noise of quiet
 * channels to the level of telling ones, and the restored direction drowns in it (measured: image AUROC 0.94 against
 * 0.81 on road surface, depth alone, 15 epochs).
 */
function standardise(x: Tensor, { mean, spread }: ChannelStatistics): Tensor {
  const squares = mean.reduce((sum, m, c) => sum + m * m + spread[c]! ** 2, 0);
  return o.mul(x, 1 / Math.sqrt(squares / mean.length));
}
