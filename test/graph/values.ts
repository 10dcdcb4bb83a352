/**
 * Arrays for the tests, written for reading: a shape and its numbers in row-major order, float64 throughout, booleans
 * as 0 and 1. Every random number comes from a seed.
 */
import type { DType, Shape } from '../../models/graph/tensor.ts';
import type { TensorValue } from '../../models/runtime/session.ts';

export interface Values {
  readonly shape: Shape;
  readonly data: Float64Array;
}

/** Asks for every element by its index. */
export function fill(shape: Shape, element: (index: readonly number[]) => number): Values {
  const data = new Float64Array(shape.reduce((product, length) => product * length, 1));
  const index = shape.map(() => 0);
  for (let place = 0; place < data.length; place++) {
    data[place] = element(index);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      index[axis] = index[axis]! + 1;
      if (index[axis]! < shape[axis]!) break;
      index[axis] = 0;
    }
  }
  return { shape, data };
}

/** Where an index lies in the row-major order. */
export function placeOf(shape: Shape, index: readonly number[]): number {
  return shape.reduce((place, length, axis) => place * length + index[axis]!, 0);
}

export function at(x: Values, index: readonly number[]): number {
  return x.data[placeOf(x.shape, index)]!;
}

/** The element that broadcasting brings to `index` of a shape of higher or equal rank. */
export function atBroadcast(x: Values, index: readonly number[]): number {
  const tail = index.slice(index.length - x.shape.length);
  return at(
    x,
    tail.map((i, axis) => (x.shape[axis] === 1 ? 0 : i)),
  );
}

/** Numbers in [0, 1) from a seed (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Random values that float32 holds exactly, so that both sides of a comparison start from the same numbers. */
export function randomValues(shape: Shape, random: () => number, from = -1, to = 1): Values {
  return fill(shape, () => Math.fround(from + (to - from) * random()));
}

/** As the runtime takes it. */
export function toRuntime({ shape, data }: Values, dtype: DType = 'float32'): TensorValue {
  if (dtype === 'float32') return { shape, data: Float32Array.from(data) };
  if (dtype === 'int64') return { shape, data: BigInt64Array.from(data, BigInt) };
  return { shape, data: Uint8Array.from(data) };
}

export function fromRuntime({ shape, data }: TensorValue): Values {
  return { shape: [...shape], data: Float64Array.from(data as ArrayLike<number | bigint>, Number) };
}

/**
 * The largest difference of two arrays, as a share of the largest expected magnitude where that is above 1. Where both
 * are NaN, or the same infinity, they agree; where only one is, or the shapes differ, the difference is infinite.
 */
export function largestDifference(actual: Values, expected: Values): number {
  if (String(actual.shape) !== String(expected.shape)) return Number.POSITIVE_INFINITY;
  let scale = 1;
  for (const value of expected.data) if (Number.isFinite(value)) scale = Math.max(scale, Math.abs(value));
  let largest = 0;
  for (const [i, value] of expected.data.entries()) {
    if (Object.is(value, actual.data[i])) continue;
    const difference = Math.abs(value - actual.data[i]!);
    largest = Math.max(largest, Number.isNaN(difference) ? Number.POSITIVE_INFINITY : difference / scale);
  }
  return largest;
}
