/**
 * A slow and obvious interpreter of graphs: each operator as its definition reads, element by element, in float64.
 *
 * It is the second opinion that the runtime and the gradient rules are tested against, so it shares nothing with
 * either: output shapes are worked out here again and must equal those the graph inferred. The table is total: an
 * operator without an entry does not compile.
 */
import type { Graph } from '../../models/graph/graph.ts';
import type { OperatorAttributes, OperatorName } from '../../models/graph/operators.ts';
import type { Shape, Tensor } from '../../models/graph/tensor.ts';
import { at, atBroadcast, fill, placeOf, type Values } from './values.ts';

/** The value of every tensor of the graph for these inputs. */
export function interpret(graph: Graph, feeds: Readonly<Record<string, Values>>): ReadonlyMap<Tensor, Values> {
  const values = new Map<Tensor, Values>();
  const settle = (tensor: Tensor, value: Values | undefined): void => {
    if (!value) throw new Error(`${tensor.name} is not fed`);
    if (String(value.shape) !== String(tensor.shape))
      throw new Error(`${tensor.name} is [${tensor.shape}] in the graph, [${value.shape}] when computed`);
    values.set(tensor, value);
  };
  for (const input of graph.inputs) settle(input, feeds[input.name]);
  for (const [tensor, data] of graph.constants)
    settle(tensor, { shape: tensor.shape, data: Float64Array.from(data as ArrayLike<number | bigint>, Number) });
  for (const node of graph.nodes) {
    const definition = definitions[node.op] as Definition<OperatorAttributes[OperatorName]>;
    const inputs = node.inputs.map((input) => values.get(input)!);
    const results = definition(inputs, node.attributes, node.inputs);
    for (const [i, output] of node.outputs.entries()) settle(output, results[i]);
  }
  return values;
}

type Definition<A> = (inputs: readonly Values[], attributes: A, tensors: readonly Tensor[]) => readonly Values[];

const elementwise =
  (f: (...elements: number[]) => number): Definition<unknown> =>
  (inputs) => [
    fill(broadcastShape(inputs.map((x) => x.shape)), (index) => f(...inputs.map((x) => atBroadcast(x, index)))),
  ];

