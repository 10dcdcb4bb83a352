import { expect, test } from 'vitest';
import * as o from '../../models/graph/build.ts';
import { Graph } from '../../models/graph/graph.ts';
import { lean } from '../../models/graph/lean.ts';
import { blur } from '../../models/nets/blur.ts';
import { interpret } from './interpreter.ts';
import { largestDifference, randomValues, seeded, type Values } from './values.ts';

const ops = (graph: Graph): string[] => graph.nodes.map(({ op }) => op);

/** Both graphs on the same random input, by the definitions of their operators. */
function difference(graph: Graph): number {
  const random = seeded(5);
  const feeds: Record<string, Values> = {};
  for (const { name, shape } of graph.inputs) feeds[name] = randomValues(shape, random);
  const [next, before] = [lean(graph), interpret(graph, feeds)];
  const after = interpret(next, feeds);
  return Math.max(
    ...[...graph.outputs].map(([name, tensor]) =>
      largestDifference(after.get(next.outputs.get(name)!)!, before.get(tensor)!),
    ),
  );
}

test.each([
  ['wide', 6, 9],
  ['narrower than the kernel', 3, 2],
])('a blur is two products with the same edges: %s', (_, height, width) => {
  const graph = new Graph('blur');
  graph.output('y', blur(graph.input('x', 'float32', [1, 1, height, width]), 1.2));
  expect(ops(lean(graph))).toEqual(['Reshape', 'MatMul', 'MatMul', 'Reshape']);
  expect(difference(graph)).toBeLessThan(1e-6);
});

test('sums and means over channels are products, with the axis kept or not', () => {
  const graph = new Graph('sums');
  const x = graph.input('x', 'float32', [1, 9, 3, 4]);
  graph.output('sum', o.reduceSum(x, [1], true));
  graph.output('mean', o.reduceMean(x, [1]));
  expect(ops(lean(graph)).filter((op) => op.startsWith('Reduce'))).toEqual([]);
  expect(difference(graph)).toBeLessThan(1e-6);
});

test('what is no such thing stays: other axes, few channels, a blur looked at half-way, a large picture', () => {
  const graph = new Graph('others');
  const x = graph.input('x', 'float32', [1, 9, 3, 4]);
  graph.output('rows', o.reduceSum(x, [2], true));
  graph.output('few', o.reduceSum(graph.input('few x', 'float32', [1, 3, 3, 4]), [1], true));
  const soft = blur(graph.input('p', 'float32', [1, 1, 5, 5]), 1);
  graph.output('half', soft.producer!.inputs[0]!);
  graph.output('soft', soft);
  graph.output('large', blur(graph.input('q', 'float32', [1, 1, 8, 400]), 1));
  expect(ops(lean(graph))).toEqual(ops(graph));
  expect(difference(graph)).toBe(0);
});
