/** Depth with holes in it: scaling that never mixes a missing reading in, and filling from what surrounds a hole. */
import * as o from '../graph/build.ts';
import type { Tensor } from '../graph/tensor.ts';

/** Share of a working pixel's readings that must be there. */
const leastShare = 0.5;

/** value, valid [1,1,H,W] (value 0 where invalid) -> both at height x width; the value is the mean of its readings. */
export function scaleMasked(
  value: Tensor,
  valid: Tensor,
  height: number,
  width: number,
): { value: Tensor; valid: Tensor } {
  const factor = Math.max(1, Math.min(Math.floor(value.shape[2]! / height), Math.floor(value.shape[3]! / width)));
  const shrink = (x: Tensor): Tensor => o.resize(factor > 1 ? o.averagePool(x, factor) : x, height, width);
  if (value.shape[2] === height && value.shape[3] === width) return { value, valid };
  const share = shrink(valid);
  const enough = o.not(o.less(share, leastShare));
  return {
    value: o.where(enough, o.div(shrink(value), o.maximum(share, leastShare)), 0),
    valid: o.cast(enough, 'float32'),
  };
}

/**
 * Fills holes with a pyramid of masked means: each hole takes the finest level that saw a reading around it, smoothly
 * upsampled. x, valid [1,1,h,w] (x 0 where invalid) -> [1,1,h,w].
 */
export function fillMissing(x: Tensor, valid: Tensor): Tensor {
  const [, , height, width] = x.shape as [number, number, number, number];
  if (height % 2 || width % 2 || Math.min(height, width) < 4) {
    const mean = o.div(o.reduceSum(x, [2, 3], true), o.maximum(o.reduceSum(valid, [2, 3], true), 1));
    return o.add(x, o.mul(o.sub(1, valid), mean));
  }
  const share = o.averagePool(valid, 2);
  const seen = o.cast(o.greater(share, 0), 'float32');
  const coarse = o.mul(o.div(o.averagePool(x, 2), o.maximum(share, 0.25)), seen);
  const filled = o.resize(fillMissing(coarse, seen), height, width);
  return o.add(x, o.mul(o.sub(1, valid), filled));
}
