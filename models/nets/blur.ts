/** Gaussian blur as two one-dimensional convolutions; borders continue with their edge value. */
import * as o from '../graph/build.ts';
import type { Tensor } from '../graph/tensor.ts';

/** x [B,1,h,w], sigma in pixels of x. The kernel reaches three sigmas. */
export function blur(x: Tensor, sigma: number): Tensor {
  const radius = Math.ceil(3 * sigma);
  const taps = Float32Array.from({ length: 2 * radius + 1 }, (_, i) => Math.exp(-0.5 * ((i - radius) / sigma) ** 2));
  const sum = taps.reduce((total, tap) => total + tap, 0);
  const weights = taps.map((tap) => tap / sum);
  const across = x.graph.constant('gauss', weights, [1, 1, 1, taps.length]);
  const down = x.graph.constant('gauss', weights, [1, 1, taps.length, 1]);
  return o.conv(o.conv(o.pad(x, [radius, radius, radius, radius], 'edge'), across), down);
}
