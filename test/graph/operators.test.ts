/** Every operator: what the runtime computes against what its definition says. */
import { afterAll, describe, expect, test } from 'vitest';
import { type OperatorName, operators } from '../../models/graph/operators.ts';
import { writeOnnx } from '../../models/onnx/write.ts';
import { openSession } from '../../models/runtime/session.ts';
import { interpret } from './interpreter.ts';
import { buildCases } from './operator-cases.ts';
import { printDifferences } from './report.ts';
import { fromRuntime, largestDifference, toRuntime } from './values.ts';

/** float32 sums of up to 150 products, and one division by a standard deviation, stay well below it. */
const tolerance = 5e-6;
const largest = new Map<string, number>();
afterAll(() => printDifferences('runtime against interpreter, largest difference per operator', tolerance, largest));

describe('the runtime computes what the definition says', () => {
  test.each(Object.keys(operators) as OperatorName[])('%s', async (operator) => {
    const { graph, feeds } = buildCases([operator], 7);
    expect(graph.nodes.some(({ op }) => op === operator)).toBe(true);
    const expected = interpret(graph, feeds);
    const session = await openSession(writeOnnx(graph), { threads: 1 });
    const given = graph.inputs.map(({ name, dtype }) => [name, toRuntime(feeds[name]!, dtype)] as const);
    const results = await session.run(Object.fromEntries(given));
    await session.release();
    for (const [name, tensor] of graph.outputs) {
      const difference = largestDifference(fromRuntime(results[name]!), expected.get(tensor)!);
      largest.set(operator, Math.max(largest.get(operator) ?? 0, difference));
      expect(difference, name).toBeLessThan(tolerance);
    }
  });
});
