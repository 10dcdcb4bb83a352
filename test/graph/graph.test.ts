/** How a graph reads, how its tensors are named, and how one graph is laid into another. */
import { describe, expect, test } from 'vitest';
import * as o from '../../models/graph/build.ts';
import { Graph } from '../../models/graph/graph.ts';
import { inline } from '../../models/graph/inline.ts';
import { interpret } from './interpreter.ts';

function small(): Graph {
  const graph = new Graph('small');
  const x = graph.input('x', 'float32', [1, 3, 8, 8]);
  const w = graph.constant('w', new Float32Array(4 * 3 * 3 * 3).fill(0.5), [4, 3, 3, 3]);
  const y = graph.scope('layer', () => o.relu(o.conv(x, w, { stride: 2, pad: 1 })));
  graph.output('score', o.reduceMax(o.mul(y, 2)));
  graph.output('map', y);
  return graph;
}

test('a graph prints itself, one line a node', () => {
  expect(small().print()).toMatchInlineSnapshot(`
    "graph small(x:float32[1,3,8,8])
      layer/Conv:float32[1,4,4,4] = Conv(x, w) {"strides":[2,2],"pads":[1,1,1,1],"group":1}
      layer/Relu:float32[1,4,4,4] = Relu(layer/Conv)
      Mul:float32[1,4,4,4] = Mul(layer/Relu, const_2)
      ReduceMax:float32[] = ReduceMax(Mul) {"axes":[0,1,2,3],"keepdims":false}
      return score=ReduceMax, map=layer/Relu"
  `);
});

describe('names', () => {
  test('a scope prefixes what is built inside, a name is never given twice', () => {
    const graph = new Graph('names');
    const x = graph.input('x', 'float32', [2]);
    const names = graph.scope('a', () => [o.neg(x).name, o.neg(x).name, graph.scope('b', () => o.neg(x).name)]);
    expect([...names, o.neg(x).name]).toEqual(['a/Neg', 'a/Neg_2', 'a/b/Neg', 'Neg']);
  });

  test('a scope ends also where building fails', () => {
    const graph = new Graph('names');
    const x = graph.input('x', 'float32', [2]);
    expect(() => graph.scope('a', () => o.not(x))).toThrow('a/Not');
    expect(o.neg(x).name).toBe('Neg');
  });

  test('the same number is one constant, outside any scope; zero keeps its sign', () => {
    const graph = new Graph('names');
    const [two, again] = [graph.scope('a', () => graph.scalar(2)), graph.scalar(2)];
    expect(again).toBe(two);
    expect(two.name).toBe('const_2');
    expect(Object.is(graph.constants.get(graph.scalar(-0))![0], -0)).toBe(true);
    expect(Object.is(graph.constants.get(graph.scalar(0))![0], 0)).toBe(true);
  });

  test('further outputs of a node have names of their own', () => {
    const graph = new Graph('names');
    const x = graph.input('BatchNormalization.1', 'float32', [2, 3, 2, 2]);
    const gamma = graph.input('gamma', 'float32', [3]);
    const names = o.batchNormTraining(x, gamma, gamma, 1e-5).map(({ name }) => name);
    expect(names).toEqual(['BatchNormalization', 'BatchNormalization.1_2', 'BatchNormalization.2']);
  });
});

describe('one graph in another', () => {
  test('twice, each time in a scope of its own, with the same result', () => {
    const part = small();
    const whole = new Graph('whole');
    const [a, b] = [whole.input('a', 'float32', [1, 3, 8, 8]), whole.input('b', 'float32', [1, 3, 8, 8])];
    const [first, second] = [inline(whole, part, { x: a }), inline(whole, part, { x: b }, 'other')];
    expect([first['map']!.name, second['map']!.name]).toEqual(['small/layer/Relu', 'other/layer/Relu']);
    const picture = { shape: [1, 3, 8, 8], data: Float64Array.from({ length: 192 }, (_, i) => Math.sin(i)) };
    const alone = interpret(part, { x: picture });
    const values = interpret(whole, { a: { shape: picture.shape, data: new Float64Array(192) }, b: picture });
    expect(values.get(second['score']!)).toEqual(alone.get(part.outputs.get('score')!));
    expect(values.get(first['score']!)!.data[0]).toBe(0);
  });

  test('an input that is handed through is the tensor it is fed with', () => {
    const part = new Graph('through');
    part.output('y', part.input('x', 'float32', [2]));
    const whole = new Graph('whole');
    const x = whole.input('x', 'float32', [2]);
    expect(inline(whole, part, { x })['y']).toBe(x);
  });

  test.each([
    ['missing', {}, 'Tensor x: small is not fed with it'],
    ['unknown', { x: [1, 3, 8, 8], z: [1] }, 'Tensor z: small has no such input'],
    ['of another shape', { x: [1, 3, 8, 9] }, 'Tensor x: small wants float32[1,3,8,8], fed float32[1,3,8,9] (feed x)'],
  ] as [string, Record<string, number[]>, string][])('a feed that is %s is named', (_, feeds, says) => {
    const whole = new Graph('whole');
    const tensors = Object.entries(feeds).map(([name, shape]) => [name, whole.input(`feed ${name}`, 'float32', shape)]);
    expect(() => inline(whole, small(), Object.fromEntries(tensors))).toThrow(says);
  });

  test('a feed of another type, or of another graph, is named', () => {
    const whole = new Graph('whole');
    const bytes = whole.input('bytes', 'uint8', [1, 3, 8, 8]);
    expect(() => inline(whole, small(), { x: bytes })).toThrow('fed uint8[1,3,8,8] (bytes)');
    const stranger = new Graph('elsewhere').input('x', 'float32', [1, 3, 8, 8]);
    expect(() => inline(whole, small(), { x: stranger })).toThrow('x belongs to elsewhere');
  });
});
