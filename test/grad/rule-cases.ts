/**
 * What each gradient rule is tried on, one total table: an operator without a case does not compile. The cases of an
 * operator whose values are discrete say so instead; there the rule must refuse.
 */
import * as o from '../../models/graph/build.ts';
import type { Graph } from '../../models/graph/graph.ts';
import type { OperatorAttributes, OperatorName } from '../../models/graph/operators.ts';
import type { Shape, Tensor } from '../../models/graph/tensor.ts';

/** Hands out the inputs of one case. */
export interface Source {
  /** An input whose gradient is wanted, uniform in [from, to), -2..2 if not told. */
  wanted(shape: Shape, from?: number, to?: number): Tensor;
  /** An input that stays as it is. */
  fixed(shape: Shape): Tensor;
  graph: Graph;
}
export type RuleCase = (source: Source) => Tensor;

const pairs = (op: (a: Tensor, b: Tensor) => Tensor, from?: number, to?: number): RuleCase[] => [
  ({ wanted }) => op(wanted([2, 3], from, to), wanted([2, 3], from, to)),
  ({ wanted }) => op(wanted([2, 1, 4], from, to), wanted([3, 1], from, to)),
  ({ wanted }) => op(wanted([], from, to), wanted([1, 2, 3], from, to)),
  ({ wanted }) => op(wanted([2, 1, 3, 1], from, to), wanted([1, 1], from, to)),
];
const each = (op: (x: Tensor) => Tensor, from?: number, to?: number): RuleCase[] => [
  ({ wanted }) => op(wanted([3, 4], from, to)),
  ({ wanted }) => op(wanted([], from, to)),
];
const node =
  <K extends OperatorName>(op: K, attributes: OperatorAttributes[K], ...shapes: Shape[]): RuleCase =>
  ({ graph, wanted }) =>
    graph.node(
      op,
      shapes.map((shape) => wanted(shape)),
      attributes,
    )[0]!;
const convolution = (x: Shape, w: Shape, options: o.ConvOptions = {}): RuleCase => {
  return ({ wanted }) => o.conv(wanted(x), wanted(w), options);
};
const transposed = (x: Shape, w: Shape, stride: number, pad: number, outputPadding: [number, number]): RuleCase => {
  return ({ wanted }) => o.convTranspose(wanted(x), wanted(w), { stride, pad, outputPadding, group: 1 });
};
const reductions = (op: typeof o.reduceSum): RuleCase[] => [
  ({ wanted }) => op(wanted([2, 3, 4])),
  ({ wanted }) => op(wanted([2, 3, 4]), [1]),
  ({ wanted }) => op(wanted([2, 3, 4]), [2, 0], true),
  ({ wanted }) => op(wanted([2, 3, 4]), [0, 1, 2], true),
];

