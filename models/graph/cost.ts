/** What a graph costs to run once: multiply-adds of convolutions and matrix products, counted as two operations. */
import type { Graph } from './graph.ts';
import { size } from './operators.ts';
import type { Node } from './tensor.ts';

export function gflop(graph: Graph): number {
  return graph.nodes.reduce((sum, node) => sum + operations(node), 0) / 1e9;
}

function operations({ op, inputs, outputs }: Node): number {
  const out = size(outputs[0]!.shape);
  if (op === 'Conv') return 2 * out * size(inputs[1]!.shape.slice(1));
  if (op === 'ConvTranspose') return 2 * size(inputs[0]!.shape) * size(inputs[1]!.shape.slice(1));
  if (op === 'MatMul') return 2 * out * inputs[0]!.shape.at(-1)!;
  return 0;
}
