/** Cosine distance of target and restored features: the loss of teaching and the map of judging, one definition. */
import * as o from '../graph/build.ts';
import type { Tensor } from '../graph/tensor.ts';

/** target, restored [B,C,h,w] -> [B,1,h,w], 1 - cos per place, 0..2. */
export function cosineDistance(target: Tensor, restored: Tensor): Tensor {
  const dot = o.reduceSum(o.mul(target, restored), [1], true);
  const norm = (x: Tensor): Tensor => o.sqrt(o.add(o.reduceSum(o.square(x), [1], true), 1e-6));
  return o.sub(1, o.div(dot, o.mul(norm(target), norm(restored))));
}