export const ruleCases: { readonly [K in OperatorName]: readonly RuleCase[] | 'refuses' } = {
  Add: pairs(o.add),
  Sub: pairs(o.sub),
  Mul: [...pairs(o.mul), ({ wanted }) => o.square(wanted([3]))],
  Div: pairs(o.div, 0.5, 2),
  Max: pairs(o.maximum),
  Min: pairs(o.minimum),
  Greater: 'refuses',
  Less: 'refuses',
  And: 'refuses',
  Or: 'refuses',
  Not: 'refuses',
  IsNaN: 'refuses',
  Neg: each(o.neg),
  Abs: each(o.abs),
  Exp: each(o.exp),
  Log: each(o.log, 0.2, 4),
  Sqrt: each(o.sqrt, 0.2, 4),
  Relu: each(o.relu),
  Sigmoid: each(o.sigmoid, -6, 6),
  Where: [
    ({ wanted, fixed }) => o.where(o.greater(fixed([3, 4]), 0), wanted([3, 4]), wanted([3, 4])),
    ({ wanted, fixed }) => o.where(o.greater(fixed([3, 1]), 0), wanted([4]), wanted([2, 1, 1])),
    ({ wanted, fixed }) => o.where(o.less(fixed([2, 3]), 0), 1, wanted([2, 3])),
    // The condition may hang on what is trained: it steers, and has no slope.
    ({ wanted }) => {
      const x = wanted([3, 4]);
      return o.where(o.greater(x, 0.5), o.mul(x, 3), o.square(x));
    },
  ],
  Cast: [({ wanted }) => o.cast(wanted([2, 3]), 'float32')],
  QuantizeLinear: 'refuses',
  DequantizeLinear: 'refuses',
  Conv: [
    convolution([2, 3, 5, 6], [4, 3, 3, 3], { pad: 1 }),
    convolution([2, 2, 6, 7], [3, 2, 3, 3], { pad: 1, stride: 2 }),
    convolution([1, 2, 7, 5], [3, 2, 3, 3]),
    convolution([1, 3, 7, 5], [2, 3, 3, 3], { stride: 2 }),
    convolution([2, 3, 4, 3], [5, 3, 1, 1]),
    convolution([2, 3, 4, 5], [2, 3, 1, 1], { stride: 2 }),
    convolution([1, 2, 9, 8], [2, 2, 7, 7], { stride: 2, pad: 3 }),
    convolution([1, 1, 6, 6], [2, 1, 5, 5], { pad: 2 }),
    convolution([1, 2, 8, 7], [2, 2, 3, 2], { stride: 3 }),
    convolution([1, 2, 4, 4], [2, 2, 3, 3], { pad: 2 }),
    ({ wanted }) => o.conv(wanted([2, 2, 4, 4]), wanted([3, 2, 3, 3]), { pad: 1, bias: wanted([3]) }),
    ({ wanted, fixed }) => o.conv(fixed([2, 2, 4, 4]), wanted([3, 2, 3, 3]), { pad: 1 }),
    ({ wanted, fixed }) => o.conv(wanted([2, 2, 4, 4]), fixed([3, 2, 3, 3]), { pad: 1 }),
  ],
  ConvTranspose: [
    transposed([2, 3, 3, 4], [3, 2, 2, 2], 2, 0, [0, 0]),
    transposed([1, 2, 3, 2], [2, 3, 3, 3], 2, 1, [1, 0]),
    transposed([2, 2, 4, 3], [2, 2, 3, 3], 1, 1, [0, 0]),
  ],
  MaxPool: [
    ({ wanted }) => o.maxPool(wanted([2, 2, 4, 6]), 2, 2),
    ({ wanted }) => o.maxPool(wanted([1, 2, 6, 3]), 3, 3),
    node('MaxPool', { kernel: [2, 3], strides: [2, 3], pads: [0, 0, 0, 0] }, [1, 2, 4, 6]),
  ],
  AveragePool: [
    ({ wanted }) => o.averagePool(wanted([2, 2, 4, 6]), 2),
    node('AveragePool', { kernel: [3, 1], strides: [3, 1], pads: [0, 0, 0, 0] }, [1, 2, 6, 3]),
  ],
  BatchNormalization: [
    ({ wanted }) => o.batchNormTraining(wanted([2, 3, 3, 4]), wanted([3]), wanted([3]), 1e-5)[0],
    ({ wanted }) => o.batchNormTraining(wanted([4, 9, 1, 2]), wanted([9]), wanted([9]), 1e-3)[0],
    ({ wanted, fixed }) => o.batchNormTraining(fixed([2, 2, 3, 3]), wanted([2]), wanted([2]), 1e-5)[0],
    // Twice in a row with as many channels: each rule needs the statistics of its own layer.
    ({ wanted }) => {
      const first = o.batchNormTraining(wanted([2, 2, 3, 3]), wanted([2]), wanted([2]), 1e-5)[0];
      return o.batchNormTraining(o.sigmoid(first), wanted([2]), wanted([2]), 1e-5)[0];
    },
  ],
  MatMul: [
    ({ wanted }) => o.matMul(wanted([3, 4]), wanted([4, 2])),
    ({ wanted }) => o.matMul(wanted([2, 3, 4]), wanted([2, 4, 2])),
    ({ wanted }) => o.matMul(wanted([2, 3, 4]), wanted([4, 2])),
    ({ wanted }) => o.matMul(wanted([2, 1, 3, 4]), wanted([3, 4, 2])),
    ({ wanted, fixed }) => o.matMul(fixed([2, 3, 4]), wanted([4, 1])),
  ],
  Softmax: [({ wanted }) => o.softmax(wanted([3, 4])), ({ wanted }) => o.softmax(wanted([2, 4, 3]), 1)],
  Transpose: [
    ({ wanted }) => o.transpose(wanted([2, 3, 4]), 2, 0, 1),
    ({ wanted }) => o.transpose(wanted([2, 3, 4, 2]), 1, 3, 0, 2),
  ],
  Reshape: [({ wanted }) => o.reshape(wanted([2, 6]), 3, 2, 2), ({ wanted }) => o.reshape(wanted([1, 1]))],
  Expand: [
    ({ wanted }) => o.expand(wanted([3, 1]), [2, 3, 4]),
    ({ wanted }) => o.expand(wanted([]), [2, 2]),
    ({ wanted }) => o.expand(wanted([2, 3]), [1, 3]),
  ],
  Slice: [
    ({ wanted }) => o.slice(wanted([4, 5]), { 0: [1, 3], 1: [0, 4] }),
    ({ wanted }) => o.slice(wanted([2, 3, 4, 5]), { 3: [2, 5] }),
  ],
  Concat: [
    ({ wanted }) => o.concat([wanted([2, 3]), wanted([1, 3]), wanted([3, 3])], 0),
    ({ wanted, fixed }) => o.concat([wanted([2, 1, 2]), fixed([2, 2, 2]), wanted([2, 3, 2])], 1),
    ({ wanted }) => {
      const x = wanted([2, 2]);
      return o.concat([x, o.square(x), x], 1);
    },
  ],
  Pad: [
    ({ wanted }) => o.pad(wanted([1, 2, 3, 4]), [1, 0, 2, 3]),
    node('Pad', { pads: [1, 0, 0, 2], mode: 'constant' }, [2, 3]),
  ],
  Resize: [
    ({ wanted }) => o.resize(wanted([1, 2, 3, 2]), 6, 4, 'nearest'),
    ({ wanted }) => o.resize(wanted([2, 1, 2, 3]), 6, 9, 'nearest'),
  ],
  DepthToSpace: [({ wanted }) => o.depthToSpace(wanted([2, 8, 2, 3]), 2)],
  SpaceToDepth: [({ wanted }) => o.spaceToDepth(wanted([2, 2, 4, 6]), 2)],
  ReduceSum: reductions(o.reduceSum),
  ReduceMean: reductions(o.reduceMean),
  ReduceMax: reductions(o.reduceMax),
};

