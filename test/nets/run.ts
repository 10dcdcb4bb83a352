/** Builds a small graph, runs it once on the real runtime and gives its outputs as values to compare. */
import type { Tensor } from '../../models/graph/graph.ts';
import { Graph } from '../../models/graph/graph.ts';
import { writeOnnx } from '../../models/onnx/write.ts';
import { openSession } from '../../models/runtime/session.ts';
import { fromRuntime, toRuntime, type Values } from '../graph/values.ts';

/** `build` gets the feeds as float32 inputs and names its outputs. */
export async function run<Name extends string>(
  feeds: Readonly<Record<string, Values>>,
  build: (graph: Graph, inputs: Record<string, Tensor>) => Record<Name, Tensor>,
  bytes: readonly string[] = [],
): Promise<Record<Name, Values>> {
  const graph = new Graph('under test');
  const inputs: Record<string, Tensor> = {};
  const given: Record<string, ReturnType<typeof toRuntime>> = {};
  for (const [name, values] of Object.entries(feeds)) {
    const dtype = bytes.includes(name) ? 'uint8' : 'float32';
    inputs[name] = graph.input(name, dtype, values.shape);
    given[name] = toRuntime(values, dtype);
  }
  for (const [name, tensor] of Object.entries<Tensor>(build(graph, inputs))) graph.output(`out.${name}`, tensor);
  const session = await openSession(writeOnnx(graph), { threads: 1 });
  const results = await session.run(given);
  await session.release();
  const named = Object.entries(results).map(([name, value]) => [name.slice('out.'.length), fromRuntime(value)]);
  return Object.fromEntries(named) as Record<Name, Values>;
}

export const values = (shape: readonly number[], ...numbers: number[]): Values => ({
  shape,
  data: Float64Array.from(numbers),
});
export const finite = ({ data }: Values): boolean => data.every(Number.isFinite);
