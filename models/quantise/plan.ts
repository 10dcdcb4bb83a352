/**
 * What of a network goes through whole numbers, and whose steps each tensor has. Convolutions with constant weights,
 * additions of branches and joins of channels do; everything else (attention, products with constants) stays fp32, and
 * so does a last convolution, whose result nothing reads but the world: one step for all its places would round the
 * quiet ones away, and the student's heads cost little.
 */
import type { Graph } from '../graph/graph.ts';
import type { Node, Tensor } from '../graph/tensor.ts';

export interface Plan {
  /** Tensors whose ranges on good parts are needed. */
  measured: readonly Tensor[];
  /** Every tensor that goes through whole numbers, with the measured one whose steps it has. */
  stepsOf: ReadonlyMap<Tensor, Tensor>;
  /**
   * Joins that only convolutions read: each branch keeps steps of its own, and the weights that read it make up for
   * them. With one step for all, a quiet branch beside a loud one drowns in rounding.
   */
  joins: ReadonlySet<Tensor>;
  weights: ReadonlyMap<Node, Weights>;
}

/** A convolution's weights: constant, or a constant times a gain for each output channel (the siamese teacher). */
export interface Weights {
  tensor: Tensor;
  gain: Float32Array | null;
}

/** They move values and make none: what comes out has the steps of what went in. */
const carriers: ReadonlySet<string> = new Set(['MaxPool', 'DepthToSpace']);

export function planQuantisation(graph: Graph): Plan {
  const readers = readersOf(graph);
  const published = new Set(graph.outputs.values());
  const weights = new Map<Node, Weights>();
  for (const node of graph.nodes) {
    const last = published.has(node.outputs[0]!) && !readers.has(node.outputs[0]!);
    const found = last ? null : weightsOf(graph, node);
    if (found) weights.set(node, found);
  }
  const joins = new Set<Tensor>();
  const stepsOf = new Map<Tensor, Tensor>();
  const give = (tensor: Tensor): void => void (stepsOf.has(tensor) || stepsOf.set(tensor, tensor));
  for (const node of graph.nodes) {
    const [first, output] = [node.inputs[0]!, node.outputs[0]!];
    if (carriers.has(node.op) && stepsOf.has(first)) stepsOf.set(output, stepsOf.get(first)!);
    if (!weights.has(node) && !addsOrJoins(graph, node)) continue;
    for (const input of node.op === 'Conv' ? [first] : node.inputs) give(input);
    const after = readers.get(output) ?? [];
    const convolved = after.length > 0 && after.every((reader) => weights.has(reader)) && !published.has(output);
    if (node.op === 'Concat' && convolved) joins.add(output);
    // A Relu that alone reads a sum belongs to it: the runtime makes both in one go.
    const [only] = after;
    const fused = only?.op === 'Relu' && after.length === 1 && !published.has(output);
    give(fused ? only.outputs[0]! : output);
  }
  const measured = [...new Set(stepsOf.values())].filter((tensor) => !joins.has(tensor));
  return { measured, stepsOf, joins, weights };
}

/** Additions of two pictures of one shape, and joins of pictures along their channels. */
function addsOrJoins(graph: Graph, { op, inputs }: Node): boolean {
  if (inputs.some((input) => input.shape.length !== 4 || graph.constants.has(input))) return false;
  return op === 'Concat' || (op === 'Add' && String(inputs[0]!.shape) === String(inputs[1]!.shape));
}

function weightsOf(graph: Graph, node: Node): Weights | null {
  if (node.op !== 'Conv') return null;
  const [, weight, bias] = node.inputs as [Tensor, Tensor, Tensor?];
  if (bias && !graph.constants.has(bias)) return null;
  if (graph.constants.has(weight)) return { tensor: weight, gain: null };
  if (weight.producer?.op !== 'Mul') return null;
  const [tensor, gain] = weight.producer.inputs as [Tensor, Tensor];
  const values = graph.constants.get(gain);
  const perFilter = String(gain.shape) === String([weight.shape[0], 1, 1, 1]);
  if (!graph.constants.has(tensor) || !(values instanceof Float32Array) || !perFilter) return null;
  // A filter that its gain turns round has other whole numbers than its twin.
  return values.every((each) => each > 0) ? { tensor, gain: values } : null;
}

function readersOf(graph: Graph): ReadonlyMap<Tensor, readonly Node[]> {
  const readers = new Map<Tensor, Node[]>();
  for (const node of graph.nodes) {
    for (const input of new Set(node.inputs)) readers.set(input, [...(readers.get(input) ?? []), node]);
  }
  return readers;
}
