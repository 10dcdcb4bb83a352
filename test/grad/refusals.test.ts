/** What has no gradient says so while building, by the name of the tensor; where a gradient is a choice, which one. */
import { describe, expect, test } from 'vitest';
import { gradients } from '../../models/grad/gradients.ts';
import { rules } from '../../models/grad/rules.ts';
import * as o from '../../models/graph/build.ts';
import { Graph } from '../../models/graph/graph.ts';
import type { OperatorAttributes, OperatorName } from '../../models/graph/operators.ts';
import type { Shape, Tensor } from '../../models/graph/tensor.ts';
import { writeOnnx } from '../../models/onnx/write.ts';
import { openSession } from '../../models/runtime/session.ts';
import { interpret } from '../graph/interpreter.ts';

const uneven = { strides: [2, 1], pads: [0, 0, 0, 0], group: 1 } as const;
const overlapping = { kernel: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] } as const;

interface Refusal {
  why: string;
  shape: Shape;
  build: (x: Tensor, input: (name: string, shape: Shape) => Tensor) => Tensor;
  /** The tensor named, and words of the reason. */
  says: RegExp;
}
const node = <K extends OperatorName>(x: Tensor, op: K, attributes: OperatorAttributes[K], ...more: Tensor[]): Tensor =>
  x.graph.node(op, [x, ...more], attributes)[0]!;

const refusals: readonly Refusal[] = [
  {
    why: 'a comparison, as a number',
    shape: [2, 3],
    build: (x) => o.mul(o.cast(o.greater(x, 0), 'float32'), x),
    says: /Tensor Cast: Cast has no gradient: its values are not numbers/,
  },
  {
    why: 'rounding to whole numbers',
    shape: [2, 3],
    build: (x) => o.cast(o.cast(x, 'int64'), 'float32'),
    says: /Tensor Cast_2: Cast has no gradient/,
  },
  {
    why: 'a slice with steps',
    shape: [4, 4],
    build: (x) => o.slice(x, { 0: [3, -1, -1] }),
    says: /Tensor Slice: Slice has no gradient: its steps are not 1/,
  },
  {
    why: 'padding that repeats values',
    shape: [1, 1, 3, 3],
    build: (x) => o.pad(x, [1, 1, 1, 1], 'edge'),
    says: /Tensor Pad: Pad has no gradient: mode edge/,
  },
  {
    why: 'interpolation',
    shape: [1, 1, 3, 3],
    build: (x) => o.resize(x, 6, 6),
    says: /Tensor Resize: Resize has no gradient: only whole-number nearest upscaling has/,
  },
  {
    why: 'scaling down',
    shape: [1, 1, 4, 4],
    build: (x) => o.resize(x, 2, 2, 'nearest'),
    says: /Tensor Resize: Resize has no gradient/,
  },
  {
    why: 'unequal scaling',
    shape: [1, 1, 2, 2],
    build: (x) => o.resize(x, 4, 6, 'nearest'),
    says: /Tensor Resize: Resize has no gradient/,
  },
  {
    why: 'overlapping maxima',
    shape: [1, 1, 6, 6],
    build: (x) => node(x, 'MaxPool', overlapping),
    says: /Tensor MaxPool: MaxPool has no gradient: windows overlap or do not tile/,
  },
  {
    why: 'windows that leave a row over',
    shape: [1, 1, 5, 4],
    build: (x) => o.averagePool(x, 2),
    says: /Tensor AveragePool: AveragePool has no gradient: windows overlap or do not tile/,
  },
  {
    why: 'strides that differ',
    shape: [1, 2, 5, 5],
    build: (x, input) => node(x, 'Conv', uneven, input('w', [3, 2, 3, 3])),
    says: /convolution with strides \[2,1\], pads \[0,0,0,0\], 1 groups has no gradient here/,
  },
  {
    why: 'groups',
    shape: [1, 2, 5, 5],
    build: (x, input) => o.conv(x, input('w', [2, 1, 3, 3]), { group: 2 }),
    says: /2 groups has no gradient here/,
  },
  {
    why: 'a loss on batch statistics',
    shape: [2, 3, 2, 2],
    build: (x, input) => {
      const [y, mean] = o.batchNormTraining(x, input('gamma', [3]), input('beta', [3]), 1e-5);
      return o.add(o.reduceSum(y, [0, 2, 3]), mean);
    },
    says: /Tensor BatchNormalization: BatchNormalization has no gradient: the loss uses its statistics/,
  },
];

