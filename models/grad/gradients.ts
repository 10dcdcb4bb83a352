/**
 * Reverse mode over a graph: appends the nodes that compute d(loss)/d(tensor) to the graph the loss is in.
 *
 * One pass from the loss to the inputs in reverse order of building; each operator's rule (rules.ts) says how its
 * outputs' gradients become its inputs'. The result is an ordinary graph, run by the ordinary runtime.
 */
import { fail, invariant } from '../../errors.ts';
import { add } from '../graph/build.ts';
import type { OperatorAttributes, OperatorName } from '../graph/operators.ts';
import type { Node, Tensor } from '../graph/tensor.ts';
import { type Rule, rules } from './rules.ts';

/** Gradients of a scalar `loss` (shape []) with respect to each of `wanted`, in order, each of its tensor's shape. */
export function gradients(loss: Tensor, wanted: readonly Tensor[]): Tensor[] {
  if (loss.shape.length !== 0)
    throw fail('graph/shape', { tensor: loss.name, problem: `a loss is a scalar, not [${loss.shape}]` });
  const graph = loss.graph;
  const needed = reaching(graph.nodes, wanted);
  const gradient = new Map<Tensor, Tensor>([[loss, graph.scalar(1)]]);
  const forward = [...graph.nodes];
  graph.scope('grad', () => {
    for (const node of forward.reverse()) {
      const outer = node.outputs.map((output) => gradient.get(output) ?? null);
      if (outer.every((each) => each === null) || !node.inputs.some((input) => needed.has(input))) continue;
      const wants = node.inputs.map((input) => needed.has(input));
      const rule = rules[node.op] as Rule<OperatorAttributes[OperatorName]>;
      const inner = rule({
        node,
        inputs: node.inputs,
        outputs: node.outputs,
        attributes: node.attributes,
        outer,
        wants,
      });
      node.inputs.forEach((input, i) => {
        const part = inner[i];
        if (!wants[i] || !part) return;
        invariant(String(part.shape) === String(input.shape), `gradient of ${input.name} is [${part.shape}]`);
        const sum = gradient.get(input);
        gradient.set(input, sum ? add(sum, part) : part);
      });
    }
  });
  return wanted.map((tensor) => {
    const found = gradient.get(tensor);
    if (!found)
      throw fail('graph/shape', { tensor: tensor.name, problem: `the loss ${loss.name} does not depend on it` });
    return found;
  });
}

/** Every tensor that depends on one of `wanted`, and those themselves: only these need a gradient. */
function reaching(nodes: readonly Node[], wanted: readonly Tensor[]): Set<Tensor> {
  const reached = new Set(wanted);
  for (const node of nodes) {
    if (node.inputs.some((input) => reached.has(input))) for (const output of node.outputs) reached.add(output);
  }
  return reached;
}
