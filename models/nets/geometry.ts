/**
 * The geometry box: what convolutions forget. Signed height at two scales and missing depth, each against what good
 * parts had at that place: |height - mean| / spread, and the share missing beyond the mean. Where the part may lie as
 * it likes it is levelled first. Structured light drops out in holes, cracks and shiny scratches, so missing depth is
 * evidence of its own and never silently filled away.
 */
import * as o from '../graph/build.ts';
import type { Graph } from '../graph/graph.ts';
import type { Tensor } from '../graph/tensor.ts';
import { blur } from './blur.ts';
import { butForDefects, fittedPlane, surfaceOf } from './datum.ts';

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
export interface GeometryReferences extends Record<GeometryName, GeometryReference> {
  /** [h,w] mm: the shape good parts share, which a part is levelled by. Null: heights count as they are. */
  form: Float32Array | null;
}

/** The plane is looked for on a grid this much coarser, which costs next to nothing. */
const levelPool = 4;
/** A place of that grid with a smaller share of readings has no say. */
const leastReadings = 0.5;

/**
 * Takes the play of the fixture out: what a part has beyond the shape good parts share is flat but for a defect, so a
 * plane through it says how this part lies, however deep and broad the defect is. A plane through the part itself
 * cannot: its own relief is as large as a defect, and the defect pulls it.
 */
function levelled(heightMm: Tensor, valid: Tensor, form: Float32Array): Tensor {
  const apart = o.sub(heightMm, heightMm.graph.constant('form', form, heightMm.shape));
  const share = o.averagePool(valid, levelPool);
  const seen = o.cast(o.not(o.less(share, leastReadings)), 'float32');
  const mean = o.div(o.averagePool(o.mul(apart, valid), levelPool), o.maximum(share, leastReadings));
  const { plane } = fittedPlane(o.mul(mean, seen), seen, butForDefects);
  return o.sub(heightMm, surfaceOf(plane, heightMm));
}

/** heightMm, valid [1,1,h,w] -> what is compared with good parts, [1,1,h,w] each: mm, mm, share. */
export function geometryFeatures(
  heightMm: Tensor,
  valid: Tensor,
  form: Float32Array | null,
): Record<GeometryName, Tensor> {
  const level = form === null ? heightMm : levelled(heightMm, valid, form);
  return {
    fine: blur(level, geometryBlurPx.fine),
    coarse: blur(level, geometryBlurPx.coarse),
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
  const features = geometryFeatures(heightMm, valid, references.form);
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
