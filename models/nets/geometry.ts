/**
 * The geometry box: what convolutions forget. Signed height at two scales and missing depth, each against what good
 * parts had at that place: |height - mean| / spread, and the share missing beyond the mean. Structured light drops out
 * in holes, cracks and shiny scratches, so missing depth is evidence of its own and never silently filled away.
 */
import * as o from '../graph/build.ts';
import type { Graph } from '../graph/graph.ts';
import type { Tensor } from '../graph/tensor.ts';
import { blur } from './blur.ts';

/** Blur of the fine and coarse height and of the missing share, working pixels. */
export const geometryBlurPx = { fine: 1, coarse: 4, missing: 8 } as const;
export type GeometryName = keyof typeof geometryBlurPx;
export const geometryNames = ['fine', 'coarse', 'missing'] as const satisfies readonly GeometryName[];

/** What good parts showed at each place of the working grid. */
export interface GeometryReference {
  /** [h,w] each: mm for heights, share for missing */
  mean: Float32Array;
  spread: Float32Array;
}
export type GeometryReferences = Record<GeometryName, GeometryReference>;

/** heightMm, valid [1,1,h,w] -> what is compared with good parts, [1,1,h,w] each: mm, mm, share. */
export function geometryFeatures(heightMm: Tensor, valid: Tensor): Record<GeometryName, Tensor> {
  return {
    fine: blur(heightMm, geometryBlurPx.fine),
    coarse: blur(heightMm, geometryBlurPx.coarse),
    missing: blur(o.sub(1, valid), geometryBlurPx.missing),
  };
}

/** Deviations from good parts, [1,1,h,w] each, 0 = as expected: heights in spreads, missing as a share. */
export function geometry(
  graph: Graph,
  heightMm: Tensor,
  valid: Tensor,
  references: GeometryReferences,
): Record<GeometryName, Tensor> {
  const features = geometryFeatures(heightMm, valid);
  const deviation = (name: GeometryName): Tensor =>
    graph.scope(name, () => {
      const place = (values: Float32Array, what: string): Tensor => graph.constant(what, values, heightMm.shape);
      const difference = o.sub(features[name], place(references[name].mean, 'mean'));
      // Less missing than expected is no defect; too high and too low both are.
      if (name === 'missing') return o.relu(difference);
      return o.div(o.abs(difference), place(references[name].spread, 'spread'));
    });
  return { fine: deviation('fine'), coarse: deviation('coarse'), missing: deviation('missing') };
}
