/**
 * Every operator in several settings, one total table: an operator without a case does not compile. The cases feed the
 * comparison with the runtime and the round trip through the file format.
 */
import * as o from '../../models/graph/build.ts';
import { Graph } from '../../models/graph/graph.ts';
import type { OperatorAttributes, OperatorName } from '../../models/graph/operators.ts';
import type { DType, Shape, Tensor } from '../../models/graph/tensor.ts';
import { fill, randomValues, seeded, type Values } from './values.ts';

/** Hands out the inputs of one case; each call is a new input of the graph. */
export interface Source {
  /** Uniform in [from, to), -2..2 if not told. */
  float(shape: Shape, from?: number, to?: number): Tensor;
  /** Numbers among which some are NaN. */
  holed(shape: Shape): Tensor;
  flags(shape: Shape): Tensor;
  whole(dtype: 'uint8' | 'int64', shape: Shape): Tensor;
  graph: Graph;
}
type Case = (source: Source) => Tensor | readonly Tensor[];

const both = (op: (a: Tensor, b: Tensor) => Tensor, from?: number, to?: number): Case[] => [
  ({ float }) => op(float([2, 3], from, to), float([2, 3], from, to)),
  ({ float }) => op(float([2, 1, 4], from, to), float([3, 1], from, to)),
  ({ float }) => op(float([], from, to), float([2, 3, 1, 2], from, to)),
];
const each = (op: (x: Tensor) => Tensor, from?: number, to?: number): Case[] => [
  ({ float }) => op(float([3, 5], from, to)),
  ({ float }) => op(float([], from, to)),
];
const logical = (op: (a: Tensor, b: Tensor) => Tensor): Case[] => [
  ({ flags }) => op(flags([3, 5]), flags([3, 5])),
  ({ flags }) => op(flags([2, 1, 3]), flags([4, 1])),
];
const raw =
  <K extends OperatorName>(op: K, attributes: OperatorAttributes[K], ...shapes: Shape[]): Case =>
  ({ graph, float }) =>
    graph.node(
      op,
      shapes.map((shape) => float(shape)),
      attributes,
    );
const scales = (graph: Graph, values: number[]): Tensor =>
  graph.constant('scales', new Float32Array(values), [values.length]);
/** Whole numbers as a list, or one alone as what stands for a whole tensor. */
const step = (graph: Graph, type: 'uint8' | 'int8', values: number[]): Tensor =>
  graph.constant(
    'step',
    type === 'uint8' ? new Uint8Array(values) : new Int8Array(values),
    values.length === 1 ? [] : [values.length],
  );
/** The runtime's interface has no signed bytes to give out. */
const asFloat = (x: Tensor): Tensor => o.cast(x, 'float32');
const reductions = (op: typeof o.reduceSum): Case[] => [
  ({ float }) => op(float([2, 3, 4])),
  ({ float }) => op(float([2, 3, 4]), [1]),
  ({ float }) => op(float([2, 3, 4]), [2, 0], true),
  ({ float }) => op(float([])),
];

