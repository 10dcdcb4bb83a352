/**
 * The operators, as one typed table: what each is told (attributes) and what shape comes out.
 *
 * The names and meanings are ONNX's own (opset 17). Where ONNX passes a constant list as an input tensor (axes, pads,
 * shape ...), it is an attribute here: it is known while building, and models/onnx moves it. The tables of gradient
 * rules (models/grad) and of the test interpreter are total over this one: an operator without a rule does not compile.
 */
import type { DType, Operand, Shape } from './shape.ts';

type None = Record<string, never>;
type Axes = { axes: readonly number[]; keepdims: boolean };
/** Spatial attributes; pads are [top, left, bottom, right] as ONNX orders them. */
type Pool = {
  kernel: readonly [number, number];
  strides: readonly [number, number];
  pads: readonly [number, number, number, number];
};
type Conv = { strides: readonly [number, number]; pads: readonly [number, number, number, number]; group: number };

export interface OperatorAttributes {
  Add: None;
  Sub: None;
  Mul: None;
  Div: None;
  Max: None;
  Min: None;
  Greater: None;
  Less: None;
  And: None;
  Or: None;
  Not: None;
  Neg: None;
  Abs: None;
  Exp: None;
  Log: None;
  Sqrt: None;
  Relu: None;
  Sigmoid: None;
  IsNaN: None;
  Where: None;
  Cast: { to: DType };
  /** Along `axis` where scale and zero point are lists; of one scale it says nothing. */
  QuantizeLinear: { axis: number };
  DequantizeLinear: { axis: number };
  Conv: Conv;
  ConvTranspose: Conv & { outputPadding: readonly [number, number] };
  MaxPool: Pool;
  AveragePool: Pool;
  BatchNormalization: { epsilon: number };
  MatMul: None;
  Softmax: { axis: number };
  Transpose: { perm: readonly number[] };
  Reshape: { shape: Shape };
  Expand: { shape: Shape };
  Slice: { starts: readonly number[]; ends: readonly number[]; axes: readonly number[]; steps: readonly number[] };
  Concat: { axis: number };
  Pad: { pads: readonly number[]; mode: 'constant' | 'edge' | 'reflect' };
  Resize: { mode: 'nearest' | 'linear'; sizes: Shape };
  DepthToSpace: { blocksize: number };
  SpaceToDepth: { blocksize: number };
  ReduceSum: Axes;
  ReduceMean: Axes;
  ReduceMax: Axes;
}
export type OperatorName = keyof OperatorAttributes;

export interface Result {
  dtype: DType;
  shape: Shape;
}
interface Operator<K extends OperatorName> {
  infer(inputs: readonly Operand[], attributes: OperatorAttributes[K]): Result[];
}

