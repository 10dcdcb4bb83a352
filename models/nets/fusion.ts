/**
 * The fusion box: parameter-free modality modulation at each level. Channels are first standardised on good parts
 * (statistics, not learned weights), so that neither modality is louder; then depth is added where and as far as the
 * two disagree: a = sigmoid(mean_c (R - D)^2), F = R + a D. Where depth has no reading, F is R alone.
 *
 * The published paper's modulation is not available to us: this is our reading of it.
 */
import * as o from '../graph/build.ts';
import type { Graph } from '../graph/graph.ts';
import type { Tensor } from '../graph/tensor.ts';
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
export interface Targets {
  fused: Levels;
  rgb: Levels;
  depth: Levels;
}

/** Features of both modalities [B,C,h,w] per level and validity [B,1,H,W] -> the targets of distillation. */
export function fusion(graph: Graph, rgb: Levels, depth: Levels, valid: Tensor, statistics: FusionStatistics): Targets {
  const levels = rgb.map((feature, level) =>
    graph.scope(`level${level}`, () => {
      const r = standardise(feature, statistics.rgb[level]!, 'rgb');
      const d = standardise(depth[level]!, statistics.depth[level]!, 'depth');
      const share = o.averagePool(valid, valid.shape[2]! / feature.shape[2]!); // [B,1,h,w]
      const disagreement = o.reduceMean(o.square(o.sub(r, d)), [1], true); // [B,1,h,w]
      const weight = o.mul(o.sigmoid(disagreement), share);
      return { fused: o.add(r, o.mul(d, weight)), rgb: r, depth: d };
    }),
  );
  const pick = (key: keyof Targets): Levels => levels.map((level) => level[key]) as unknown as Levels;
  return { fused: pick('fused'), rgb: pick('rgb'), depth: pick('depth') };
}

function standardise(x: Tensor, { mean, spread }: ChannelStatistics, name: string): Tensor {
  const channels = x.shape[1]!;
  const gain = spread.map((s) => 1 / Math.max(s, 1e-6));
  const shift = mean.map((m, c) => -m * gain[c]!);
  const scaled = o.mul(x, x.graph.constant(`${name}.gain`, gain, [1, channels, 1, 1]));
  return o.add(scaled, x.graph.constant(`${name}.shift`, shift, [1, channels, 1, 1]));
}