export const operatorCases: { readonly [K in OperatorName]: readonly Case[] } = {
  Add: both(o.add),
  Sub: both(o.sub),
  Mul: both(o.mul),
  Div: both(o.div, 0.5, 2),
  Max: both(o.maximum),
  Min: both(o.minimum),
  Greater: both(o.greater),
  Less: both(o.less),
  And: logical(o.and),
  Or: logical(o.or),
  Not: [({ flags }) => o.not(flags([3, 5]))],
  Neg: each(o.neg),
  Abs: each(o.abs),
  Exp: each(o.exp),
  Log: each(o.log, 0.01, 5),
  Sqrt: each(o.sqrt, 0, 5),
  Relu: each(o.relu),
  Sigmoid: each(o.sigmoid, -12, 12),
  IsNaN: [({ holed }) => o.isNan(holed([4, 5]))],
  Where: [
    ({ flags, float }) => o.where(flags([3, 4]), float([3, 4]), float([3, 4])),
    ({ flags, float }) => o.where(flags([2, 1]), float([3]), 0.25),
    ({ flags, holed }) => o.where(flags([4, 4]), 0, holed([4, 4])),
  ],
  Cast: [
    ({ whole }) => o.cast(whole('uint8', [3, 4]), 'float32'),
    ({ whole }) => o.cast(whole('int64', [3, 4]), 'float32'),
    ({ flags }) => o.cast(flags([3, 4]), 'float32'),
    ({ float }) => o.cast(float([3, 4], 0, 255), 'uint8'),
    ({ float }) => o.cast(float([3, 4], -9, 9), 'int64'),
    ({ whole }) => o.cast(whole('uint8', [3, 4]), 'bool'),
    ({ graph }) => o.cast(graph.constant('kept', new BigInt64Array([-3n, 0n, 2n ** 40n]), [3]), 'float32'),
    ({ graph }) => o.cast(graph.constant('bytes', new Uint8Array([0, 1, 255]), [3]), 'float32'),
  ],
  QuantizeLinear: [
    // To 0..255 and to -128..127, with values beyond both ends and some half-way between two steps.
    ({ float, graph }) =>
      asFloat(o.quantise(float([3, 5], -3, 3), graph.scalar(0.015625), step(graph, 'uint8', [100]))),
    ({ float, graph }) => asFloat(o.quantise(float([3, 5], -9, 9), graph.scalar(0.0625), step(graph, 'int8', [0]))),
    ({ graph }) => {
      const halves = graph.constant('halves', new Float32Array([0.5, 1.5, 2.5, -0.5, -1.5, -2.5]), [6]);
      return asFloat(o.quantise(halves, graph.scalar(1), step(graph, 'int8', [0])));
    },
    ({ float, graph }) =>
      asFloat(o.quantise(float([2, 3, 2]), scales(graph, [0.01, 0.02, 0.5]), step(graph, 'int8', [0, 5, -7]), 1)),
  ],
  DequantizeLinear: [
    ({ whole, graph }) => o.dequantise(whole('uint8', [3, 4]), graph.scalar(0.25), step(graph, 'uint8', [2])),
    ({ graph }) =>
      o.dequantise(
        step(graph, 'int8', [-128, 0, 5, 127]),
        scales(graph, [1, 2, 3, 0.5]),
        step(graph, 'int8', [0, 1, 2, 3]),
      ),
    ({ graph }) => {
      const wide = graph.constant('wide', new Int32Array([-(2 ** 20), 7, 2 ** 20]), [3]);
      return o.dequantise(wide, scales(graph, [0.5, 0.25, 2]), graph.constant('none', new Int32Array(3), [3]));
    },
  ],
  Conv: [
    ({ float }) => o.conv(float([2, 3, 6, 5]), float([4, 3, 3, 3]), { pad: 1 }),
    ({ float }) => o.conv(float([2, 3, 7, 6]), float([4, 3, 3, 3]), { stride: 2, pad: 1, bias: float([4]) }),
    ({ float }) => o.conv(float([1, 3, 13, 11]), float([2, 3, 7, 7]), { stride: 2, pad: 3 }),
    ({ float }) => o.conv(float([2, 4, 5, 5]), float([6, 2, 3, 3]), { group: 2 }),
    ({ float }) => o.conv(float([1, 4, 5, 6]), float([4, 1, 3, 3]), { group: 4, pad: 1, bias: float([4]) }),
    ({ float }) => o.conv(float([2, 5, 3, 4]), float([3, 5, 1, 1])),
    raw('Conv', { strides: [2, 1], pads: [0, 1, 2, 1], group: 1 }, [1, 2, 6, 7], [3, 2, 3, 2], [3]),
  ],
  ConvTranspose: [
    ({ float }) =>
      o.convTranspose(float([2, 3, 4, 3]), float([3, 4, 3, 3]), { stride: 2, pad: 1, outputPadding: [1, 0], group: 1 }),
    ({ float }) =>
      o.convTranspose(float([1, 4, 3, 3]), float([4, 2, 2, 2]), { stride: 2, pad: 0, outputPadding: [0, 0], group: 2 }),
    ({ float }) =>
      o.convTranspose(float([1, 2, 5, 4]), float([2, 3, 7, 7]), { stride: 2, pad: 3, outputPadding: [1, 1], group: 1 }),
    raw(
      'ConvTranspose',
      { strides: [1, 3], pads: [0, 1, 1, 0], group: 1, outputPadding: [0, 2] },
      [1, 2, 4, 3],
      [2, 3, 3, 2],
    ),
  ],
  MaxPool: [
    ({ float }) => o.maxPool(float([2, 3, 6, 4]), 2, 2),
    ({ float }) => o.maxPool(float([1, 2, 9, 7]), 3, 2, 1),
    raw('MaxPool', { kernel: [1, 3], strides: [2, 1], pads: [0, 1, 0, 0] }, [1, 2, 5, 6]),
  ],
  AveragePool: [
    ({ float }) => o.averagePool(float([2, 3, 6, 4]), 2),
    ({ float }) => o.averagePool(float([1, 2, 9, 7]), 3, 2, 1),
    raw('AveragePool', { kernel: [3, 2], strides: [1, 2], pads: [1, 0, 2, 1] }, [1, 2, 5, 6]),
  ],
  BatchNormalization: [
    ({ float }) => o.batchNormTraining(float([3, 4, 5, 4], -2, 6), float([4]), float([4]), 1e-5),
    ({ float }) => o.batchNormTraining(float([1, 9, 3, 3]), float([9]), float([9]), 1e-3),
    // Three in a row with as many channels: each must keep statistics of its own.
    ({ float }) => {
      const [gamma, beta] = [float([2]), float([2])];
      const one = o.batchNormTraining(float([2, 2, 3, 3]), gamma, beta, 1e-5);
      const two = o.batchNormTraining(o.relu(one[0]), gamma, beta, 1e-5);
      const three = o.batchNormTraining(o.add(two[0], 1), gamma, beta, 1e-5);
      return [o.add(one[1], two[1]), o.add(one[2], two[2]), ...three].map((x) => o.mul(x, 2));
    },
  ],
  MatMul: [
    ({ float }) => o.matMul(float([3, 4]), float([4, 5])),
    ({ float }) => o.matMul(float([2, 3, 4]), float([4, 5])),
    ({ float }) => o.matMul(float([2, 1, 3, 4]), float([5, 4, 2])),
  ],
  Softmax: [
    ({ float }) => o.softmax(float([3, 5], -30, 30)),
    ({ float }) => o.softmax(float([2, 4, 3]), 1),
    ({ float }) => o.softmax(float([2, 4, 3]), 0),
  ],
  Transpose: [
    ({ float }) => o.transpose(float([2, 3]), 1, 0),
    ({ float }) => o.transpose(float([2, 3, 4, 5]), 2, 0, 3, 1),
    ({ flags }) => o.transpose(flags([2, 3, 4]), 2, 0, 1),
  ],
  Reshape: [
    ({ float }) => o.reshape(float([2, 3, 4]), 4, 6),
    ({ float }) => o.reshape(float([1, 1])),
    ({ whole }) => o.reshape(whole('uint8', [6]), 3, 1, 2),
  ],
  Expand: [({ float }) => o.expand(float([3, 1]), [2, 3, 4]), ({ float }) => o.expand(float([]), [2, 2])],
  Slice: [
    ({ float }) => o.slice(float([5, 7]), { 0: [1, 4], 1: [2, 7, 2] }),
    ({ float }) => o.slice(float([5, 7]), { 0: [4, -1, -1], 1: [5, 0, -2] }),
    ({ float }) => o.slice(float([3, 3, 3, 3]), { 2: [2, -1, -1], 3: [2, -1, -1] }),
    ({ float }) => o.slice(float([4, 6]), { 1: [5, -1, -3] }),
    ({ whole }) => o.slice(whole('uint8', [5]), { 0: [3, 5] }),
  ],
  Concat: [
    ({ float }) => o.concat([float([2, 3]), float([4, 3]), float([1, 3])], 0),
    ({ float }) => o.concat([float([2, 1, 2]), float([2, 3, 2])], 1),
    ({ float }) => o.concat([float([2])], 0),
  ],
  Pad: [
    ({ float }) => o.pad(float([1, 2, 3, 4]), [1, 0, 2, 3]),
    ({ float }) => o.pad(float([1, 2, 3, 4]), [3, 1, 1, 5], 'edge'),
    ({ float }) => o.pad(float([1, 2, 3, 4]), [2, 1, 1, 3], 'reflect'),
    raw('Pad', { pads: [1, 0, 0, 2], mode: 'constant' }, [2, 3]),
  ],
  Resize: [
    ({ float }) => o.resize(float([1, 2, 3, 4]), 6, 8),
    ({ float }) => o.resize(float([2, 1, 5, 7]), 8, 5),
    ({ float }) => o.resize(float([1, 1, 8, 6]), 3, 2),
    ({ float }) => o.resize(float([1, 2, 3, 4]), 6, 12, 'nearest'),
    ({ float }) => o.resize(float([1, 2, 8, 6]), 4, 2, 'nearest'),
    ({ float }) => o.resize(float([1, 2, 5, 7]), 7, 4, 'nearest'),
  ],
  DepthToSpace: [
    ({ float }) => o.depthToSpace(float([2, 8, 2, 3]), 2),
    ({ float }) => o.depthToSpace(float([1, 9, 1, 2]), 3),
  ],
  SpaceToDepth: [
    ({ float }) => o.spaceToDepth(float([2, 2, 4, 6]), 2),
    ({ float }) => o.spaceToDepth(float([1, 1, 3, 6]), 3),
  ],
  ReduceSum: reductions(o.reduceSum),
  ReduceMean: reductions(o.reduceMean),
  ReduceMax: reductions(o.reduceMax),
};

