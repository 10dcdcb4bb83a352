/**
 * Every gradient rule: against central differences (float64 on both sides), and the runtime on the same graph against
 * the interpreter.
 */
import { afterAll, describe, expect, test } from 'vitest';
import { type OperatorName, operators } from '../../models/graph/operators.ts';
import { writeOnnx } from '../../models/onnx/write.ts';
import { openSession } from '../../models/runtime/session.ts';
import { interpret } from '../graph/interpreter.ts';
import { printDifferences } from '../graph/report.ts';
import { fromRuntime, largestDifference, toRuntime } from '../graph/values.ts';
import { buildRule, slopes } from './check.ts';
import { compositions, type RuleCase, ruleCases } from './rule-cases.ts';

/** Of the larger of 1 and the slope. Both sides are float64; constants such as epsilon are float32 in the graph. */
const slopeTolerance = 1e-7;
/** float32 against float64, of the largest gradient. */
const runtimeTolerance = 1e-5;
const againstSlopes = new Map<string, number>();
const againstRuntime = new Map<string, number>();
const raise = (largest: Map<string, number>, name: string, difference: number): void => {
  largest.set(name, Math.max(largest.get(name) ?? 0, difference));
};
afterAll(() => {
  printDifferences('gradients against central differences, per rule', slopeTolerance, againstSlopes);
  printDifferences('runtime against interpreter on gradients, per rule', runtimeTolerance, againstRuntime);
});

async function check(name: string, build: RuleCase, label: string): Promise<void> {
  const forward = buildRule(name, build, false);
  const { graph, feeds, wanted } = buildRule(name, build, true);
  const values = interpret(graph, feeds);
  expect(wanted.length).toBeGreaterThan(0);
  for (const input of wanted) {
    const gradient = values.get(graph.outputs.get(`d ${input.name}`)!)!;
    expect(gradient.shape).toEqual(input.shape);
    for (const [element, slope] of slopes(forward, input.name)) {
      const difference = Math.abs(gradient.data[element]! - slope) / Math.max(1, Math.abs(slope));
      raise(againstSlopes, name, difference);
      expect(difference, `${label}, ${input.name}[${element}], slope ${slope}`).toBeLessThan(slopeTolerance);
    }
  }
  const session = await openSession(writeOnnx(graph), { threads: 1 });
  const given = Object.entries(feeds).map(([input, value]) => [input, toRuntime(value)] as const);
  const results = await session.run(Object.fromEntries(given));
  await session.release();
  for (const [output, tensor] of graph.outputs) {
    const difference = largestDifference(fromRuntime(results[output]!), values.get(tensor)!);
    raise(againstRuntime, name, difference);
    expect(difference, `${label}, ${output}`).toBeLessThan(runtimeTolerance);
  }
}

const names = Object.keys(operators) as OperatorName[];
const smooth = names.filter((name) => ruleCases[name] !== 'refuses');

describe('each rule', () => {
  test.each(smooth)('%s', async (name) => {
    for (const [i, build] of (ruleCases[name] as readonly RuleCase[]).entries()) await check(name, build, `case ${i}`);
  });

  test('no rule is left out but the refusing ones', () => {
    const leftOut = names.filter((name) => {
      const cases = ruleCases[name];
      return (
        cases === 'refuses' ||
        !cases.some((build) => buildRule(name, build, false).graph.nodes.some((n) => n.op === name))
      );
    });
    expect(leftOut).toEqual(['Greater', 'Less', 'And', 'Or', 'Not', 'IsNaN', 'QuantizeLinear', 'DequantizeLinear']);
  });
});

test.each(Object.entries(compositions))('together: %s', async (name, build) => check(name, build, name));