const definitions: { readonly [K in OperatorName]: Definition<OperatorAttributes[K]> } = {
  Add: elementwise((a, b) => a! + b!),
  Sub: elementwise((a, b) => a! - b!),
  Mul: elementwise((a, b) => a! * b!),
  Div: elementwise((a, b) => a! / b!),
  Max: elementwise((a, b) => Math.max(a!, b!)),
  Min: elementwise((a, b) => Math.min(a!, b!)),
  Greater: elementwise((a, b) => (a! > b! ? 1 : 0)),
  Less: elementwise((a, b) => (a! < b! ? 1 : 0)),
  And: elementwise((a, b) => (a && b ? 1 : 0)),
  Or: elementwise((a, b) => (a || b ? 1 : 0)),
  Not: elementwise((x) => (x ? 0 : 1)),
  Neg: elementwise((x) => -x!),
  Abs: elementwise((x) => Math.abs(x!)),
  Exp: elementwise((x) => Math.exp(x!)),
  Log: elementwise((x) => Math.log(x!)),
  Sqrt: elementwise((x) => Math.sqrt(x!)),
  Relu: elementwise((x) => Math.max(x!, 0)),
  Sigmoid: elementwise((x) => 1 / (1 + Math.exp(-x!))),
  IsNaN: elementwise((x) => (Number.isNaN(x) ? 1 : 0)),
  Where: elementwise((condition, yes, no) => (condition ? yes! : no!)),
  Cast: ([x], { to }) => {
    if (to === 'float32') return [x!];
    if (to === 'bool') return [{ shape: x!.shape, data: x!.data.map((value) => (value === 0 ? 0 : 1)) }];
    return [{ shape: x!.shape, data: x!.data.map(Math.trunc) }];
  },
  QuantizeLinear: ([x, scale, zero], { axis }, [, , type]) => {
    const [least, most] = type!.dtype === 'uint8' ? [0, 255] : [-128, 127];
    return [
      fill(x!.shape, (index) => {
        // The runtime divides in float32.
        const share = Math.fround(at(x!, index) / stepAt(scale!, index, axis));
        return Math.min(most!, Math.max(least!, halfToEven(share) + stepAt(zero!, index, axis)));
      }),
    ];
  },
  DequantizeLinear: ([x, scale, zero], { axis }) => [
    fill(x!.shape, (index) => (at(x!, index) - stepAt(zero!, index, axis)) * stepAt(scale!, index, axis)),
  ],
  Conv: ([x, w, bias], { strides, pads, group }) => {
    const [batch, channels, height, width] = x!.shape as Four;
    const [filters, perGroup, kh, kw] = w!.shape as Four;
    const outHeight = 1 + Math.floor((height + pads[0] + pads[2] - kh) / strides[0]);
    const outWidth = 1 + Math.floor((width + pads[1] + pads[3] - kw) / strides[1]);
    const groupOf = (filter: number): number => Math.floor(filter / (filters / group));
    if (channels !== perGroup * group) throw new Error('channels');
    return [
      fill([batch, filters, outHeight, outWidth], ([b, k, i, j]) => {
        let sum = bias ? at(bias, [k!]) : 0;
        for (const [c, u, v] of steps(perGroup, kh, kw)) {
          const row = i! * strides[0] - pads[0] + u;
          const column = j! * strides[1] - pads[1] + v;
          const inside = row >= 0 && row < height && column >= 0 && column < width;
          if (inside) sum += at(x!, [b!, groupOf(k!) * perGroup + c, row, column]) * at(w!, [k!, c, u, v]);
        }
        return sum;
      }),
    ];
  },
  // Every input element spreads the kernel, scaled by itself, over the output.
  ConvTranspose: ([x, w], { strides, pads, group, outputPadding }) => {
    const [batch, channels, height, width] = x!.shape as Four;
    const [, perGroup, kh, kw] = w!.shape as Four;
    const outHeight = strides[0] * (height - 1) + kh + outputPadding[0] - pads[0] - pads[2];
    const outWidth = strides[1] * (width - 1) + kw + outputPadding[1] - pads[1] - pads[3];
    const y = fill([batch, perGroup * group, outHeight, outWidth], () => 0);
    fill(x!.shape, ([b, c, i, j]) => {
      const first = Math.floor(c! / (channels / group)) * perGroup;
      for (const [k, u, v] of steps(perGroup, kh, kw)) {
        const row = i! * strides[0] - pads[0] + u;
        const column = j! * strides[1] - pads[1] + v;
        if (row < 0 || row >= outHeight || column < 0 || column >= outWidth) continue;
        const place = placeOf(y.shape, [b!, first + k, row, column]);
        y.data[place] = y.data[place]! + at(x!, [b!, c!, i!, j!]) * at(w!, [c!, k, u, v]);
      }
      return 0;
    });
    return [y];
  },
  MaxPool: ([x], attributes) => [pooled(x!, attributes, (window) => Math.max(...window))],
  // Padding is not in the window, so it does not count into the mean.
  AveragePool: ([x], attributes) => [pooled(x!, attributes, mean)],
  // Training form: normalised by the batch's own mean and population variance, which are the other two outputs.
  BatchNormalization: ([x, gamma, beta], { epsilon }) => {
    const [batch, channels, height, width] = x!.shape as Four;
    const channel = (c: number): number[] => [...steps(batch, height, width)].map(([b, i, j]) => at(x!, [b, c, i, j]));
    const means = fill([channels], ([c]) => mean(channel(c!)));
    const variances = fill([channels], ([c]) => mean(channel(c!).map((value) => (value - at(means, [c!])) ** 2)));
    const y = fill(x!.shape, (index) => {
      const c = [index[1]!];
      const normalised = (at(x!, index) - at(means, c)) / Math.sqrt(at(variances, c) + epsilon);
      return at(gamma!, c) * normalised + at(beta!, c);
    });
    return [y, means, variances];
  },
  MatMul: ([a, b]) => {
    const [rows, inner] = a!.shape.slice(-2) as [number, number];
    const columns = b!.shape.at(-1)!;
    const stack = broadcastShape([a!.shape.slice(0, -2), b!.shape.slice(0, -2)]);
    return [
      fill([...stack, rows, columns], (index) => {
        const [i, j] = index.slice(-2) as [number, number];
        const layer = index.slice(0, -2);
        let sum = 0;
        for (let k = 0; k < inner; k++) sum += atBroadcast(a!, [...layer, i, k]) * atBroadcast(b!, [...layer, k, j]);
        return sum;
      }),
    ];
  },
  Softmax: ([x], { axis }) => [
    fill(x!.shape, (index) => {
      const line = Array.from({ length: x!.shape[axis]! }, (_, i) => at(x!, index.with(axis, i)));
      const top = Math.max(...line);
      const total = line.reduce((sum, value) => sum + Math.exp(value - top), 0);
      return Math.exp(at(x!, index) - top) / total;
    }),
  ],
  // Output axis i is input axis perm[i].
  Transpose: ([x], { perm }) => [
    fill(
      perm.map((axis) => x!.shape[axis]!),
      (index) =>
        at(
          x!,
          perm.map((_, axis) => index[perm.indexOf(axis)]!),
        ),
    ),
  ],
  Reshape: ([x], { shape }) => [{ shape, data: x!.data }],
  Expand: ([x], { shape }) => [fill(broadcastShape([x!.shape, shape]), (index) => atBroadcast(x!, index))],
  Slice: ([x], { starts, ends, axes, steps: strides }) => {
    const shape = [...x!.shape];
    const start = x!.shape.map(() => 0);
    const stride = x!.shape.map(() => 1);
    for (const [i, axis] of axes.entries()) {
      const taken = [];
      const [from, to, by] = [starts[i]!, ends[i]!, strides[i]!];
      for (let place = from; by > 0 ? place < to : place > to; place += by) taken.push(place);
      [shape[axis], start[axis], stride[axis]] = [taken.length, from, by];
    }
    return [
      fill(shape, (index) =>
        at(
          x!,
          index.map((i, axis) => start[axis]! + i * stride[axis]!),
        ),
      ),
    ];
  },
  Concat: (inputs, { axis }) => {
    const total = inputs.reduce((sum, x) => sum + x.shape[axis]!, 0);
    return [
      fill(inputs[0]!.shape.with(axis, total), (index) => {
        let place = index[axis]!;
        for (const x of inputs) {
          if (place < x.shape[axis]!) return at(x, index.with(axis, place));
          place -= x.shape[axis]!;
        }
        throw new Error('past the last');
      }),
    ];
  },
  Pad: ([x], { pads, mode }) => {
    const rank = x!.shape.length;
    return [
      fill(
        x!.shape.map((length, axis) => length + pads[axis]! + pads[axis + rank]!),
        (index) => {
          const source = index.map((i, axis) => i - pads[axis]!);
          const outside = source.some((i, axis) => i < 0 || i >= x!.shape[axis]!);
          if (mode === 'constant' && outside) return 0;
          return at(
            x!,
            source.map((i, axis) => (mode === 'reflect' ? mirror : clamp)(i, x!.shape[axis]!)),
          );
        },
      ),
    ];
  },
  // Pixel centres lie at half integers; nearest rounds a half down.
  Resize: ([x], { mode, sizes }) => {
    const source = (place: number, axis: number): number => ((place + 0.5) * x!.shape[axis]!) / sizes[axis]! - 0.5;
    const nearest = (place: number, axis: number): number =>
      clamp(Math.ceil(source(place, axis) - 0.5), x!.shape[axis]!);
    if (mode === 'nearest') return [fill(sizes, ([b, c, i, j]) => at(x!, [b!, c!, nearest(i!, 2), nearest(j!, 3)]))];
    return [
      fill(sizes, ([b, c, i, j]) => {
        const [row, column] = [source(i!, 2), source(j!, 3)];
        let sum = 0;
        for (const r of [Math.floor(row), Math.floor(row) + 1])
          for (const s of [Math.floor(column), Math.floor(column) + 1]) {
            const weight = (1 - Math.abs(row - r)) * (1 - Math.abs(column - s));
            sum += weight * at(x!, [b!, c!, clamp(r, x!.shape[2]!), clamp(s, x!.shape[3]!)]);
          }
        return sum;
      }),
    ];
  },
  // Depth first, then column, then row: channel (di * blocksize + dj) * C + c goes to place (di, dj) of each block.
  DepthToSpace: ([x], { blocksize: n }) => {
    const [batch, channels, height, width] = x!.shape as Four;
    const left = channels / n ** 2;
    return [
      fill([batch, left, height * n, width * n], ([b, c, i, j]) =>
        at(x!, [b!, ((i! % n) * n + (j! % n)) * left + c!, Math.floor(i! / n), Math.floor(j! / n)]),
      ),
    ];
  },
  SpaceToDepth: ([x], { blocksize: n }) => {
    const [batch, channels, height, width] = x!.shape as Four;
    return [
      fill([batch, channels * n ** 2, height / n, width / n], ([b, k, i, j]) => {
        const place = Math.floor(k! / channels);
        return at(x!, [b!, k! % channels, i! * n + Math.floor(place / n), j! * n + (place % n)]);
      }),
    ];
  },
  ReduceSum: ([x], attributes) => [reduced(x!, attributes, (values) => values.reduce((sum, value) => sum + value, 0))],
  ReduceMean: ([x], attributes) => [reduced(x!, attributes, mean)],
  ReduceMax: ([x], attributes) => [reduced(x!, attributes, (values) => Math.max(...values))],
};

