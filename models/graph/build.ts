/**
 * The words a network is written in: one function per operator, taking and giving tensors. Defaults are the common
 * case; everything else is named. Nothing here decides anything: shapes are checked by the operator table.
 */
import type { OperatorName } from './operators.ts';
import type { DType, Shape, Tensor } from './tensor.ts';

type Value = Tensor | number;

const one = (outputs: Tensor[]): Tensor => outputs[0]!;
const lift = (value: Value, like: Tensor): Tensor => (typeof value === 'number' ? like.graph.scalar(value) : value);

function binary(op: 'Add' | 'Sub' | 'Mul' | 'Div' | 'Max' | 'Min' | 'Greater' | 'Less') {
  return (a: Value, b: Value): Tensor => {
    const like = typeof a === 'number' ? (b as Tensor) : a;
    return one(like.graph.node(op, [lift(a, like), lift(b, like)], {}));
  };
}
function unary(op: 'Not' | 'Neg' | 'Abs' | 'Exp' | 'Log' | 'Sqrt' | 'Relu' | 'Sigmoid' | 'IsNaN') {
  return (x: Tensor): Tensor => one(x.graph.node(op as OperatorName, [x], {}));
}

export const add = binary('Add');
export const sub = binary('Sub');
export const mul = binary('Mul');
export const div = binary('Div');
export const maximum = binary('Max');
export const minimum = binary('Min');
export const greater = binary('Greater');
export const less = binary('Less');
export const not = unary('Not');
export const neg = unary('Neg');
export const abs = unary('Abs');
export const exp = unary('Exp');
export const log = unary('Log');
export const sqrt = unary('Sqrt');
export const relu = unary('Relu');
export const sigmoid = unary('Sigmoid');
export const isNan = unary('IsNaN');

export const and = (a: Tensor, b: Tensor): Tensor => one(a.graph.node('And', [a, b], {}));
export const or = (a: Tensor, b: Tensor): Tensor => one(a.graph.node('Or', [a, b], {}));
export const square = (x: Tensor): Tensor => mul(x, x);
export const cast = (x: Tensor, to: DType): Tensor => one(x.graph.node('Cast', [x], { to }));
/** x float32 -> whole numbers of the zero point's type, saturated: round(x / scale) + zero, halves to even. */
export const quantise = (x: Tensor, scale: Tensor, zero: Tensor, axis = 0): Tensor =>
  one(x.graph.node('QuantizeLinear', [x, scale, zero], { axis }));
/** (x - zero) * scale */
export const dequantise = (x: Tensor, scale: Tensor, zero: Tensor, axis = 0): Tensor =>
  one(x.graph.node('DequantizeLinear', [x, scale, zero], { axis }));
export const where = (condition: Tensor, yes: Value, no: Value): Tensor =>
  one(condition.graph.node('Where', [condition, lift(yes, condition), lift(no, condition)], {}));

export interface ConvOptions {
  stride?: number;
  /** Same padding on all sides. */
  pad?: number;
  bias?: Tensor;
  group?: number;
}

/** x [B,C,H,W] * w [K,C/group,kh,kw] -> [B,K,H',W'] */
export function conv(x: Tensor, w: Tensor, { stride = 1, pad = 0, bias, group = 1 }: ConvOptions = {}): Tensor {
  const inputs = bias ? [x, w, bias] : [x, w];
  return one(x.graph.node('Conv', inputs, { strides: [stride, stride], pads: [pad, pad, pad, pad], group }));
}

/** x [B,C,H,W] * w [C,K/group,kh,kw] -> the x that `conv` with this stride and pad would have come from. */
export function convTranspose(
  x: Tensor,
  w: Tensor,
  {
    stride,
    pad,
    outputPadding,
    group,
  }: { stride: number; pad: number; outputPadding: readonly [number, number]; group: number },
): Tensor {
  const attributes = { strides: [stride, stride], pads: [pad, pad, pad, pad], group, outputPadding } as const;
  return one(x.graph.node('ConvTranspose', [x, w], attributes));
}

