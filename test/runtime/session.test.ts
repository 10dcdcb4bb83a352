/** The door to onnxruntime: what it refuses, which outputs come back, and that a session keeps nothing between runs. */
import { afterAll, describe, expect, test } from 'vitest';
import * as o from '../../models/graph/build.ts';
import { Graph } from '../../models/graph/graph.ts';
import { writeOnnx } from '../../models/onnx/write.ts';
import { listProviders, openSession, type Provider, runtimeVersion } from '../../models/runtime/session.ts';

function sumAndDouble(): Uint8Array {
  const graph = new Graph('small');
  const x = graph.input('x', 'float32', [2, 3]);
  graph.output('double', o.mul(x, 2));
  graph.output('sum', o.reduceSum(x));
  graph.output('positive', o.greater(x, 0));
  graph.output('whole', o.cast(x, 'int64'));
  graph.output('same', x);
  return writeOnnx(graph);
}
const x = { shape: [2, 3], data: new Float32Array([1, -2, 3, -4, 5, -6]) };

describe('refused when opening', () => {
  test('a provider that is not in this installation', async () => {
    const opening = openSession(sumAndDouble(), { provider: 'rocm' as Provider });
    await expect(opening).rejects.toMatchObject({ code: 'runtime/provider', values: { provider: 'rocm' } });
    await expect(opening).rejects.toThrow('Execution provider rocm is not in this installation; it has cpu');
  });

  test.skipIf(listProviders().includes('tensorrt'))('TensorRT where the package only names it', async () => {
    const opening = openSession(sumAndDouble(), { provider: 'tensorrt' });
    await expect(opening).rejects.toMatchObject({ code: 'runtime/provider', values: { provider: 'tensorrt' } });
  });

  test.each([
    ['nothing', new Uint8Array(0)],
    ['garbage', Uint8Array.from({ length: 200 }, (_, i) => (i * 73) % 256)],
    ['half a model', sumAndDouble().subarray(0, 90)],
  ])('%s', async (_, bytes) => {
    await expect(openSession(bytes)).rejects.toMatchObject({ code: 'runtime/model' });
    await expect(openSession(bytes)).rejects.toThrow(/^onnxruntime refuses the graph: ./);
  });
});

describe('a session', () => {
  const opened = openSession(sumAndDouble(), { threads: 1 });
  afterAll(async () => (await opened).release());

  test('knows the names of its interface', async () => {
    const { inputNames, outputNames } = await opened;
    expect(inputNames).toEqual(['x']);
    expect(outputNames).toEqual(['double', 'sum', 'positive', 'whole', 'same']);
  });

  test('gives every output with its shape and type', async () => {
    const results = await (await opened).run({ x });
    expect(results).toEqual({
      double: { shape: [2, 3], data: new Float32Array([2, -4, 6, -8, 10, -12]) },
      sum: { shape: [], data: new Float32Array([-3]) },
      positive: { shape: [2, 3], data: new Uint8Array([1, 0, 1, 0, 1, 0]) },
      whole: { shape: [2, 3], data: new BigInt64Array([1n, -2n, 3n, -4n, 5n, -6n]) },
      same: x,
    });
  });

  test('gives only the outputs asked for', async () => {
    const results = await (await opened).run({ x }, ['sum', 'whole']);
    expect(Object.keys(results).sort()).toEqual(['sum', 'whole']);
  });

  test('takes a window of a larger buffer', async () => {
    const data = new Float32Array([9, 9, 1, 1, 1, 1, 1, 1, 9]).subarray(2, 8);
    const { sum } = await (await opened).run({ x: { shape: [2, 3], data } }, ['sum']);
    expect(sum!.data[0]).toBe(6);
  });

  test('rejects a feed of another shape or type, a missing one, and an unknown output', async () => {
    const session = await opened;
    await expect(session.run({ x: { shape: [3, 2], data: x.data } })).rejects.toThrow(/x/);
    await expect(session.run({ x: { shape: [2, 3], data: new Uint8Array(6) } })).rejects.toThrow(/type/);
    await expect(session.run({ x: { shape: [2, 4], data: x.data } })).rejects.toThrow(/8/);
    await expect(session.run({})).rejects.toThrow("'x'");
    await expect(session.run({ x }, ['absent'])).rejects.toThrow('absent');
  });

  test('rejects once released', async () => {
    const session = await openSession(sumAndDouble(), { threads: 1 });
    await session.release();
    await expect(session.run({ x })).rejects.toThrow(/disposed/);
    await expect(session.release()).rejects.toThrow(/disposed/);
  });
});

test('batch statistics of one run, NaN among them, do not reach the next', async () => {
  const graph = new Graph('statistics');
  const input = graph.input('x', 'float32', [1, 2, 2, 2]);
  const [gamma, beta] = [
    graph.constant('gamma', new Float32Array([1, 1]), [2]),
    graph.constant('beta', new Float32Array(2), [2]),
  ];
  const [y, mean] = o.batchNormTraining(input, gamma, beta, 1e-5);
  graph.output('y', y);
  graph.output('mean', mean);
  const session = await openSession(writeOnnx(graph), { threads: 1 });
  const run = (data: number[]) => session.run({ x: { shape: [1, 2, 2, 2], data: new Float32Array(data) } });
  const clean = [1, 2, 3, 4, 10, 20, 30, 40];
  const before = await run(clean);
  expect(before['mean']!.data).toEqual(new Float32Array([2.5, 25]));
  expect((await run(clean.with(1, Number.NaN)))['mean']!.data[0]).toBeNaN();
  expect(await run(clean)).toEqual(before);
  await session.release();
});

test('the version of the runtime is known', () => {
  expect(runtimeVersion()).toMatch(/^\d+\.\d+\.\d+/);
});
