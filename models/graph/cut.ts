/** Cutting a graph into stages that run one after the other, each a graph of its own: what merging is compared with. */
import { Graph } from './graph.ts';
import type { Node, Tensor } from './tensor.ts';

/**
 * A node belongs to the latest stage of what it reads, or to the one `least` gives it if that is later. What crosses a
 * cut is an output of one stage and an input of the next, `cut.<n>`; the graph's own inputs and outputs keep names.
 */
export function cut(graph: Graph, stages: number, least: (node: Node) => number): Graph[] {
  const stageOf = new Map<Tensor, number>();
  const nodeStages = graph.nodes.map((node) => {
    const stage = Math.max(least(node), ...node.inputs.map((input) => stageOf.get(input) ?? 0));
    for (const output of node.outputs) stageOf.set(output, stage);
    return stage;
  });
  const crossing = new Map<Tensor, string>();
  for (const [i, node] of graph.nodes.entries()) {
    for (const input of node.inputs) {
      if (!input.producer || stageOf.get(input) === nodeStages[i] || crossing.has(input)) continue;
      crossing.set(input, `cut.${crossing.size}`);
    }
  }
  return Array.from({ length: stages }, (_, stage) => {
    const part = new Graph(`${graph.name}.${stage}`);
    const here = new Map<Tensor, Tensor>();
    const bring = (tensor: Tensor): Tensor => {
      const known = here.get(tensor);
      if (known) return known;
      const data = graph.constants.get(tensor);
      const brought = data
        ? part.constant(tensor.name, data, tensor.shape)
        : part.input(crossing.get(tensor) ?? tensor.name, tensor.dtype, tensor.shape);
      here.set(tensor, brought);
      return brought;
    };
    const own = graph.nodes.filter((_node, i) => nodeStages[i] === stage);
    for (const { op, inputs, attributes, outputs } of own) {
      const made = part.node(op, inputs.map(bring), attributes, outputs[0]!.name);
      for (const [i, output] of outputs.entries()) here.set(output, made[i]!);
    }
    for (const [tensor, name] of crossing) if (stageOf.get(tensor) === stage) part.output(name, bring(tensor));
    for (const [name, tensor] of graph.outputs) {
      if ((stageOf.get(tensor) ?? 0) === stage) part.output(name, bring(tensor));
    }
    return part;
  });
}
