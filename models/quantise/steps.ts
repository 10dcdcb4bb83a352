/**
 * How float values become whole numbers: the step (scale) and zero point of a range, and weights with a step of their
 * own for each output channel. Two forms, one rule: `u8` puts a range's least value at 0, which x64 multiplies fastest
 * with signed weights; `s8` keeps zero at 0, which is all that TensorRT takes.
 */
import type { Range } from './ranges.ts';

export type Form = 'u8' | 's8';

export interface Step {
  scale: number;
  zero: number;
}

/** A channel that never moves would divide by zero. */
const leastScale = 1e-8;

/** Zero is always one of the steps: padding and Relu are exact. */
export function stepOf({ low, high }: Range, form: Form): Step {
  if (form === 's8') return { scale: Math.fround(Math.max(-low, high, 127 * leastScale) / 127), zero: 0 };
  const [least, most] = [Math.min(low, 0), Math.max(high, 0)];
  const scale = Math.fround(Math.max(most - least, 255 * leastScale) / 255);
  return { scale, zero: Math.min(255, Math.max(0, Math.round(-least / scale))) };
}

export interface QuantisedWeights {
  /** In the order they came. */
  values: Int8Array;
  /** [out], the step of each output channel. */
  scales: Float32Array;
}

/** Symmetric, one step for each output channel: [out, ...] with -127 to 127, so that both signs reach as far. */
export function quantiseWeights(weights: Float32Array, out: number): QuantisedWeights {
  const perChannel = weights.length / out;
  const scales = Float32Array.from({ length: out }, (_, c) => {
    let most = 0;
    for (let i = c * perChannel; i < (c + 1) * perChannel; i++) most = Math.max(most, Math.abs(weights[i]!));
    return Math.max(most / 127, leastScale);
  });
  const values = Int8Array.from(weights, (w, i) =>
    Math.max(-127, Math.min(127, Math.round(w / scales[Math.floor(i / perChannel)]!))),
  );
  return { values, scales };
}

/** A bias in the steps of the sums it is added to: input step times weight step, per channel. */
export function quantiseBias(bias: Float32Array, scales: Float32Array): Int32Array {
  return Int32Array.from(bias, (b, c) => Math.max(-(2 ** 31), Math.min(2 ** 31 - 1, Math.round(b / scales[c]!))));
}
