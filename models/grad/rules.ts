/**
 * The gradient rule of every operator, one total table: an operator without a rule does not compile.
 *
 * Legend: x, a, b inputs; y output; d outer gradient dL/dy; results are dL/dinput, null where the input has none.
 * A rule that cannot be (a comparison), or that nothing of ours trains through, refuses by name while building.
 */
import { fail } from '../../errors.ts';
import * as o from '../graph/build.ts';
import type { OperatorAttributes, OperatorName } from '../graph/operators.ts';
import type { Node, Shape, Tensor } from '../graph/tensor.ts';
import { convInput, convTransposeRule, convWeights } from './conv.ts';

export interface RuleContext<A> {
  node: Node;
  inputs: readonly Tensor[];
  outputs: readonly Tensor[];
  attributes: A;
  /** Gradient of each output; null where the loss does not use it. */
  outer: readonly (Tensor | null)[];
  /** Which inputs need a gradient; work for the others may be left out. */
  wants: readonly boolean[];
}
export type Rule<A> = (context: RuleContext<A>) => (Tensor | null)[];

/** y = f(x), dL/dx from (d, x, y). */
const unary =
  (derivative: (d: Tensor, x: Tensor, y: Tensor) => Tensor): Rule<unknown> =>
  ({ inputs, outputs, outer }) => [derivative(outer[0]!, inputs[0]!, outputs[0]!)];

/** y = f(a, b) with broadcasting: each side's gradient is summed back to its shape. */
const binary =
  (
    left: (d: Tensor, a: Tensor, b: Tensor) => Tensor,
    right: (d: Tensor, a: Tensor, b: Tensor) => Tensor,
  ): Rule<unknown> =>
  ({ inputs: [a, b], outer: [d], wants }) => [
    wants[0] ? sumTo(left(d!, a!, b!), a!.shape) : null,
    wants[1] ? sumTo(right(d!, a!, b!), b!.shape) : null,
  ];

const refuse =
  (why: string): Rule<unknown> =>
  ({ node }) => {
    throw fail('graph/shape', { tensor: node.outputs[0]!.name, problem: `${node.op} has no gradient: ${why}` });
  };
const discrete = refuse('its values are not numbers that change smoothly');