export interface BuiltCases {
  graph: Graph;
  feeds: Readonly<Record<string, Values>>;
}

/** All cases of some operators as one graph with its inputs; each case in a scope of its own, its results published. */
export function buildCases(operators: readonly OperatorName[], seed: number): BuiltCases {
  const graph = new Graph('cases');
  const random = seeded(seed);
  const feeds: Record<string, Values> = {};
  const input = (dtype: DType, values: Values): Tensor => {
    const tensor = graph.input(`x${Object.keys(feeds).length}`, dtype, values.shape);
    feeds[tensor.name] = values;
    return tensor;
  };
  const source: Source = {
    graph,
    float: (shape, from = -2, to = 2) => input('float32', randomValues(shape, random, from, to)),
    holed: (shape) =>
      input(
        'float32',
        fill(shape, () => (random() < 0.3 ? Number.NaN : Math.fround(random()))),
      ),
    // The runtime's interface has no booleans to feed, so flags are made inside.
    flags: (shape) => o.greater(input('float32', randomValues(shape, random)), 0),
    whole: (dtype, shape) =>
      input(
        dtype,
        fill(shape, () => Math.floor(random() * 4)),
      ),
  };
  for (const operator of operators)
    for (const [i, build] of operatorCases[operator].entries())
      graph.scope(`${operator}.${i}`, () => {
        for (const [k, result] of [build(source)].flat().entries()) graph.output(`${operator}.${i}.${k}`, result);
      });
  return { graph, feeds };
}