export function maxPool(x: Tensor, kernel: number, stride: number, pad = 0): Tensor {
  return one(
    x.graph.node('MaxPool', [x], { kernel: [kernel, kernel], strides: [stride, stride], pads: [pad, pad, pad, pad] }),
  );
}

/** Mean over windows; padding does not count into the mean. */
export function averagePool(x: Tensor, kernel: number, stride = kernel, pad = 0): Tensor {
  return one(
    x.graph.node('AveragePool', [x], {
      kernel: [kernel, kernel],
      strides: [stride, stride],
      pads: [pad, pad, pad, pad],
    }),
  );
}

/** Batch statistics: [normalised, mean [C], population variance [C]]. */
export function batchNormTraining(x: Tensor, gamma: Tensor, beta: Tensor, epsilon: number): [Tensor, Tensor, Tensor] {
  // The runtime writes mean and variance into the buffers of the running ones it is given (its issue 29790). As
  // constants these would keep a NaN for ever, and small equal ones are merged: the next layer would overwrite this
  // one's mean. So each call makes two fresh buffers; with momentum 0 their values do not count.
  const first = reshape(slice(x, { 0: [0, 1], 2: [0, 1], 3: [0, 1] }), x.shape[1]!);
  const [y, mean, variance] = x.graph.node('BatchNormalization', [x, gamma, beta, neg(first), abs(first)], { epsilon });
  return [y!, mean!, variance!];
}

export const matMul = (a: Tensor, b: Tensor): Tensor => one(a.graph.node('MatMul', [a, b], {}));
export const softmax = (x: Tensor, axis = x.shape.length - 1): Tensor => one(x.graph.node('Softmax', [x], { axis }));
export const transpose = (x: Tensor, ...perm: number[]): Tensor => one(x.graph.node('Transpose', [x], { perm }));
export const reshape = (x: Tensor, ...shape: number[]): Tensor => one(x.graph.node('Reshape', [x], { shape }));
export const expand = (x: Tensor, shape: Shape): Tensor => one(x.graph.node('Expand', [x], { shape }));
export const concat = (tensors: readonly Tensor[], axis: number): Tensor =>
  one(tensors[0]!.graph.node('Concat', tensors, { axis }));
export const depthToSpace = (x: Tensor, blocksize: number): Tensor =>
  one(x.graph.node('DepthToSpace', [x], { blocksize }));
export const spaceToDepth = (x: Tensor, blocksize: number): Tensor =>
  one(x.graph.node('SpaceToDepth', [x], { blocksize }));

/** Per axis: [start, end) or [start, end, step]. */
export function slice(x: Tensor, ranges: Record<number, readonly [number, number, number?]>): Tensor {
  const axes = Object.keys(ranges).map(Number);
  const pick = (i: 0 | 1): number[] => axes.map((axis) => ranges[axis]![i]);
  const steps = axes.map((axis) => ranges[axis]![2] ?? 1);
  return one(x.graph.node('Slice', [x], { starts: pick(0), ends: pick(1), axes, steps }));
}

/** Pads the last two axes of [B,C,H,W]. */
export function pad(
  x: Tensor,
  [top, left, bottom, right]: readonly [number, number, number, number],
  mode: 'constant' | 'edge' | 'reflect' = 'constant',
): Tensor {
  return one(x.graph.node('Pad', [x], { pads: [0, 0, top, left, 0, 0, bottom, right], mode }));
}

/** [B,C,H,W] -> [B,C,height,width]; pixel centres at half integers. */
export function resize(x: Tensor, height: number, width: number, mode: 'nearest' | 'linear' = 'linear'): Tensor {
  if (x.shape[2] === height && x.shape[3] === width) return x;
  return one(x.graph.node('Resize', [x], { mode, sizes: [x.shape[0]!, x.shape[1]!, height, width] }));
}

function reduce(op: 'ReduceSum' | 'ReduceMean' | 'ReduceMax') {
  return (x: Tensor, axes: readonly number[] = x.shape.map((_, axis) => axis), keepdims = false): Tensor =>
    one(x.graph.node(op, [x], { axes, keepdims }));
}
export const reduceSum = reduce('ReduceSum');
export const reduceMean = reduce('ReduceMean');
export const reduceMax = reduce('ReduceMax');
