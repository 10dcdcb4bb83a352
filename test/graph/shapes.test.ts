/** Wrong graphs: each is refused where it is written, by an error that names the tensor. */
import { describe, expect, test } from 'vitest';
import * as o from '../../models/graph/build.ts';
import { Graph } from '../../models/graph/graph.ts';
import type { DType, Shape, Tensor } from '../../models/graph/tensor.ts';

type Make = (shape: Shape, dtype?: DType) => Tensor;
interface Wrong {
  what: string;
  build: (make: Make, graph: Graph) => unknown;
  says: string;
}
const wrong = (what: string, build: Wrong['build'], says: string): Wrong => ({ what, build, says });

const table: readonly Wrong[] = [
  wrong(
    'lengths that do not broadcast',
    (t) => o.add(t([2, 3]), t([2, 4])),
    'Add(a[2,3], b[2,4]): [2,3] and [2,4] do not broadcast',
  ),
  wrong('arithmetic on bytes', (t) => o.add(t([2], 'uint8'), t([2])), 'a is uint8, expected float32'),
  wrong('a comparison of booleans', (t) => o.less(t([2], 'bool'), t([2])), 'a is bool, expected float32'),
  wrong('logic on numbers', (t) => o.and(t([2]), t([2], 'bool')), 'a is float32, expected bool'),
  wrong('Not of numbers', (t) => o.not(t([2])), 'a is float32, expected bool'),
  wrong('Exp of integers', (t) => o.exp(t([2], 'int64')), 'a is int64, expected float32'),
  wrong('a condition of numbers', (t) => o.where(t([2]), t([2]), t([2])), 'condition is float32, expected bool'),
  wrong(
    'branches of two types',
    (t) => o.where(t([2], 'bool'), t([2]), t([2], 'uint8')),
    'branches are float32 and uint8',
  ),
  wrong(
    'weights for other channels',
    (t) => o.conv(t([1, 3, 5, 5]), t([4, 2, 3, 3])),
    'input has 3 channels, weights want 2',
  ),
  wrong(
    'filters that groups do not divide',
    (t) => o.conv(t([1, 4, 5, 5]), t([3, 2, 3, 3]), { group: 2 }),
    '3 filters do not divide into 2 groups',
  ),
  wrong(
    'a bias of another length',
    (t) => o.conv(t([1, 3, 5, 5]), t([4, 3, 3, 3]), { bias: t([3]) }),
    'bias is [3], expected [4]',
  ),
  wrong(
    'a kernel wider than the map',
    (t) => o.conv(t([1, 3, 2, 2]), t([4, 3, 3, 3])),
    'window of 3 over 2 with 0 padding',
  ),
  wrong('a picture without batch', (t) => o.conv(t([3, 5, 5]), t([4, 3, 3, 3])), 'a has rank 3, expected 4'),
  wrong(
    'a convolution of bytes',
    (t) => o.conv(t([1, 3, 5, 5], 'uint8'), t([4, 3, 3, 3])),
    'a is uint8, expected float32',
  ),
  wrong(
    'transposed weights for other channels',
    (t) => o.convTranspose(t([1, 3, 5, 5]), t([4, 3, 3, 3]), { stride: 2, pad: 1, outputPadding: [1, 1], group: 1 }),
    'input has 3 channels, weights want 4',
  ),
  wrong(
    'output padding as wide as the stride',
    (t) => o.convTranspose(t([1, 3, 5, 5]), t([3, 3, 3, 3]), { stride: 2, pad: 1, outputPadding: [2, 0], group: 1 }),
    'output padding [2,0] is not below strides [2,2]',
  ),
  wrong('a pool of a matrix', (t) => o.maxPool(t([4, 4]), 2, 2), 'a has rank 2, expected 4'),
  wrong('a mean of booleans', (t) => o.averagePool(t([1, 1, 4, 4], 'bool'), 2), 'a is bool, expected float32'),
  wrong(
    'gains for other channels',
    (t) => o.batchNormTraining(t([2, 3, 2, 2]), t([4]), t([3]), 1e-5),
    'b is [4], expected [3]',
  ),
  wrong('inner lengths that differ', (t) => o.matMul(t([2, 3]), t([4, 5])), 'inner lengths 3 and 4 differ'),
  wrong('a vector as a matrix', (t) => o.matMul(t([3]), t([3, 2])), 'both sides need rank 2 or more'),
  wrong('Softmax from the end', (t) => o.softmax(t([2, 3]), -1), 'axis -1 of rank 2'),
  wrong('an axis twice', (t) => o.transpose(t([2, 3]), 0, 0), 'perm [0,0] does not permute rank 2'),
  wrong('values lost', (t) => o.reshape(t([2, 3]), 7), 'cannot lay 6 values out as [7]'),
  wrong('expansion to another length', (t) => o.expand(t([3]), [2]), '[3] and [2] do not broadcast'),
  wrong('a slice past the end', (t) => o.slice(t([4]), { 0: [2, 5] }), 'slice 2..5 by 1 of 4'),
  wrong('a slice of nothing', (t) => o.slice(t([4]), { 0: [2, 2] }), 'slice 2..2 by 1 of 4'),
  wrong('a backward slice from past the end', (t) => o.slice(t([4]), { 0: [4, -1, -1] }), 'slice 4..-1 by -1 of 4'),
  wrong('a slice that stands still', (t) => o.slice(t([4]), { 0: [0, 4, 0] }), 'slice 0..4 by 0 of 4'),
  wrong('a slice of an axis too many', (t) => o.slice(t([4]), { 1: [0, 1] }), 'axis 1 of rank 1'),
  wrong(
    'parts that do not continue',
    (t) => o.concat([t([2, 3]), t([2, 4])], 0),
    'b[2,4] does not continue [2,3] on axis 0',
  ),
  wrong('parts of two types', (t) => o.concat([t([2]), t([2], 'uint8')], 0), 'b is uint8, a is float32'),
  wrong('parts joined from the end', (t) => o.concat([t([2, 3]), t([2, 3])], -1), 'axis -1 of rank 2'),
  wrong('pads for another rank', (t) => o.pad(t([3, 3]), [1, 1, 1, 1]), '8 pads for rank 2'),
  wrong(
    'reflection of more than there is',
    (t) => o.pad(t([1, 1, 3, 3]), [3, 0, 0, 0], 'reflect'),
    '3 reflected rows, axis 2 has 3',
  ),
  wrong(
    'scaling of a matrix',
    (t, g) => g.node('Resize', [t([3, 3])], { mode: 'linear', sizes: [1, 1, 6, 6] }),
    'a has rank 2, expected 4',
  ),
  wrong(
    'scaling of channels',
    (t, g) => g.node('Resize', [t([1, 2, 3, 3])], { mode: 'linear', sizes: [1, 3, 6, 6] }),
    'sizes [1,3,6,6] change batch or channels',
  ),
  wrong('scaling of bytes', (t) => o.resize(t([1, 2, 3, 3], 'uint8'), 6, 6), 'a is uint8, expected float32'),
  wrong('blocks that channels do not fill', (t) => o.depthToSpace(t([1, 6, 2, 2]), 2), '6 channels do not divide by 4'),
  wrong('blocks that rows do not fill', (t) => o.spaceToDepth(t([1, 1, 3, 4]), 2), '3 x 4 does not divide by 2'),
  wrong('a sum over an axis too many', (t) => o.reduceSum(t([2, 3]), [2]), 'axis 2 of rank 2'),
  wrong('a sum over nothing', (t) => o.reduceSum(t([2, 3]), []), 'no axes of rank 2'),
  wrong('a mean of bytes', (t) => o.reduceMean(t([2, 3], 'uint8')), 'a is uint8, expected float32'),
  wrong('one side only', (t, g) => g.node('Add', [t([2])], {}), '1 inputs, expected 2'),
  wrong(
    'too much',
    (t, g) => g.node('Conv', [t([2]), t([2]), t([2]), t([2])], { strides: [1, 1], pads: [0, 0, 0, 0], group: 1 }),
    '4 inputs, expected 2 to 3',
  ),
];