export const operators: { readonly [K in OperatorName]: Operator<K> } = {
  Add: { infer: arithmetic },
  Sub: { infer: arithmetic },
  Mul: { infer: arithmetic },
  Div: { infer: arithmetic },
  Max: { infer: arithmetic },
  Min: { infer: arithmetic },
  Greater: { infer: (inputs) => [{ dtype: 'bool', shape: arithmetic(inputs)[0]!.shape }] },
  Less: { infer: (inputs) => [{ dtype: 'bool', shape: arithmetic(inputs)[0]!.shape }] },
  And: { infer: logical },
  Or: { infer: logical },
  Not: { infer: (inputs) => same(inputs, 'bool') },
  Neg: { infer: elementwise },
  Abs: { infer: elementwise },
  Exp: { infer: elementwise },
  Log: { infer: elementwise },
  Sqrt: { infer: elementwise },
  Relu: { infer: elementwise },
  Sigmoid: { infer: elementwise },
  IsNaN: { infer: (inputs) => [{ dtype: 'bool', shape: elementwise(inputs)[0]!.shape }] },
  Where: {
    infer(inputs) {
      const [condition, yes, no] = counted(inputs, 3);
      expect(condition!.dtype === 'bool', `condition is ${condition!.dtype}, expected bool`);
      expect(yes!.dtype === no!.dtype, `branches are ${yes!.dtype} and ${no!.dtype}`);
      return [{ dtype: yes!.dtype, shape: broadcast(condition!.shape, broadcast(yes!.shape, no!.shape)) }];
    },
  },
  Cast: { infer: (inputs, { to }) => [{ dtype: to, shape: counted(inputs, 1)[0]!.shape }] },
  QuantizeLinear: {
    infer(inputs, { axis }) {
      const [x, scale, zero] = counted(inputs, 3);
      expect(x!.dtype === 'float32', `${x!.name} is ${x!.dtype}, expected float32`);
      expect(zero!.dtype === 'uint8' || zero!.dtype === 'int8', `zero point is ${zero!.dtype}, expected uint8 or int8`);
      steps(x!, scale!, zero!, axis);
      return [{ dtype: zero!.dtype, shape: x!.shape }];
    },
  },
  DequantizeLinear: {
    infer(inputs, { axis }) {
      const [x, scale, zero] = counted(inputs, 3);
      expect(['uint8', 'int8', 'int32'].includes(x!.dtype), `${x!.name} is ${x!.dtype}, expected whole numbers`);
      expect(zero!.dtype === x!.dtype, `zero point is ${zero!.dtype}, ${x!.name} is ${x!.dtype}`);
      steps(x!, scale!, zero!, axis);
      return [float(x!.shape)];
    },
  },
  Conv: {
    infer(inputs, { strides, pads, group }) {
      const [x, w, b] = floats(inputs, 2, 3);
      const [batch, channels, height, width] = rank(x!, 4);
      const [filters, perGroup, kh, kw] = rank(w!, 4);
      expect(channels === perGroup! * group, `input has ${channels} channels, weights want ${perGroup! * group}`);
      expect(filters! % group === 0, `${filters} filters do not divide into ${group} groups`);
      if (b) expect(same1(b.shape, [filters!]), `bias is [${b.shape}], expected [${filters}]`);
      return [
        float(
          [
            batch!,
            filters!,
            windows(height!, kh!, strides[0], pads[0] + pads[2]),
            windows(width!, kw!, strides[1], pads[1] + pads[3]),
          ],
          x,
        ),
      ];
    },
  },
  ConvTranspose: {
    infer(inputs, { strides, pads, group, outputPadding }) {
      const [x, w] = floats(inputs, 2);
      const [batch, channels, height, width] = rank(x!, 4);
      const [wIn, perGroup, kh, kw] = rank(w!, 4);
      expect(channels === wIn, `input has ${channels} channels, weights want ${wIn}`);
      expect(channels! % group === 0, `${channels} channels do not divide into ${group} groups`);
      expect(
        outputPadding.every((pad, axis) => pad < strides[axis]!),
        `output padding [${outputPadding}] is not below strides [${strides}]`,
      );
      const grow = (length: number, k: number, axis: 0 | 1): number =>
        strides[axis] * (length - 1) + outputPadding[axis] + k - pads[axis] - pads[axis + 2]!;
      return [float([batch!, perGroup! * group, grow(height!, kh!, 0), grow(width!, kw!, 1)], x)];
    },
  },
  MaxPool: { infer: pooled },
  AveragePool: { infer: pooled },
  BatchNormalization: {
    // training_mode=1, momentum=0: outputs Y, batch mean, batch (population) variance.
    infer(inputs) {
      const [x, ...parameters] = floats(inputs, 5);
      const channels = rank(x!, 4)[1]!;
      for (const p of parameters)
        expect(same1(p.shape, [channels]), `${p.name} is [${p.shape}], expected [${channels}]`);
      return [float(x!.shape), float([channels]), float([channels])];
    },
  },
  MatMul: {
    infer(inputs) {
      const [a, b] = floats(inputs, 2);
      expect(a!.shape.length >= 2 && b!.shape.length >= 2, 'both sides need rank 2 or more');
      const [m, k] = a!.shape.slice(-2);
      const [k2, n] = b!.shape.slice(-2);
      expect(k === k2, `inner lengths ${k} and ${k2} differ`);
      return [float([...broadcast(a!.shape.slice(0, -2), b!.shape.slice(0, -2)), m!, n!], a)];
    },
  },
  Softmax: {
    infer(inputs, { axis }) {
      const [result] = elementwise(inputs);
      axisOf(result!.shape, axis);
      return [result!];
    },
  },
  Transpose: {
    infer(inputs, { perm }) {
      const [x] = counted(inputs, 1);
      const sorted = [...perm].sort((a, b) => a - b);
      expect(
        same1(
          sorted,
          x!.shape.map((_, axis) => axis),
        ),
        `perm [${perm}] does not permute rank ${x!.shape.length}`,
      );
      return [{ dtype: x!.dtype, shape: perm.map((axis) => x!.shape[axis]!) }];
    },
  },
  Reshape: {
    infer(inputs, { shape }) {
      const [x] = counted(inputs, 1);
      expect(size(x!.shape) === size(shape), `cannot lay ${size(x!.shape)} values out as [${shape}]`);
      return [{ dtype: x!.dtype, shape }];
    },
  },
  Expand: {
    infer: (inputs, { shape }) => [{ dtype: inputs[0]!.dtype, shape: broadcast(counted(inputs, 1)[0]!.shape, shape) }],
  },
  Slice: {
    infer(inputs, { starts, ends, axes, steps }) {
      const [x] = counted(inputs, 1);
      const shape = [...x!.shape];
      axes.forEach((axis, i) => {
        shape[axis] = sliceLength(axisOf(x!.shape, axis), starts[i]!, ends[i]!, steps[i]!);
      });
      return [{ dtype: x!.dtype, shape }];
    },
  },
  Concat: {
    infer(inputs, { axis }) {
      const [first, ...others] = inputs;
      expect(first !== undefined, 'nothing to join');
      const shape = [...first!.shape];
      axisOf(shape, axis);
      for (const other of others) {
        expect(other.dtype === first!.dtype, `${other.name} is ${other.dtype}, ${first!.name} is ${first!.dtype}`);
        const fits =
          other.shape.length === shape.length && other.shape.every((length, a) => a === axis || length === shape[a]);
        expect(fits, `${other.name}[${other.shape}] does not continue [${first!.shape}] on axis ${axis}`);
        shape[axis] = shape[axis]! + other.shape[axis]!;
      }
      return [{ dtype: first!.dtype, shape }];
    },
  },
  Pad: {
    infer(inputs, { pads, mode }) {
      const [x] = counted(inputs, 1);
      const r = x!.shape.length;
      expect(pads.length === 2 * r, `${pads.length} pads for rank ${r}`);
      pads.forEach((pad, i) => {
        const length = x!.shape[i % r]!;
        expect(mode !== 'reflect' || pad < length, `${pad} reflected rows, axis ${i % r} has ${length}`);
      });
      return [{ dtype: x!.dtype, shape: x!.shape.map((length, axis) => length + pads[axis]! + pads[axis + r]!) }];
    },
  },
  Resize: {
    infer(inputs, { sizes }) {
      const [x] = floats(inputs, 1);
      const [batch, channels] = rank(x!, 4);
      expect(
        sizes.length === 4 && sizes[0] === batch && sizes[1] === channels,
        `sizes [${sizes}] change batch or channels`,
      );
      return [float(sizes, x)];
    },
  },
  DepthToSpace: {
    infer(inputs, { blocksize }) {
      const [x] = floats(inputs, 1);
      const [b, c, h, w] = rank(x!, 4);
      expect(c! % blocksize ** 2 === 0, `${c} channels do not divide by ${blocksize ** 2}`);
      return [float([b!, c! / blocksize ** 2, h! * blocksize, w! * blocksize], x)];
    },
  },
  SpaceToDepth: {
    infer(inputs, { blocksize }) {
      const [x] = floats(inputs, 1);
      const [b, c, h, w] = rank(x!, 4);
      expect(h! % blocksize === 0 && w! % blocksize === 0, `${h} x ${w} does not divide by ${blocksize}`);
      return [float([b!, c! * blocksize ** 2, h! / blocksize, w! / blocksize], x)];
    },
  },
  ReduceSum: { infer: reduced },
  ReduceMean: { infer: reduced },
  ReduceMax: { infer: reduced },
};