/** Rules at work together, as networks use them. */
export const compositions: Readonly<Record<string, RuleCase>> = {
  'residual block': ({ wanted }) => {
    const x = wanted([2, 3, 4, 4]);
    const inner = o.relu(o.conv(x, wanted([4, 3, 3, 3]), { pad: 1 }));
    return o.relu(o.add(x, o.conv(inner, wanted([3, 4, 3, 3]), { pad: 1 })));
  },
  'attention over prototypes': ({ wanted }) => {
    const [queries, keys] = [wanted([2, 5, 4]), wanted([3, 4])];
    const weights = o.softmax(o.mul(o.matMul(queries, o.transpose(keys, 1, 0)), 0.5));
    return o.matMul(weights, wanted([3, 4]));
  },
  'cosine distance': ({ wanted, fixed }) => {
    const [a, b] = [wanted([2, 4, 3, 3]), fixed([2, 4, 3, 3])];
    const dot = o.reduceSum(o.mul(a, b), [1], true);
    const norm = (x: Tensor): Tensor => o.sqrt(o.add(o.reduceSum(o.square(x), [1], true), 1e-6));
    return o.sub(1, o.div(dot, o.mul(norm(a), norm(b))));
  },
  'masked mean': ({ wanted, fixed }) => {
    const mask = o.greater(fixed([2, 1, 4, 4]), 0);
    const kept = o.where(mask, wanted([2, 3, 4, 4]), 0);
    return o.div(o.reduceSum(kept, [2, 3]), o.reduceSum(o.cast(mask, 'float32'), [2, 3]));
  },
  'one tensor, four uses': ({ wanted }) => {
    const x = wanted([3, 3]);
    return o.add(o.mul(x, o.exp(x)), o.sub(o.matMul(x, x), o.transpose(x, 1, 0)));
  },
};