export const rules: { readonly [K in OperatorName]: Rule<OperatorAttributes[K]> } = {
  Add: binary(
    (d) => d,
    (d) => d,
  ),
  Sub: binary(
    (d) => d,
    (d) => o.neg(d),
  ),
  Mul: binary(
    (d, _, b) => o.mul(d, b),
    (d, a) => o.mul(d, a),
  ),
  // d(a/b)/db = -(d/b) (a/b), not through b^2, which underflows long before b does
  Div: binary(
    (d, _, b) => o.div(d, b),
    (d, a, b) => o.neg(o.mul(o.div(d, b), o.div(a, b))),
  ),
  // A tie gives the gradient to the second.
  Max: binary(
    (d, a, b) => o.mul(d, indicator(o.greater(a, b))),
    (d, a, b) => o.mul(d, indicator(o.not(o.greater(a, b)))),
  ),
  Min: binary(
    (d, a, b) => o.mul(d, indicator(o.less(a, b))),
    (d, a, b) => o.mul(d, indicator(o.not(o.less(a, b)))),
  ),
  Greater: discrete,
  Less: discrete,
  And: discrete,
  Or: discrete,
  Not: discrete,
  IsNaN: discrete,
  Neg: unary((d) => o.neg(d)),
  // d|x|/dx = x / |x|, 0 at 0
  Abs: unary((d, x) => o.mul(d, o.sub(indicator(o.greater(x, 0)), indicator(o.less(x, 0))))),
  Exp: unary((d, _, y) => o.mul(d, y)),
  Log: unary((d, x) => o.div(d, x)),
  // d sqrt(x)/dx = 1 / (2 y)
  Sqrt: unary((d, _, y) => o.div(d, o.mul(y, 2))),
  Relu: unary((d, _, y) => o.mul(d, indicator(o.greater(y, 0)))),
  // ds/dx = s (1 - s)
  Sigmoid: unary((d, _, y) => o.mul(d, o.mul(y, o.sub(1, y)))),
  Where: ({ inputs: [condition, yes, no], outer: [d], wants }) => [
    null,
    wants[1] ? sumTo(o.where(condition!, d!, 0), yes!.shape) : null,
    wants[2] ? sumTo(o.where(condition!, 0, d!), no!.shape) : null,
  ],
  Cast: ({ inputs, attributes, node, outer }) => {
    if (inputs[0]!.dtype === 'float32' && attributes.to === 'float32') return [outer[0]!];
    return discrete({ node } as RuleContext<unknown>);
  },
  QuantizeLinear: discrete,
  DequantizeLinear: discrete,
  Conv: ({ inputs: [x, w, b], attributes, outer: [d], wants }) => [
    wants[0] ? convInput(d!, x!, w!, attributes) : null,
    wants[1] ? convWeights(d!, x!, w!, attributes) : null,
    ...(b ? [wants[2] ? o.reduceSum(d!, [0, 2, 3]) : null] : []),
  ],
  ConvTranspose: ({ inputs: [x, w], attributes, outer: [d], wants }) =>
    convTransposeRule(d!, x!, w!, attributes, wants),
  MaxPool: ({ inputs: [x], outputs: [y], attributes, node, outer: [d] }) => {
    if (!tiles(x!.shape, attributes)) return refuse('windows overlap or do not tile')({ node } as never);
    const [height, width] = x!.shape.slice(2);
    const window = (each: Tensor): Tensor => o.resize(each, height!, width!, 'nearest');
    // The maxima of a window share its gradient: after a Relu, ties at 0 are the rule.
    const chosen = indicator(o.not(o.less(x!, window(y!))));
    const [maxima] = x!.graph.node('AveragePool', [chosen], attributes);
    return [o.mul(chosen, window(o.div(d!, o.mul(maxima!, attributes.kernel[0] * attributes.kernel[1]))))];
  },
  AveragePool: ({ inputs: [x], attributes, node, outer: [d] }) => {
    if (!tiles(x!.shape, attributes)) return refuse('windows overlap or do not tile')({ node } as never);
    const [height, width] = x!.shape.slice(2);
    return [o.div(o.resize(d!, height!, width!, 'nearest'), attributes.kernel[0] * attributes.kernel[1])];
  },
  // With n values a channel, s = 1/sqrt(var + eps), h = (x - mean) s:
  // dx = gamma s (d - sum(d)/n - h sum(d h)/n), dgamma = sum(d h), dbeta = sum(d).
  BatchNormalization: ({ node, inputs: [x, gamma], outputs: [, mean, variance], attributes, outer, wants }) => {
    const [d, ...statistics] = outer;
    if (!d || statistics.some((each) => each)) return refuse('the loss uses its statistics')({ node } as never);
    const [batch, channels, height, width] = x!.shape as [number, number, number, number];
    const perChannel = (tensor: Tensor): Tensor => o.reshape(tensor, 1, channels, 1, 1);
    const n = batch * height * width;
    const s = o.div(1, o.sqrt(o.add(variance!, attributes.epsilon)));
    const h = o.mul(o.sub(x!, perChannel(mean!)), perChannel(s));
    const dBeta = o.reduceSum(d, [0, 2, 3]);
    const dGamma = o.reduceSum(o.mul(d, h), [0, 2, 3]);
    if (!wants[0]) return [null, dGamma, dBeta, null, null];
    const centred = o.sub(d, perChannel(o.div(dBeta, n)));
    const dx = o.mul(perChannel(o.mul(gamma!, s)), o.sub(centred, o.mul(h, perChannel(o.div(dGamma, n)))));
    return [dx, dGamma, dBeta, null, null];
  },
  // Y = A B: dA = d B^T, dB = A^T d
  MatMul: ({ inputs: [a, b], outer: [d], wants }) => [
    wants[0] ? sumTo(o.matMul(d!, swapLast(b!)), a!.shape) : null,
    wants[1] ? sumTo(o.matMul(swapLast(a!), d!), b!.shape) : null,
  ],
  // dx = y (d - sum(d y))
  Softmax: ({ outputs: [y], attributes, outer: [d] }) => [
    o.mul(y!, o.sub(d!, o.reduceSum(o.mul(d!, y!), [attributes.axis], true))),
  ],
  Transpose: ({ attributes, outer: [d] }) => [
    o.transpose(d!, ...attributes.perm.map((_, axis) => attributes.perm.indexOf(axis))),
  ],
  Reshape: ({ inputs: [x], outer: [d] }) => [o.reshape(d!, ...x!.shape)],
  Expand: ({ inputs: [x], outer: [d] }) => [sumTo(d!, x!.shape)],
  Slice: ({ inputs: [x], attributes, node, outer: [d] }) => {
    if (attributes.steps.some((step) => step !== 1)) return refuse('its steps are not 1')({ node } as never);
    const rank = x!.shape.length;
    const pads = new Array<number>(2 * rank).fill(0);
    attributes.axes.forEach((axis, i) => {
      pads[axis] = attributes.starts[i]!;
      pads[axis + rank] = x!.shape[axis]! - attributes.ends[i]!;
    });
    return [d!.graph.node('Pad', [d!], { pads, mode: 'constant' })[0]!];
  },
  Concat: ({ inputs, attributes: { axis }, outer: [d], wants }) => {
    let start = 0;
    return inputs.map((input, i) => {
      const end = start + input.shape[axis]!;
      const part = wants[i] ? o.slice(d!, { [axis]: [start, end] }) : null;
      start = end;
      return part;
    });
  },
  Pad: ({ inputs: [x], attributes, node, outer: [d] }) => {
    if (attributes.mode !== 'constant') return refuse(`mode ${attributes.mode}`)({ node } as never);
    const ranges = x!.shape.map((length, axis) => [attributes.pads[axis]!, attributes.pads[axis]! + length] as const);
    return [o.slice(d!, Object.fromEntries(ranges.entries()))];
  },
  Resize: ({ inputs: [x], attributes, node, outer: [d] }) => {
    const [, , height, width] = x!.shape as [number, number, number, number];
    const factor = attributes.sizes[2]! / height;
    const whole = Number.isInteger(factor) && attributes.sizes[3]! / width === factor;
    if (attributes.mode !== 'nearest' || !whole)
      return refuse('only whole-number nearest upscaling has')({ node } as never);
    return [o.mul(o.averagePool(d!, factor), factor * factor)];
  },
  DepthToSpace: ({ attributes, outer: [d] }) => [o.spaceToDepth(d!, attributes.blocksize)],
  SpaceToDepth: ({ attributes, outer: [d] }) => [o.depthToSpace(d!, attributes.blocksize)],
  ReduceSum: ({ inputs: [x], attributes, outer: [d] }) => [spread(d!, x!.shape, attributes.axes)],
  ReduceMean: ({ inputs: [x], attributes, outer: [d] }) => {
    const count = attributes.axes.reduce((product, axis) => product * x!.shape[axis]!, 1);
    return [o.div(spread(d!, x!.shape, attributes.axes), count)];
  },
  // As with MaxPool, the maxima share the gradient.
  ReduceMax: ({ inputs: [x], outputs: [y], attributes: { axes, keepdims }, outer: [d] }) => {
    const chosen = indicator(o.not(o.less(x!, spread(y!, x!.shape, axes))));
    return [o.mul(chosen, spread(o.div(d!, o.reduceSum(chosen, axes, keepdims)), x!.shape, axes))];
  },
};

