/** The one graph from camera units to score: what it is made of, what it covers, what it never judges. */
import { beforeAll, describe, expect, test } from 'vitest';
import { assemble, type GraphSpec, halves, type Networks, servingOutputs } from '../../models/bundle/assemble.ts';
import { pairFeeds } from '../../models/bundle/golden.ts';
import type { Manifest } from '../../models/bundle/manifest.ts';
import { networkFiles } from '../../models/bundle/networks.ts';
import type { Graph } from '../../models/graph/graph.ts';
import type { OperatorName } from '../../models/graph/operators.ts';
import { readOnnx } from '../../models/onnx/read.ts';
import { writeOnnx } from '../../models/onnx/write.ts';
import { openSession } from '../../models/runtime/session.ts';
import { tinyFiles } from '../inference/taught-once.ts';
import { goodPart, grid } from '../inference/tiny-bundle.ts';

let manifest: Manifest;
let networks: Networks;
beforeAll(async () => {
  const files = await tinyFiles();
  manifest = JSON.parse(new TextDecoder().decode(files.get('manifest.json')!));
  networks = Object.fromEntries(networkFiles.map((file) => [file, readOnnx(files.get(file)!, file)])) as Networks;
});
const build = (change: Partial<GraphSpec> = {}): Graph =>
  assemble({ ...manifest, ...change }, manifest.variants[0]!, networks);
type Part = ReturnType<typeof goodPart>;
async function look(part: Part, change: Partial<GraphSpec> = {}): Promise<Record<string, ArrayLike<number>>> {
  const { input } = { ...manifest, ...change };
  const session = await openSession(writeOnnx(build(change)), { threads: 1 });
  const results = await session.run(pairFeeds(part.rgb, part.depthMm, input));
  await session.release();
  return Object.fromEntries(
    Object.entries(results).map(([name, { data }]) => [name, data as Float32Array | Uint8Array]),
  );
}

describe('what a device has to run', () => {
  /**
   * What the parser of TensorRT 10 takes, by its list of operators. Read, not tried: no part of this project has run
   * on such a device. Training forms, IsNaN and whatever else the graph could say are left out on purpose.
   */
  const takenByTensorrt: readonly OperatorName[] = [
    ...(['Conv', 'ConvTranspose', 'MatMul', 'Softmax', 'MaxPool', 'AveragePool'] as const),
    ...(['Add', 'Sub', 'Mul', 'Div', 'Max', 'Min', 'Neg', 'Abs', 'Exp', 'Log', 'Sqrt', 'Relu', 'Sigmoid'] as const),
    ...(['Greater', 'Less', 'And', 'Not', 'Where', 'Cast'] as const),
    ...(['Slice', 'Pad', 'Concat', 'Transpose', 'Reshape', 'Expand', 'Resize', 'DepthToSpace'] as const),
    ...(['ReduceSum', 'ReduceMean', 'ReduceMax'] as const),
  ];

  test.each([
    ['as taught', {}],
    [
      'with region, ignored area and a fixed datum',
      {
        roi: { x: 8, y: 4, widthPx: 48, heightPx: 56 },
        ignore: [{ x: 0, y: 0, widthPx: 9, heightPx: 9 }],
        datum: { kind: 'fixed', offsetMm: 400, slopeXMmAcross: 0, slopeYMmAcross: 0 },
      },
    ],
  ] as const)('%s: only operators the parser of TensorRT 10 takes', (_, change) => {
    const used = new Set(build(change as Partial<GraphSpec>).nodes.map(({ op }) => op));
    expect([...used].filter((op) => !takenByTensorrt.includes(op))).toEqual([]);
    expect(used.size).toBeGreaterThan(20);
  });

  test('static shapes, float32 arithmetic, reads back from the file as the same graph', () => {
    const graph = build();
    for (const node of graph.nodes)
      for (const { name, shape } of [...node.inputs, ...node.outputs])
        expect(
          shape.every((length) => Number.isInteger(length) && length > 0),
          name,
        ).toBe(true);
    expect(readOnnx(writeOnnx(graph), 'bundle').print()).toBe(graph.print());
  });

  test('in: one pair in camera units; out: what serving wants, and map and score of each half', () => {
    const graph = build();
    const shaped = graph.inputs.map(({ name, dtype, shape }) => `${name} ${dtype} ${shape}`);
    expect(shaped).toEqual(['rgb uint8 64,64,3', 'depthMm float32 64,64']);
    const outputs = new Set<string>([...servingOutputs, ...halves.flatMap((half) => [`score.${half}`, `map.${half}`])]);
    expect(new Set(graph.outputs.keys())).toEqual(outputs);
    expect([...graph.outputs.get('map')!.shape]).toEqual([64, 64]);
    expect(graph.outputs.get('judged')).toMatchObject({ dtype: 'uint8', shape: [64, 64] });
  });
});

