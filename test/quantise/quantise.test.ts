/** Tiny networks in eight and sixteen bits on the real runtime, against themselves in fp32. */
import { describe, expect, test } from 'vitest';
import * as o from '../../models/graph/build.ts';
import { Graph } from '../../models/graph/graph.ts';
import type { Tensor } from '../../models/graph/tensor.ts';
import { readOnnx } from '../../models/onnx/read.ts';
import { writeOnnx } from '../../models/onnx/write.ts';
import { halfBits, inHalf } from '../../models/quantise/half.ts';
import { planQuantisation } from '../../models/quantise/plan.ts';
import { quantise } from '../../models/quantise/quantise.ts';
import { measureRanges } from '../../models/quantise/ranges.ts';
import type { Form } from '../../models/quantise/steps.ts';
import { openSession } from '../../models/runtime/session.ts';
import { seeded } from '../graph/values.ts';

const shape = [1, 4, 8, 8];
const random = seeded(3);
const values = (length: number, scale = 1): Float32Array =>
  Float32Array.from({ length }, () => scale * (2 * random() - 1));

function weights(graph: Graph, name: string, out: number, into: number, kernel: number, scale = 0.4): Tensor {
  return graph.constant(name, values(out * into * kernel * kernel, scale), [out, into, kernel, kernel]);
}

/** A residual block behind a pool, a join of a loud and a quiet branch, and a head. */
function network(): Graph {
  const graph = new Graph('net');
  const x = graph.input('x', 'float32', shape);
  const bias = graph.constant('b', values(4), [4]);
  const stem = o.relu(o.conv(x, weights(graph, 'stem', 4, 4, 3), { pad: 1, bias }));
  const pooled = o.maxPool(stem, 3, 1, 1);
  const sum = o.relu(o.add(o.conv(pooled, weights(graph, 'inner', 4, 4, 3), { pad: 1 }), pooled));
  const quiet = o.conv(sum, weights(graph, 'quiet', 4, 4, 1, 0.004));
  const joined = o.concat([sum, quiet], 1);
  const trunk = o.relu(o.conv(joined, weights(graph, 'trunk', 8, 8, 1)));
  graph.output('y', o.conv(o.depthToSpace(trunk, 2), weights(graph, 'head', 3, 2, 1)));
  return graph;
}

const feeds = Array.from({ length: 6 }, () => ({ x: { shape, data: values(256) } }));

async function outputs(graph: Graph): Promise<Float32Array[]> {
  // Through the file: what is read back is what runs.
  const session = await openSession(writeOnnx(readOnnx(writeOnnx(graph), 'net')), { threads: 1 });
  const results: Float32Array[] = [];
  for (const feed of feeds) results.push((await session.run(feed))['y']!.data as Float32Array);
  await session.release();
  return results;
}

const whole = { tail: 0, of: 'widest' } as const;

async function quantised(graph: Graph, form: Form): Promise<Graph> {
  const [ranges] = await measureRanges(graph, planQuantisation(graph).measured, feeds, [whole], 1);
  return quantise(graph, ranges!, form);
}

/** Root mean square of the difference, as a share of the expected one's. */
function relativeError(actual: readonly Float32Array[], expected: readonly Float32Array[]): number {
  const sum = (of: (a: number, b: number) => number): number =>
    expected.reduce((total, y, k) => total + y.reduce((each, b, i) => each + of(actual[k]![i]!, b), 0), 0);
  return Math.sqrt(sum((a, b) => (a - b) ** 2) / sum((_, b) => b ** 2));
}