describe('refused while building', () => {
  test.each(table)('$what', ({ build, says }) => {
    const graph = new Graph('wrong');
    const make: Make = (shape, dtype = 'float32') => graph.input('abcd'[graph.inputs.length]!, dtype, shape);
    let thrown: unknown;
    try {
      build(make, graph);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toMatchObject({ code: 'graph/shape' });
    const { message } = thrown as Error;
    expect(message).toContain(says);
    // The tensor that would have come out, and the operator with what went in.
    expect(message).toMatch(/^Tensor (\w+): \1\((a\[.*\])?.*\): /);
  });

  test('the name carries the scope', () => {
    const graph = new Graph('wrong');
    const x = graph.input('x', 'float32', [2, 3]);
    expect(() => graph.scope('student', () => graph.scope('layer2', () => o.matMul(x, x)))).toThrow(
      'Tensor student/layer2/MatMul: MatMul(x[2,3], x[2,3]): inner lengths 3 and 2 differ',
    );
  });

  test('inputs and constants', () => {
    const graph = new Graph('wrong');
    expect(() => graph.input('x', 'float32', [2, 0])).toThrow('Tensor x: shape [2,0] is not made of positive integers');
    expect(() => graph.input('y', 'float32', [1.5])).toThrow('Tensor y: shape [1.5]');
    expect(() => graph.constant('k', new Float32Array(5), [2, 3])).toThrow('Tensor k: 5 values for shape [2,3] of 6');
  });

  test('names of the interface', () => {
    const graph = new Graph('wrong');
    const x = graph.input('x', 'float32', [2]);
    expect(() => graph.input('x', 'float32', [2])).toThrow('Tensor x: the name is taken already');
    expect(() => graph.output('x', x)).toThrow('Tensor x: is the name of an inner tensor');
    graph.output('y', x);
    expect(() => graph.output('y', x)).toThrow('Tensor y: is an output already');
    expect(graph.constant('y', new Float32Array(1), [1]).name).toBe('y_2');
  });

  test('a tensor of another graph', () => {
    const [here, there] = [new Graph('here'), new Graph('there')];
    const [x, y] = [here.input('x', 'float32', [2]), there.input('y', 'float32', [2])];
    expect(() => o.add(x, y)).toThrow('Tensor Add: y belongs to there');
    expect(() => here.output('z', y)).toThrow('Tensor z: y belongs to there');
  });
});