/** The shape both broadcast to, as NumPy and ONNX do; throws when they do not. */
export function broadcast(a: Shape, b: Shape): number[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const x = a[i - rank + a.length] ?? 1;
    const y = b[i - rank + b.length] ?? 1;
    expect(x === y || x === 1 || y === 1, `[${a}] and [${b}] do not broadcast`);
    return Math.max(x, y);
  });
}

export function size(shape: Shape): number {
  return shape.reduce((product, length) => product * length, 1);
}

function expect(condition: boolean, problem: string): void {
  if (!condition) throw new Error(problem);
}

function float(shape: Shape, like?: Operand): Result {
  return { dtype: like?.dtype ?? 'float32', shape };
}

/** One scale and zero point for the whole tensor, or one for each place of an axis. */
function steps(x: Operand, scale: Operand, zero: Operand, axis: number): void {
  expect(scale.dtype === 'float32', `scale is ${scale.dtype}, expected float32`);
  expect(same1(scale.shape, zero.shape), `scale is [${scale.shape}], zero point [${zero.shape}]`);
  if (scale.shape.length === 0) return;
  const wanted = [axisOf(x.shape, axis)];
  expect(same1(scale.shape, wanted), `scale is [${scale.shape}], expected [${wanted}]`);
}

function same1(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((length, i) => length === b[i]);
}

