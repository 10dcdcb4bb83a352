/**
 * Gradients of convolutions, in the forms measured fastest on the CPU provider: the input's as a convolution with
 * flipped weights, the weights' as one matrix product per kernel tap (never the axis-swapped convolution, a third of
 * the speed, never im2col on large maps).
 */
import { fail } from '../../errors.ts';
import * as o from '../graph/build.ts';
import type { OperatorAttributes } from '../graph/operators.ts';
import type { Tensor } from '../graph/tensor.ts';

type ConvAttributes = OperatorAttributes['Conv'];

/** dL/dx [B,C,H,W] from d [B,K,H',W'] and w [K,C,kh,kw]. */
export function convInput(d: Tensor, x: Tensor, w: Tensor, { strides, pads, group }: ConvAttributes): Tensor {
  const [, , height, width] = x.shape as [number, number, number, number];
  const [, , kh, kw] = w.shape as [number, number, number, number];
  const [stride, pad] = square(d, strides, pads, group);
  const whole = d.shape[2] === height && d.shape[3] === width;
  if (stride === 1 && whole) {
    // dX = Conv(d, W flipped in space and transposed in channels)
    const swapped = o.transpose(w, 1, 0, 2, 3);
    const flipped = kh * kw === 1 ? swapped : o.slice(swapped, { 2: [kh - 1, -1, -1], 3: [kw - 1, -1, -1] });
    return o.conv(d, flipped, { pad: kh - 1 - pad });
  }
  // Rows the last window did not reach come back as output padding.
  const missing = (length: number, k: number, out: number): number => length - (stride * (out - 1) + k - 2 * pad);
  const outputPadding = [missing(height, kh, d.shape[2]!), missing(width, kw, d.shape[3]!)] as const;
  return o.convTranspose(d, w, { stride, pad, outputPadding, group });
}

/** dL/dW [K,C,kh,kw] from d [B,K,H',W'] and x [B,C,H,W]. */
export function convWeights(d: Tensor, x: Tensor, w: Tensor, { strides, pads, group }: ConvAttributes): Tensor {
  const [stride, pad] = square(d, strides, pads, group);
  const [batch, filters, outHeight, outWidth] = d.shape as [number, number, number, number];
  const [, channels, kh, kw] = w.shape as [number, number, number, number];
  const places = batch * outHeight * outWidth;
  const rows = o.reshape(o.transpose(d, 1, 0, 2, 3), filters, places); // [K, BH'W']
  const padded = pad > 0 ? o.pad(x, [pad, pad, pad, pad]) : x;
  const last = o.transpose(padded, 0, 2, 3, 1); // [B, H+2p, W+2p, C]
  const tap = (i: number, j: number): Tensor => {
    const window = {
      1: [i, i + stride * (outHeight - 1) + 1, stride],
      2: [j, j + stride * (outWidth - 1) + 1, stride],
    } as const;
    return o.matMul(rows, o.reshape(o.slice(last, window), places, channels)); // [K, C]
  };
  const taps = Array.from({ length: kh * kw }, (_, t) => tap(Math.floor(t / kw), t % kw));
  const stacked = taps.length === 1 ? taps[0]! : o.concat(taps, 0); // [khkw K, C]
  return o.transpose(o.reshape(stacked, kh, kw, filters, channels), 2, 3, 0, 1);
}

/** ConvTranspose is the convolution's own input gradient, so its gradients are a convolution and a weight gradient. */
export function convTransposeRule(
  d: Tensor,
  x: Tensor,
  w: Tensor,
  { strides, pads, group }: OperatorAttributes['ConvTranspose'],
  wants: readonly boolean[],
): (Tensor | null)[] {
  const [stride, pad] = square(d, strides, pads, group);
  return [
    wants[0] ? o.conv(d, w, { stride, pad }) : null,
    wants[1] ? convWeights(x, d, w, { strides, pads, group }) : null,
  ];
}

function square(d: Tensor, strides: readonly number[], pads: readonly number[], group: number): [number, number] {
  const even = strides[0] === strides[1] && pads.every((each) => each === pads[0]);
  if (!even || group !== 1) {
    const problem = `convolution with strides [${strides}], pads [${pads}], ${group} groups has no gradient here`;
    throw fail('graph/shape', { tensor: d.name, problem });
  }
  return [strides[0]!, pads[0]!];
}
