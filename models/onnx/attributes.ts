/**
 * How each operator's attributes travel in an ONNX node: as attributes of ONNX's names, or as constant int64 inputs
 * where the opset wants that. One total table, used forth by `write` and back by `read`.
 */
import type { OperatorAttributes, OperatorName } from '../graph/operators.ts';
import type { DType } from '../graph/tensor.ts';
import { dataTypes } from './schema.ts';

export type Plain = number | string | readonly number[];
export interface Travelling {
  attributes: Record<string, Plain>;
  /** Constant int64 inputs behind the tensors, null for an absent optional one. */
  inputs: (readonly number[] | null)[];
  /** Marks the float attributes, which protobuf cannot tell from integers. */
  floats?: readonly string[];
}
export interface Codec<A> {
  out(attributes: A): Travelling;
  back(attributes: Record<string, Plain>, inputs: readonly (readonly number[] | null)[]): A;
}

const none = { out: (): Travelling => ({ attributes: {}, inputs: [] }), back: (): Record<string, never> => ({}) };
const ints = (value: Plain | undefined): readonly number[] => value as readonly number[];
const pair = (value: Plain | undefined): [number, number] => value as unknown as [number, number];
const quad = (value: Plain | undefined): [number, number, number, number] =>
  value as unknown as [number, number, number, number];

/** The decimal that was written: files hold float32, in which 1e-5 reads back as 9.99999974e-6. */
function shortest(value: number): number {
  for (let digits = 1; digits < 9; digits++) {
    const rounded = Number(value.toPrecision(digits));
    if (Math.fround(rounded) === value) return rounded;
  }
  return value;
}

const pool: Codec<OperatorAttributes['MaxPool']> = {
  out: ({ kernel, strides, pads }) => ({ attributes: { kernel_shape: kernel, strides, pads }, inputs: [] }),
  back: (a) => ({ kernel: pair(a['kernel_shape']), strides: pair(a['strides']), pads: quad(a['pads']) }),
};
/** ReduceMean and ReduceMax carry their axes as an attribute until opset 18. */
const reduce: Codec<OperatorAttributes['ReduceMean']> = {
  out: ({ axes, keepdims }) => ({ attributes: { axes, keepdims: keepdims ? 1 : 0 }, inputs: [] }),
  back: (a) => ({ axes: ints(a['axes']), keepdims: a['keepdims'] === 1 }),
};
const block: Codec<OperatorAttributes['DepthToSpace']> = {
  out: ({ blocksize }) => ({ attributes: { blocksize }, inputs: [] }),
  back: (a) => ({ blocksize: a['blocksize'] as number }),
};
const axis: Codec<OperatorAttributes['Concat']> = {
  out: (a) => ({ attributes: { axis: a.axis }, inputs: [] }),
  back: (a) => ({ axis: a['axis'] as number }),
};
const shape: Codec<OperatorAttributes['Reshape']> = {
  out: (a) => ({ attributes: {}, inputs: [a.shape] }),
  back: (_, [dims]) => ({ shape: dims! }),
};

export const codecs: { readonly [K in OperatorName]: Codec<OperatorAttributes[K]> } = {
  Add: none,
  Sub: none,
  Mul: none,
  Div: none,
  Max: none,
  Min: none,
  Greater: none,
  Less: none,
  And: none,
  Or: none,
  Not: none,
  Neg: none,
  Abs: none,
  Exp: none,
  Log: none,
  Sqrt: none,
  Relu: none,
  Sigmoid: none,
  IsNaN: none,
  Where: none,
  MatMul: none,
  Cast: {
    out: ({ to }) => ({ attributes: { to: dataTypes[to] }, inputs: [] }),
    back: (a) => ({ to: (Object.keys(dataTypes) as DType[]).find((name) => dataTypes[name] === a['to'])! }),
  },
  QuantizeLinear: axis,
  DequantizeLinear: axis,
  Conv: {
    out: ({ strides, pads, group }) => ({ attributes: { strides, pads, group }, inputs: [] }),
    back: (a) => ({ strides: pair(a['strides']), pads: quad(a['pads']), group: a['group'] as number }),
  },
  ConvTranspose: {
    out: ({ strides, pads, group, outputPadding }) => ({
      attributes: { strides, pads, group, output_padding: outputPadding },
      inputs: [],
    }),
    back: (a) => ({
      strides: pair(a['strides']),
      pads: quad(a['pads']),
      group: a['group'] as number,
      outputPadding: pair(a['output_padding']),
    }),
  },
  MaxPool: pool,
  AveragePool: pool,
  BatchNormalization: {
    out: ({ epsilon }) => ({
      attributes: { epsilon, momentum: 0, training_mode: 1 },
      inputs: [],
      floats: ['epsilon', 'momentum'],
    }),
    back: (a) => ({ epsilon: shortest(a['epsilon'] as number) }),
  },
  Softmax: axis,
  Concat: axis,
  Transpose: {
    out: ({ perm }) => ({ attributes: { perm }, inputs: [] }),
    back: (a) => ({ perm: ints(a['perm']) }),
  },
  Reshape: shape,
  Expand: shape,
  Slice: {
    out: ({ starts, ends, axes, steps }) => ({
      attributes: {},
      // -1 as the end of a negative step means "past the first", which ONNX writes as any number below -length.
      inputs: [starts, ends.map((end, i) => (steps[i]! < 0 && end < 0 ? -(2 ** 31) : end)), axes, steps],
    }),
    back: (_, [starts, ends, axes, steps]) => ({
      starts: starts!,
      ends: ends!.map((end) => (end < 0 ? -1 : end)),
      axes: axes!,
      steps: steps!,
    }),
  },
  Pad: {
    out: ({ pads, mode }) => ({ attributes: { mode }, inputs: [pads] }),
    back: (a, [pads]) => ({ pads: pads!, mode: a['mode'] as 'constant' | 'edge' | 'reflect' }),
  },
  Resize: {
    out: ({ mode, sizes }) => ({
      attributes: {
        mode,
        coordinate_transformation_mode: 'half_pixel',
        ...(mode === 'nearest' ? { nearest_mode: 'round_prefer_floor' } : {}),
      },
      inputs: [null, null, sizes],
    }),
    back: (a, [, , sizes]) => ({ mode: a['mode'] as 'nearest' | 'linear', sizes: sizes! }),
  },
  DepthToSpace: block,
  SpaceToDepth: block,
  ReduceSum: {
    out: ({ axes, keepdims }) => ({ attributes: { keepdims: keepdims ? 1 : 0 }, inputs: [axes] }),
    back: (a, [axes]) => ({ axes: axes!, keepdims: a['keepdims'] === 1 }),
  },
  ReduceMean: reduce,
  ReduceMax: reduce,
};