function counted(inputs: readonly Operand[], least: number, most = least): readonly Operand[] {
  expect(
    inputs.length >= least && inputs.length <= most,
    `${inputs.length} inputs, expected ${least}${most > least ? ` to ${most}` : ''}`,
  );
  return inputs;
}

/** All float32, or all float16. */
function floats(inputs: readonly Operand[], least: number, most = least): readonly Operand[] {
  const half = counted(inputs, least, most)[0]?.dtype === 'float16';
  const dtype = half ? 'float16' : 'float32';
  for (const t of inputs) expect(t.dtype === dtype, `${t.name} is ${t.dtype}, expected ${dtype}`);
  return inputs;
}

/** ONNX also counts axes from the end; here they are counted from the front only, so that every rule reads one form. */
function axisOf(shape: Shape, axis: number): number {
  expect(Number.isInteger(axis) && axis >= 0 && axis < shape.length, `axis ${axis} of rank ${shape.length}`);
  return shape[axis]!;
}

function rank(tensor: Operand, expected: number): Shape {
  expect(tensor.shape.length === expected, `${tensor.name} has rank ${tensor.shape.length}, expected ${expected}`);
  return tensor.shape;
}

function arithmetic(inputs: readonly Operand[]): Result[] {
  const [a, b] = floats(inputs, 2);
  return [float(broadcast(a!.shape, b!.shape), a)];
}

function logical(inputs: readonly Operand[]): Result[] {
  const [a, b] = counted(inputs, 2);
  for (const t of [a!, b!]) expect(t.dtype === 'bool', `${t.name} is ${t.dtype}, expected bool`);
  return [{ dtype: 'bool', shape: broadcast(a!.shape, b!.shape) }];
}

function elementwise(inputs: readonly Operand[]): Result[] {
  const [x] = floats(inputs, 1);
  return [float(x!.shape, x)];
}

function same(inputs: readonly Operand[], dtype: DType): Result[] {
  const [x] = counted(inputs, 1);
  expect(x!.dtype === dtype, `${x!.name} is ${x!.dtype}, expected ${dtype}`);
  return [{ dtype, shape: x!.shape }];
}

function windows(length: number, kernel: number, stride: number, pad: number): number {
  expect(length + pad >= kernel, `window of ${kernel} over ${length} with ${pad} padding`);
  return Math.floor((length + pad - kernel) / stride) + 1;
}

function pooled(inputs: readonly Operand[], { kernel, strides, pads }: Pool): Result[] {
  const [x] = floats(inputs, 1);
  const [b, c, h, w] = rank(x!, 4);
  return [
    float(
      [
        b!,
        c!,
        windows(h!, kernel[0], strides[0], pads[0] + pads[2]),
        windows(w!, kernel[1], strides[1], pads[1] + pads[3]),
      ],
      x,
    ),
  ];
}

function reduced(inputs: readonly Operand[], { axes, keepdims }: Axes): Result[] {
  const [x] = floats(inputs, 1);
  for (const axis of axes) axisOf(x!.shape, axis);
  // The runtime reads an empty list as "all axes".
  expect(axes.length > 0 || x!.shape.length === 0, `no axes of rank ${x!.shape.length}`);
  const shape = x!.shape.map((length, axis) => (axes.includes(axis) ? 1 : length));
  return [float(keepdims ? shape : shape.filter((_, axis) => !axes.includes(axis)), x)];
}

/** Length of a slice with absolute, in-range bounds; a negative step walks down to and excluding `end` (-1 allowed). */
function sliceLength(length: number, start: number, end: number, step: number): number {
  const fits = step > 0 ? start >= 0 && end <= length : start < length && end >= -1;
  expect(fits && (end - start) * step > 0, `slice ${start}..${end} by ${step} of ${length}`);
  return Math.ceil((end - start) / step);
}