describe('coverage', () => {
  test('a living pair is judged everywhere; the map joins its halves, the score is its peak', async () => {
    const outcome = await look(goodPart(1));
    expect(Array.from(outcome['judged']!).every((v) => v === 1)).toBe(true);
    expect(outcome['judgedShare']![0]).toBeGreaterThan(0.9);
    const [map, ...halves] = ['map', 'map.network', 'map.geometry', 'map.colour'].map((name) =>
      Array.from(outcome[name]!),
    );
    // Filling comes after joining: the halves' own filled maps are bounds.
    for (const [i, value] of map!.entries()) {
      const own = halves.map((half) => half[i]!);
      expect(value).toBeGreaterThan(Math.max(...own) - 1e-4);
      expect(value).toBeLessThan(own.reduce((sum, each) => sum + each) + 1e-4);
    }
    expect(outcome['score']![0]).toBeCloseTo(Math.max(...map!), 4);
  });

  test('a dead black camera: share 0, however much depth sees', async () => {
    const outcome = await look({ ...goodPart(1), rgb: new Uint8Array(64 * 64 * 3) });
    expect(outcome['judgedShare']![0]).toBe(0);
  });

  test.each([0, Number.NaN, Number.POSITIVE_INFINITY])(
    'depth of %d everywhere: share 0, map and score finite',
    async (code) => {
      const outcome = await look({ ...goodPart(1), depthMm: new Float32Array(64 * 64).fill(code) });
      expect(outcome['judgedShare']![0]).toBe(0);
      for (const name of ['score', 'map', 'datum'])
        expect(Array.from(outcome[name]!).every(Number.isFinite)).toBe(true);
    },
  );

  test('both dead: nothing is judged, and the score is 0', async () => {
    const outcome = await look({ ...grid, rgb: new Uint8Array(64 * 64 * 3), depthMm: new Float32Array(64 * 64) });
    expect(Array.from(outcome['judged']!).some((v) => v !== 0)).toBe(false);
    expect(outcome['score']![0]).toBe(0);
  });

  test('half of the depth missing: that share is said, and the places stay judged by colour', async () => {
    const depthMm = goodPart(1).depthMm.map((mm, i) => (i % 64 < 32 ? 0 : mm));
    const outcome = await look({ ...goodPart(1), depthMm });
    expect(outcome['judgedShare']![0]).toBeLessThanOrEqual(0.5);
    expect(outcome['judgedShare']![0]).toBeGreaterThan(0.4);
    expect(Array.from(outcome['judged']!).every((v) => v === 1)).toBe(true);
  });

  test('an ignored area is not judged, and what lies in it does not count', async () => {
    const part = goodPart(1);
    const ignored = { x: 16, y: 8, widthPx: 24, heightPx: 20 };
    const inside = (i: number): boolean => {
      const [x, y] = [i % 64, Math.floor(i / 64)];
      return x >= 16 && x < 40 && y >= 8 && y < 28;
    };
    const outcome = await look(part, { ignore: [ignored] });
    for (const [i, judged] of Array.from(outcome['judged']!).entries()) expect(judged).toBe(inside(i) ? 0 : 1);
    expect(Array.from(outcome['map']!).every((v, i) => !inside(i) || v === 0)).toBe(true);
  });

  test('outside the region of interest nothing is judged or seen', async () => {
    const roi = { x: 16, y: 8, widthPx: 32, heightPx: 48 };
    const inside = (i: number): boolean => {
      const [x, y] = [i % 64, Math.floor(i / 64)];
      return x >= 16 && x < 48 && y >= 8 && y < 56;
    };
    const part = goodPart(1);
    const other = { ...part, depthMm: part.depthMm.map((mm, i) => (inside(i) ? mm : Number.NaN)) };
    const [outcome, same] = [await look(part, { roi }), await look(other, { roi })];
    for (const [i, judged] of Array.from(outcome['judged']!).entries()) expect(judged).toBe(inside(i) ? 1 : 0);
    expect(same).toEqual(outcome);
  });
});
