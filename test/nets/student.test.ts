/** The student box: its forms and shapes, that teaching and deployment are one network, and that it cannot copy. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Manifest } from '../../models/bundle/manifest.ts';
import { Graph } from '../../models/graph/graph.ts';
import { DeployedLayers, TrainingLayers } from '../../models/nets/layers.ts';
import { type Modality, student } from '../../models/nets/student.ts';
import type { Levels } from '../../models/nets/teacher.ts';
import { readOnnx } from '../../models/onnx/read.ts';
import { writeOnnx } from '../../models/onnx/write.ts';
import { seeded } from '../../models/random.ts';
import { type Feeds, openSession, type Session } from '../../models/runtime/session.ts';
import { openPreparer } from '../../models/teach/prepared.ts';
import { teach } from '../../models/teach/teach.ts';
import { fromRuntime, largestDifference } from '../graph/values.ts';
import { goodPart } from '../inference/tiny-bundle.ts';
import { hooks, tinyOptions } from '../teach/tiny-options.ts';
import { tinySpec } from '../teach/tiny-teacher.ts';

const spec = { prototypes: 6, interaction: 'both', targets: 'all', width: [8, 12] } as const;
const sides = { batch: 2, height: 64, width: 96 };

function inputs(graph: Graph, modalities: readonly Modality[]): Partial<Record<Modality, Levels>> {
  const level = (modality: Modality, i: number) => {
    const shape = [sides.batch, tinySpec.channels[i]!, sides.height / (4 << i), sides.width / (4 << i)];
    return graph.input(`${modality}${i}`, 'float32', shape);
  };
  return Object.fromEntries(modalities.map((m) => [m, [level(m, 0), level(m, 1), level(m, 2)]]));
}
function publish(graph: Graph, restored: Partial<Record<string, Levels>>): void {
  for (const [name, levels] of Object.entries(restored))
    for (const [i, level] of levels!.entries()) graph.output(`${name}:${i}`, level);
}

test.each([
  [['rgb', 'depth'] as const, ['fused', 'rgb', 'depth']],
  [['rgb'] as const, ['rgb']],
  [['depth'] as const, ['depth']],
])('taught on %j it restores %j, each in the shapes of its target', (modalities, targets) => {
  const graph = new Graph('student');
  const restored = student(new TrainingLayers(graph), inputs(graph, modalities), tinySpec, spec);
  expect(Object.keys(restored)).toEqual(targets);
  for (const levels of Object.values(restored))
    expect(levels.map(({ shape }) => [...shape])).toEqual([
      [2, 4, 16, 24],
      [2, 8, 8, 12],
      [2, 16, 4, 6],
    ]);
});

test('deployed with the statistics of a batch it gives what the teaching form gave on that batch', async () => {
  const random = seeded(5);
  const graph = new Graph('teaching');
  const layers = new TrainingLayers(graph);
  publish(graph, student(layers, inputs(graph, ['rgb', 'depth']), tinySpec, spec));
  layers.publishStatistics();
  const size = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);
  const draw = (shape: readonly number[], scale: number): Float32Array =>
    Float32Array.from({ length: size(shape) }, () => scale * random.normal());
  const parameters = new Map<string, Float32Array>();
  for (const { name, shape, initial } of layers.parameters)
    parameters.set(
      name,
      'normal' in initial ? draw(shape, initial.normal) : draw(shape, 0.2).map((x) => x + initial.value),
    );
  const feeds: Feeds = {};
  for (const { name, shape } of graph.inputs) feeds[name] = { shape, data: parameters.get(name) ?? draw(shape, 1) };
  const taught = await runOnce(graph, feeds);

  for (const { name } of layers.statistics)
    for (const what of ['mean', 'variance'])
      parameters.set(`${name}.${what}`, taught[`${what}:${name}`]!.data as Float32Array);
  const deployed = new Graph('deployed');
  publish(
    deployed,
    student(new DeployedLayers(deployed, parameters), inputs(deployed, ['rgb', 'depth']), tinySpec, spec),
  );
  const wanted = deployed.inputs.map(({ name }) => [name, feeds[name]!] as const);
  const served = await runOnce(deployed, Object.fromEntries(wanted));
  for (const name of deployed.outputs.keys())
    expect(largestDifference(fromRuntime(served[name]!), fromRuntime(taught[name]!)), name).toBeLessThan(1e-4);
});

async function runOnce(graph: Graph, feeds: Feeds) {
  const session = await openSession(writeOnnx(graph), { threads: 1 });
  const results = await session.run(feeds);
  await session.release();
  return results;
}

describe('no path from a place of the teacher to its restoration', () => {
  /** Of the change pasted into the features, at most this much may come back at that place; a copy gives 1. */
  const mostReturned = 0.15;
  const sessions: Session[] = [];
  let restore: (feeds: Feeds) => Promise<Feeds>;
  let features: Feeds;

  beforeAll(async () => {
    const { manifest, files } = await teach(tinyOptions({ epochs: 30 }), hooks());
    const open = async (file: string): Promise<Session> => {
      const session = await openSession(writeOnnx(readOnnx(files.get(file)!, file)), { threads: 1 });
      sessions.push(session);
      return session;
    };
    const [teacher, fusion, taught] = [
      await open('teacher.onnx'),
      await open('fusion.onnx'),
      await open('student.onnx'),
    ];
    const { rgb, depth, valid } = await prepared(manifest);
    const shape = [1, 3, 64, 64];
    const seen = await teacher.run({ rgb: { data: rgb, shape }, depth: { data: depth, shape } });
    const targets = await fusion.run({ ...seen, valid: { data: valid, shape: [1, 1, 64, 64] } });
    features = Object.fromEntries(taught.inputNames.map((name) => [name, targets[`target.${name}`]!]));
    restore = (feeds) => taught.run(feeds);
  });
  afterAll(async () => {
    for (const session of sessions) await session.release();
  });

  async function prepared(manifest: Manifest) {
    const preparer = await openPreparer(manifest, 1);
    const part = await preparer.prepare(goodPart(101));
    await preparer.release();
    return part;
  }

  const [channels, side] = [tinySpec.channels[0], 16];
  const changeAt = (after: ArrayLike<number>, before: ArrayLike<number>, places: readonly number[]): number =>
    Math.hypot(
      ...places.flatMap((place) =>
        Array.from({ length: channels }, (_, c) => after[c * side ** 2 + place]! - before[c * side ** 2 + place]!),
      ),
    );

  test.each([
    ['rgb0', 8, 8],
    ['rgb0', 3, 11],
    ['depth0', 8, 8],
    ['depth0', 12, 4],
  ] as const)('a defect pasted into %s at %d, %d does not come back', async (name, row, column) => {
    const clean = features[name]!.data as Float32Array;
    const defect = clean.slice();
    const places = [0, 1].flatMap((v) => [0, 1].map((u) => (row + v) * side + column + u));
    for (const place of places)
      for (let c = 0; c < channels; c++)
        defect[c * side ** 2 + place] = 3 * clean[((c + 1) % channels) * side ** 2 + place]! + 1;
    const pasted = changeAt(defect, clean, places);
    expect(pasted).toBeGreaterThan(5);
    const before = await restore(features);
    const after = await restore({ ...features, [name]: { ...features[name]!, data: defect } });
    const ratios = (['fused0', 'rgb0', 'depth0'] as const).map((target) => {
      const [x, y] = [after, before].map((each) => each[`restored.${target}`]!.data as Float32Array);
      return changeAt(x!, y!, places) / pasted;
    });
    for (const ratio of ratios) expect(ratio).toBeLessThan(mostReturned);
    // The student does look: a restoration that ignored its input would be no reconstruction.
    expect(Math.max(...ratios)).toBeGreaterThan(0);
  });
});
