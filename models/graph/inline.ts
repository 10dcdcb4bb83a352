/** Merging graphs: lays one graph into another, its inputs bound to tensors there. */
import { fail } from '../../errors.ts';
import { Graph } from './graph.ts';
import type { Tensor } from './tensor.ts';

/**
 * Copies `part` into `whole` under a scope and returns its outputs there. Every input of `part` must be fed with a
 * tensor of its type and shape; an unknown or missing feed is an error that names it.
 */
export function inline(
  whole: Graph,
  part: Graph,
  feeds: Record<string, Tensor>,
  scope = part.name,
): Record<string, Tensor> {
  const here = new Map<Tensor, Tensor>();
  for (const input of part.inputs) {
    const feed = feeds[input.name];
    if (!feed) throw fail('graph/shape', { tensor: input.name, problem: `${part.name} is not fed with it` });
    if (feed.dtype !== input.dtype || String(feed.shape) !== String(input.shape)) {
      const [wants, fed] = [input, feed].map(({ dtype, shape }) => `${dtype}[${shape}]`);
      const problem = `${part.name} wants ${wants}, fed ${fed} (${feed.name})`;
      throw fail('graph/shape', { tensor: input.name, problem });
    }
    here.set(input, feed);
  }
  for (const name of Object.keys(feeds)) {
    if (!part.inputs.some((input) => input.name === name))
      throw fail('graph/shape', { tensor: name, problem: `${part.name} has no such input` });
  }
  return whole.scope(scope, () => {
    lay(whole, part, here);
    return Object.fromEntries([...part.outputs].map(([name, tensor]) => [name, here.get(tensor)!]));
  });
}

/** A copy of a graph that publishes these tensors of it instead of its own outputs. */
export function publishing(graph: Graph, outputs: ReadonlyMap<string, Tensor>): Graph {
  const copy = new Graph(graph.name);
  const here = new Map<Tensor, Tensor>();
  for (const input of graph.inputs) here.set(input, copy.input(input.name, input.dtype, input.shape));
  lay(copy, graph, here);
  for (const [name, tensor] of outputs) copy.output(name, here.get(tensor)!);
  return copy;
}

/** Copies constants and nodes; `here` knows the inputs and learns the rest. */
function lay(whole: Graph, part: Graph, here: Map<Tensor, Tensor>): void {
  for (const [tensor, data] of part.constants) here.set(tensor, whole.constant(tensor.name, data, tensor.shape));
  for (const node of part.nodes) {
    const inputs = node.inputs.map((input) => here.get(input)!);
    const outputs = whole.node(node.op, inputs, node.attributes, node.outputs[0]!.name);
    for (const [i, tensor] of node.outputs.entries()) here.set(tensor, outputs[i]!);
  }
}