/** 1 where the condition holds, else 0: a product with it was measured faster than Where. */
function indicator(condition: Tensor): Tensor {
  return o.cast(condition, 'float32');
}

/** Windows side by side that cover the map once. */
function tiles([, , height, width]: Shape, { kernel, strides, pads }: OperatorAttributes['MaxPool']): boolean {
  const apart = pads.every((each) => each === 0) && kernel.every((k, i) => k === strides[i]);
  return apart && height! % kernel[0] === 0 && width! % kernel[1] === 0;
}

/** Undoes broadcasting: sums a gradient down to the shape its tensor had. */
function sumTo(d: Tensor, shape: Shape): Tensor {
  if (String(d.shape) === String(shape)) return d;
  const extra = d.shape.length - shape.length;
  const axes = d.shape
    .map((_, axis) => axis)
    .filter((axis) => axis < extra || (shape[axis - extra] === 1 && d.shape[axis] !== 1));
  return o.reshape(o.reduceSum(d, axes), ...shape);
}

/** Undoes a reduction: repeats a gradient along the axes that were reduced. */
function spread(d: Tensor, shape: Shape, axes: readonly number[]): Tensor {
  const kept = shape.map((length, axis) => (axes.includes(axis) ? 1 : length));
  return o.expand(o.reshape(d, ...kept), shape);
}

function swapLast(x: Tensor): Tensor {
  const perm = x.shape.map((_, axis) => axis);
  const last = perm.length - 1;
  [perm[last], perm[last - 1]] = [last - 1, last];
  return o.transpose(x, ...perm);
}
