/**
 * The datum height is measured from. `fitted`: a plane through this part's own readings, robust against the defect;
 * what was removed is reported, so that it can be limited. `fixed`: the plane of teaching, so that a part lying too
 * low shows. Coordinates are centred, x and y in [-1, 1], and sums are means: fp32 keeps them.
 */
import * as o from '../graph/build.ts';
import type { Tensor } from '../graph/tensor.ts';

export interface FittedPlane {
  /** [1,1,h,w] mm */
  surface: Tensor;
  /** [1,3]: offset at the centre, slopes from the centre to the edge, mm */
  plane: Tensor;
  /** [2]: offset at the centre, tilt across the image, mm */
  datum: Tensor;
}

/** How a fit treats what lies off the plane. */
export interface Robustness {
  /** Times the places are weighed. */
  steps: number;
  /** The scale of what is believed: the mean residual of all places, or of each as far as it was believed before. */
  scale: 'all' | 'believed';
}
/** For a part with relief of its own: the scale of all places leaves none of its levels out. Settles in four steps. */
const withRelief: Robustness = { steps: 4, scale: 'all' };
/** For what is flat but for a defect: the scale closes in on the flat, and the defect is left out. */
export const butForDefects: Robustness = { steps: 6, scale: 'believed' };

/** depth, valid [1,1,h,w] -> weighted least squares plane, weights 1 / (1 + (r / s)^2), s the scale. */
export function fittedPlane(depth: Tensor, valid: Tensor, { steps, scale } = withRelief): FittedPlane {
  const basis = planeBasis(depth); // [3, hw]
  const places = basis.shape[1]!;
  const d = o.reshape(depth, 1, places);
  const v = o.reshape(valid, 1, places);
  let weights = v;
  let plane = solvePlane(basis, d, weights);
  for (let step = 1; step < steps; step++) {
    const residual = o.mul(o.sub(d, o.matMul(plane, basis)), v);
    const believed = scale === 'all' ? v : weights;
    const spread = o.div(o.reduceMean(o.mul(o.abs(residual), believed)), o.add(o.reduceMean(believed), 1e-6));
    weights = o.div(v, o.add(o.square(o.div(residual, o.add(spread, 1e-6))), 1));
    plane = solvePlane(basis, d, weights);
  }
  const slopes = o.slice(plane, { 1: [1, 3] }); // [1,2]
  const tilt = o.mul(o.sqrt(o.reduceSum(o.square(slopes), [0, 1])), 2);
  const datum = o.concat([o.reshape(o.slice(plane, { 1: [0, 1] }), 1), o.reshape(tilt, 1)], 0);
  return { surface: surfaceOf(plane, depth), plane, datum };
}

/** The plane [1,3] at every place of a grid, [1,1,h,w] as `like`. */
export function surfaceOf(plane: Tensor, like: Tensor): Tensor {
  return o.reshape(o.matMul(plane, planeBasis(like)), ...like.shape);
}

/** The plane known from teaching, relative to the depth's centre. */
export function fixedPlane(
  depth: Tensor,
  { offsetMm, slopeXMmAcross, slopeYMmAcross }: { offsetMm: number; slopeXMmAcross: number; slopeYMmAcross: number },
  centreMm: number,
): FittedPlane {
  const graph = depth.graph;
  const values = Float32Array.from([offsetMm - centreMm, slopeXMmAcross / 2, slopeYMmAcross / 2]);
  const plane = graph.constant('plane', values, [1, 3]);
  return { surface: surfaceOf(plane, depth), plane, datum: graph.constant('datum', new Float32Array(2), [2]) };
}

/** Rows 1, x, y over all places: [3, hw]. */
function planeBasis(depth: Tensor): Tensor {
  const [, , height, width] = depth.shape as [number, number, number, number];
  const rows = new Float32Array(3 * height * width);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const place = y * width + x;
      rows[place] = 1;
      rows[height * width + place] = (2 * x + 1) / width - 1;
      rows[2 * height * width + place] = (2 * y + 1) / height - 1;
    }
  }
  return depth.graph.constant('basis', rows, [3, height * width]);
}

/** Weighted normal equations, 3 x 3, solved by the adjugate: basis [3,n], d and weights [1,n] -> [1,3]. */
function solvePlane(basis: Tensor, d: Tensor, weights: Tensor): Tensor {
  const n = basis.shape[1]!;
  const weighted = o.div(o.mul(basis, weights), n); // [3,n]
  const normal = o.matMul(weighted, o.transpose(basis, 1, 0)); // [3,3]
  const right = o.matMul(d, o.transpose(weighted, 1, 0)); // [1,3]
  const at = (i: number, j: number): Tensor => {
    const entry = o.slice(normal, { 0: [i, i + 1], 1: [j, j + 1] });
    // A ridge, so that a part with no reading gives a plane of zeros instead of NaN.
    return i === j ? o.add(entry, 1e-9) : entry;
  };
  const minor = (i: number, j: number): Tensor => {
    const [r1, r2] = [0, 1, 2].filter((r) => r !== i) as [number, number];
    const [c1, c2] = [0, 1, 2].filter((c) => c !== j) as [number, number];
    const value = o.sub(o.mul(at(r1, c1), at(r2, c2)), o.mul(at(r1, c2), at(r2, c1)));
    return (i + j) % 2 === 1 ? o.neg(value) : value;
  };
  const cofactors = [0, 1, 2].map((i) => o.concat([minor(i, 0), minor(i, 1), minor(i, 2)], 1));
  const adjugate = o.concat(cofactors, 0); // symmetric
  const determinant = o.reduceSum(o.mul(o.slice(normal, { 0: [0, 1] }), cofactors[0]!), [0, 1]);
  return o.div(o.matMul(right, adjugate), o.maximum(determinant, 1e-12));
}
