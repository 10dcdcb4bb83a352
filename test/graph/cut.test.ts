import { expect, test } from 'vitest';
import * as o from '../../models/graph/build.ts';
import { cut } from '../../models/graph/cut.ts';
import { Graph } from '../../models/graph/graph.ts';
import { interpret } from './interpreter.ts';
import { randomValues, seeded, type Values } from './values.ts';

test('stages run one after the other give what the whole graph gives', () => {
  const graph = new Graph('whole');
  const [x, y] = [graph.input('x', 'float32', [2, 3]), graph.input('y', 'float32', [2, 3])];
  const early = o.mul(x, 2);
  const middle = graph.scope('middle', () => o.add(early, y));
  const aside = o.neg(x);
  const late = graph.scope('late', () => o.mul(o.sub(middle, early), 2));
  graph.output('early', early);
  graph.output('late', o.add(late, aside));
  const stages = cut(
    graph,
    3,
    ({ outputs: [first] }) => ['middle/', 'late/'].findIndex((s) => first!.name.startsWith(s)) + 1,
  );
  expect(stages.map(({ inputs }) => inputs.map(({ name }) => name))).toEqual([
    ['x'],
    ['cut.0', 'y'],
    ['cut.1', 'cut.0', 'cut.2'],
  ]);
  const random = seeded(1);
  const known: Record<string, Values> = { x: randomValues([2, 3], random), y: randomValues([2, 3], random) };
  const expected = interpret(graph, { ...known });
  for (const stage of stages) {
    const values = interpret(stage, known);
    for (const [name, tensor] of stage.outputs) known[name] = values.get(tensor)!;
  }
  for (const [name, tensor] of graph.outputs) expect(known[name]).toEqual(expected.get(tensor));
});
