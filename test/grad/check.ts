/** Builds a case with its gradients, and works the same gradients out by central differences. */

import { gradients } from '../../models/grad/gradients.ts';
import * as o from '../../models/graph/build.ts';
import { Graph } from '../../models/graph/graph.ts';
import type { Tensor } from '../../models/graph/tensor.ts';
import { interpret } from '../graph/interpreter.ts';
import { randomValues, seeded, type Values } from '../graph/values.ts';
import type { RuleCase } from './rule-cases.ts';

export interface BuiltRule {
  /** Outputs `loss` and, where gradients were asked for, `d <input>` each. */
  graph: Graph;
  feeds: Record<string, Values>;
  wanted: readonly Tensor[];
}

/** The loss weighs every element of the result differently, so that no mistake cancels out in the sum. */
export function buildRule(name: string, build: RuleCase, withGradients: boolean): BuiltRule {
  const graph = new Graph(name);
  const random = seeded(11);
  const feeds: Record<string, Values> = {};
  const wanted: Tensor[] = [];
  const input = (values: Values): Tensor => {
    const tensor = graph.input(`x${Object.keys(feeds).length}`, 'float32', values.shape);
    feeds[tensor.name] = values;
    return tensor;
  };
  const result = build({
    graph,
    fixed: (shape) => input(randomValues(shape, random, -2, 2)),
    wanted: (shape, from = -2, to = 2) => {
      const tensor = input(randomValues(shape, random, from, to));
      wanted.push(tensor);
      return tensor;
    },
  });
  const weights = graph.constant('weights', Float32Array.from(randomValues(result.shape, random).data), result.shape);
  const loss = o.reduceSum(o.mul(result, weights));
  graph.output('loss', loss);
  if (withGradients)
    for (const [i, gradient] of gradients(loss, wanted).entries()) graph.output(`d ${wanted[i]!.name}`, gradient);
  return { graph, feeds, wanted };
}

/** Half the step of a difference: its own error is about its square, the rounding of float64 about 1e-16 over it. */
const step = 1e-5;
/** Elements tried per input; drawn where there are more. Each costs two runs of the slow interpreter. */
const mostElements = 30;

/** [element, slope] of the loss along single elements of one input. */
export function slopes({ graph, feeds }: BuiltRule, name: string): [number, number][] {
  const random = seeded(5);
  const loss = graph.outputs.get('loss')!;
  const values = feeds[name]!;
  const lossWith = (element: number, change: number): number => {
    const data = values.data.with(element, values.data[element]! + change);
    return interpret(graph, { ...feeds, [name]: { shape: values.shape, data } }).get(loss)!.data[0]!;
  };
  const count = values.data.length;
  const elements =
    count <= mostElements
      ? [...values.data.keys()]
      : Array.from({ length: mostElements }, () => Math.floor(random() * count));
  return elements.map((element) => [element, (lossWith(element, step) - lossWith(element, -step)) / (2 * step)]);
}