function start(shape: Shape): { graph: Graph; x: Tensor } {
  const graph = new Graph('refusals');
  return { graph, x: graph.input('x', 'float32', shape) };
}

describe('refused while building, by name', () => {
  test.each(refusals)('$why', ({ shape, build, says }) => {
    const { graph, x } = start(shape);
    const loss = o.reduceSum(build(x, (name, its) => graph.input(name, 'float32', its)));
    expect(() => gradients(loss, [x])).toThrow(expect.objectContaining({ code: 'graph/shape' }));
    expect(() => gradients(loss, [x])).toThrow(says);
  });

  test.each(['Greater', 'Less', 'And', 'Or', 'Not', 'IsNaN'] as const)('%s', (op) => {
    const { graph, x } = start([2]);
    const flags = o.greater(x, 0);
    const inputs = { Greater: [x, x], Less: [x, x], And: [flags, flags], Or: [flags, flags], Not: [flags], IsNaN: [x] };
    const [output] = graph.node(op, inputs[op], {}, 'judged');
    const context = { node: output!.producer!, inputs: inputs[op], outputs: [output!], attributes: {} as never };
    expect(() => rules[op]({ ...context, outer: [x], wants: [true, true] })).toThrow(
      `Tensor judged: ${op} has no gradient`,
    );
  });

  test('a loss that is no scalar', () => {
    const { x } = start([2]);
    expect(() => gradients(x, [x])).toThrow('Tensor x: a loss is a scalar, not [2]');
  });

  test('a tensor the loss does not hang on', () => {
    const { graph, x } = start([2]);
    const other = graph.input('other', 'float32', [3]);
    expect(() => gradients(o.reduceSum(x), [other])).toThrow('Tensor other: the loss ReduceSum does not depend on it');
  });
});

describe('ties', () => {
  const gradientAt = (shape: Shape, data: readonly number[], loss: (x: Tensor) => Tensor): number[] => {
    const { graph, x } = start(shape);
    const [gradient] = gradients(loss(x), [x]);
    return [...interpret(graph, { x: { shape, data: Float64Array.from(data) } }).get(gradient!)!.data];
  };

  test('maxima of a window share its gradient', () => {
    const loss = (x: Tensor): Tensor => o.reduceSum(o.mul(o.maxPool(x, 2, 2), 6));
    expect(gradientAt([1, 1, 2, 4], [0, 0, 1, 0, 0, 0, 1, 1], loss)).toEqual([1.5, 1.5, 2, 0, 1.5, 1.5, 2, 2]);
  });

  test('maxima of a reduction share its gradient', () => {
    expect(gradientAt([2, 3], [5, 5, 1, 0, 2, 1], (x) => o.reduceSum(o.reduceMax(x, [1])))).toEqual([
      0.5, 0.5, 0, 0, 1, 0,
    ]);
  });

  test('of two equal sides the second has it', () => {
    const { graph, x } = start([1]);
    const y = graph.input('y', 'float32', [1]);
    const loss = o.reduceSum(o.add(o.maximum(x, y), o.mul(o.minimum(x, y), 10)));
    const one = { shape: [1], data: new Float64Array([1]) };
    const found = gradients(loss, [x, y]);
    const values = interpret(graph, { x: one, y: one });
    expect(found.map((gradient) => values.get(gradient)!.data[0])).toEqual([0, 11]);
  });

  test('the corner of Abs and Relu is flat', () => {
    expect(gradientAt([1], [0], (x) => o.reduceSum(o.add(o.abs(x), o.relu(x))))).toEqual([0]);
  });

  test('a quotient by a tiny number keeps its slope where the square underflows in float32', async () => {
    const { graph, x } = start([1]);
    const [gradient] = gradients(o.reduceSum(o.div(1e-20, x)), [x]);
    graph.output('slope', gradient!);
    const session = await openSession(writeOnnx(graph), { threads: 1 });
    const { slope } = await session.run({ x: { shape: [1], data: new Float32Array([1e-25]) } });
    await session.release();
    expect(Number(slope!.data[0]) / -1e30).toBeCloseTo(1, 5);
  });
});