describe('eight bits', () => {
  const graph = network();

  test.each(['u8', 's8'] as const)('%s: close to fp32, and not equal to it', async (form) => {
    const error = relativeError(await outputs(await quantised(graph, form)), await outputs(graph));
    expect(error).toBeLessThan(form === 'u8' ? 0.02 : 0.035);
    expect(error).toBeGreaterThan(1e-4);
  });

  test('the plan: sums with their Relu, pools with the steps before them, the join, but not the head', () => {
    const plan = planQuantisation(graph);
    expect(plan.weights.size).toBe(4);
    expect(plan.measured.map(({ name }) => name)).toEqual(['x', 'Relu', 'Conv_2', 'Relu_2', 'Conv_3', 'Relu_3']);
    expect([...plan.joins].map(({ name }) => name)).toEqual(['Concat']);
    const pool = graph.nodes.find(({ op }) => op === 'MaxPool')!.outputs[0]!;
    expect(plan.stepsOf.get(pool)!.name).toBe('Relu');
  });

  test('a quiet branch beside a loud one is not rounded away', async () => {
    const only = new Graph('only');
    const x = only.input('x', 'float32', shape);
    const quiet = o.conv(x, weights(only, 'q', 4, 4, 1, 0.002));
    const loud = o.conv(x, weights(only, 'l', 4, 4, 1, 2));
    // The reader gives the quiet branch a thousand times the weight of the loud one.
    const read = Float32Array.from({ length: 8 * 8 }, (_, i) => (i % 8 < 4 ? 100 : 0.1) * (2 * random() - 1));
    const y = o.conv(o.concat([quiet, loud], 1), only.constant('r', read, [8, 8, 1, 1]));
    only.output('y', o.mul(o.relu(y), 1));
    const error = relativeError(await outputs(await quantised(only, 'u8')), await outputs(only));
    expect(error).toBeLessThan(0.02);
  });

  test('weights are bytes, twins share them, and a gain on the shared weights becomes a step', async () => {
    const twins = new Graph('twins');
    const x = twins.input('x', 'float32', shape);
    const shared = weights(twins, 'w', 4, 4, 3);
    const gain = twins.constant('gain', new Float32Array([0.5, 1, 2, 4]), [4, 1, 1, 1]);
    const [plain, gained] = [o.conv(x, shared, { pad: 1 }), o.conv(x, o.mul(shared, gain), { pad: 1 })];
    twins.output('y', o.mul(o.concat([o.relu(plain), o.relu(gained)], 1), 1));
    const eight = await quantised(twins, 'u8');
    const large = [...eight.constants].filter(([tensor]) => tensor.shape.length === 4);
    expect(large.map(([{ name, dtype }]) => `${name} ${dtype}`)).toEqual(['w int8']);
    // The one product left is the last: none is made of weights any more.
    expect(eight.nodes.filter(({ op }) => op === 'Mul')).toHaveLength(1);
    expect(relativeError(await outputs(eight), await outputs(twins))).toBeLessThan(0.02);
  });

  test('symmetric: zero points are signed zeros, biases stay fp32', async () => {
    const eight = await quantised(graph, 's8');
    const zeros = [...eight.constants].filter(([{ name }]) => name.startsWith('zero_'));
    expect(zeros.map(([, data]) => data)).toEqual([new Int8Array([0])]);
    expect([...eight.constants.values()].some((data) => data instanceof Int32Array)).toBe(false);
  });

  test('a cut tail leaves the outliers out of the range', async () => {
    const plain = new Graph('plain');
    const x = plain.input('x', 'float32', [1, 1, 40, 40]);
    plain.output('y', o.relu(x));
    const data = Float32Array.from({ length: 1600 }, (_, i) => (i === 7 ? 100 : i / 1600));
    const cuts = [whole, { ...whole, tail: 1e-3 }];
    const [all, cut] = await measureRanges(plain, [x], [{ x: { data, shape: [1, 1, 40, 40] } }], cuts, 1);
    expect(all!.get('x')).toEqual({ low: 0, high: 100 });
    expect(cut!.get('x')!.high).toBeLessThanOrEqual(1);
  });

  test('one part that reaches far does not make the steps of all others coarse', async () => {
    const plain = new Graph('plain');
    const x = plain.input('x', 'float32', [1, 1, 2, 2]);
    plain.output('y', o.relu(x));
    const reaching = [1, 1, 1, 1, 1, 1, 1, 1, 1, 11];
    const feeds = reaching.map((high) => ({ x: { data: Float32Array.of(-1, 0, 0, high), shape: [1, 1, 2, 2] } }));
    const [widest, usual] = await measureRanges(plain, [x], feeds, [whole, { ...whole, of: 'usual' }], 1);
    expect(widest!.get('x')).toEqual({ low: -1, high: 11 });
    expect(usual!.get('x')).toEqual({ low: -1, high: 2 });
  });
});

describe('half precision', () => {
  test('casts at the ends, halves within, close to fp32', async () => {
    const graph = network();
    const half = inHalf(graph);
    expect(half.inputs.map(({ dtype }) => dtype)).toEqual(['float32']);
    expect([...half.outputs.values()].map(({ dtype }) => dtype)).toEqual(['float32']);
    expect([...half.constants.values()].every((data) => data instanceof Uint16Array)).toBe(true);
    expect(relativeError(await outputs(half), await outputs(graph))).toBeLessThan(2e-3);
  });

  test.each([
    [0, 0],
    [-0, 0x8000],
    [1, 0x3c00],
    [-2, 0xc000],
    [65504, 0x7bff],
    [65536, 0x7c00],
    [Number.NEGATIVE_INFINITY, 0xfc00],
    [2 ** -14, 0x0400],
    [2 ** -24, 0x0001],
    [2 ** -26, 0],
    // Half-way between two: to the even one.
    [1 + 2 ** -11, 0x3c00],
    [1 + 3 * 2 ** -11, 0x3c02],
    [2047.9999, 0x6800],
    [3 * 2 ** -25, 0x0002],
  ])('%d', (value, bits) => {
    expect(halfBits(value)).toBe(bits);
  });

  test('not a number stays so', () => {
    expect(halfBits(Number.NaN) & 0x7fff).toBeGreaterThan(0x7c00);
  });
});