/** The scale or zero point of a place: one for all, or one for each index of an axis. */
const stepAt = (step: Values, index: readonly number[], axis: number): number =>
  at(step, step.shape.length === 0 ? [] : [index[axis]!]);

function halfToEven(value: number): number {
  const below = Math.floor(value);
  if (value - below !== 0.5) return Math.round(value);
  return below % 2 === 0 ? below : below + 1;
}

type Four = [number, number, number, number];

function broadcastShape(shapes: readonly Shape[]): number[] {
  const rank = Math.max(...shapes.map((shape) => shape.length));
  return Array.from({ length: rank }, (_, axis) =>
    Math.max(...shapes.map((shape) => shape[axis - rank + shape.length] ?? 1)),
  );
}

function* steps(a: number, b: number, c: number): Generator<[number, number, number]> {
  for (let i = 0; i < a; i++) for (let j = 0; j < b; j++) for (let k = 0; k < c; k++) yield [i, j, k];
}

function pooled(
  x: Values,
  { kernel, strides, pads }: OperatorAttributes['MaxPool'],
  summary: (window: number[]) => number,
): Values {
  const [batch, channels, height, width] = x.shape as Four;
  const outHeight = 1 + Math.floor((height + pads[0] + pads[2] - kernel[0]) / strides[0]);
  const outWidth = 1 + Math.floor((width + pads[1] + pads[3] - kernel[1]) / strides[1]);
  return fill([batch, channels, outHeight, outWidth], ([b, c, i, j]) => {
    const window: number[] = [];
    for (const [u, v] of steps(kernel[0], kernel[1], 1)) {
      const row = i! * strides[0] - pads[0] + u;
      const column = j! * strides[1] - pads[1] + v;
      if (row >= 0 && row < height && column >= 0 && column < width) window.push(at(x, [b!, c!, row, column]));
    }
    return summary(window);
  });
}

function reduced(
  x: Values,
  { axes, keepdims }: OperatorAttributes['ReduceSum'],
  summary: (values: number[]) => number,
): Values {
  const kept = x.shape.map((length, axis) => (axes.includes(axis) ? 1 : length));
  const groups = new Map<number, number[]>();
  fill(x.shape, (index) => {
    const group = placeOf(
      kept,
      index.map((i, axis) => (axes.includes(axis) ? 0 : i)),
    );
    groups.set(group, [...(groups.get(group) ?? []), at(x, index)]);
    return 0;
  });
  const shape = keepdims ? kept : x.shape.filter((_, axis) => !axes.includes(axis));
  return {
    shape,
    data: Float64Array.from(
      groups
        .keys()
        .toArray()
        .sort((a, b) => a - b),
      (g) => summary(groups.get(g)!),
    ),
  };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function clamp(place: number, length: number): number {
  return Math.min(Math.max(place, 0), length - 1);
}

/** Reflection that does not repeat the border. */
function mirror(place: number, length: number): number {
  if (place < 0) return -place;
  return place >= length ? 2 * (length - 1) - place : place;
}
