/**
 * The teaching loop: epochs over good parts in a seeded order, one run of the step graph per batch. Resumable: the
 * whole state is a snapshot, and the order depends on seed and epoch alone, so that an interrupted teaching ends in
 * the same bytes as one that was not.
 */
import { readSafetensors, writeSafetensors } from '../bundle/safetensors.ts';
import { adamStepSize } from '../grad/adam.ts';
import type { Graph } from '../graph/graph.ts';
import type { ParameterSpec } from '../nets/layers.ts';
import { writeOnnx } from '../onnx/write.ts';
import { seeded } from '../random.ts';
import { type Feeds, openSession, type Session } from '../runtime/session.ts';
import { type FeatureName, type FeatureSource, featureNames } from './features.ts';
import { type StepGraphs, type StepOptions, stepGraphs } from './step.ts';

export interface TrainOptions extends StepOptions {
  epochs: number;
  learningRate: number;
  seed: number;
  threads: number;
}

/** Where snapshots live; `load` gives the last one saved, or null. */
export interface SnapshotStore {
  load(): Promise<Uint8Array | null>;
  save(bytes: Uint8Array): Promise<void>;
}

export interface TrainProgress {
  epoch: number;
  epochs: number;
  step: number;
  steps: number;
  loss: number;
}

export interface Trained {
  /** Parameters and settled statistics by name, as DeployedLayers takes them. */
  values: Map<string, Float32Array>;
  /** Mean loss of each epoch. */
  curve: number[];
}

interface State {
  values: Map<string, Float32Array>;
  curve: number[];
  steps: number;
}

/** Share of the steps over which the learning rate rises; then it falls as a cosine to a hundredth. */
const warmUpShare = 0.05;

export async function train(
  source: FeatureSource,
  valid: (part: number) => Promise<Float32Array>,
  parts: number,
  options: TrainOptions,
  store: SnapshotStore,
  onProgress: (progress: TrainProgress) => void,
  signal: AbortSignal,
): Promise<Trained> {
  const graphs = stepGraphs(options);
  const state = restore(await store.load()) ?? {
    values: initialise(graphs.parameters, options.seed),
    curve: [],
    steps: 0,
  };
  const stepsPerEpoch = Math.max(1, Math.floor(parts / options.batch));
  const session = await openSession(writeOnnx(graphs.step), { threads: options.threads, spinning: true });
  const feed = (batch: readonly number[]): Promise<Feeds> => batchFeeds(batch, source, valid, graphs, options);
  for (let epoch = state.curve.length; epoch < options.epochs; epoch++) {
    const order = seeded(options.seed, 1, epoch).shuffled(parts);
    let sum = 0;
    for (let step = 0; step < stepsPerEpoch; step++) {
      signal.throwIfAborted();
      const batch = Array.from({ length: options.batch }, (_, i) => order[(step * options.batch + i) % parts]!);
      const rate = schedule(epoch * stepsPerEpoch + step, options.epochs * stepsPerEpoch) * options.learningRate;
      sum += await takeStep(session, graphs.step, await feed(batch), state, rate, options);
      onProgress({ epoch, epochs: options.epochs, step: step + 1, steps: stepsPerEpoch, loss: sum / (step + 1) });
    }
    state.curve.push(sum / stepsPerEpoch);
    await store.save(snapshot(state));
  }
  await session.release();
  await settle(graphs, state, feed, parts, options);
  const wanted = new Set([
    ...graphs.parameters.map(({ name }) => name),
    ...graphs.statistics.flatMap((name) => [`${name}.mean`, `${name}.variance`]),
  ]);
  return { values: new Map([...state.values].filter(([name]) => wanted.has(name))), curve: state.curve };
}

async function takeStep(
  session: Session,
  graph: Graph,
  feeds: Feeds,
  state: State,
  rate: number,
  { adam }: TrainOptions,
): Promise<number> {
  state.steps++;
  const results = await session.run({
    ...feeds,
    ...stateFeeds(state, graph),
    stepSize: { data: new Float32Array([adamStepSize(rate, state.steps, adam)]), shape: [] },
  });
  for (const [name, { data }] of Object.entries(results))
    if (name.startsWith('next:')) state.values.set(name.slice(5), data as Float32Array);
  return (results['loss']!.data as Float32Array)[0]!;
}

/** With the weights fixed, the normalisations take the mean of their batch statistics over all parts. */
async function settle(
  { settle: graph, statistics }: StepGraphs,
  state: State,
  feed: (batch: readonly number[]) => Promise<Feeds>,
  parts: number,
  { batch: size, threads }: TrainOptions,
): Promise<void> {
  const session = await openSession(writeOnnx(graph), { threads, spinning: true });
  const batches = Math.max(1, Math.floor(parts / size));
  const sums = new Map<string, Float64Array>();
  for (let batch = 0; batch < batches; batch++) {
    const feeds = await feed(Array.from({ length: size }, (_, i) => (batch * size + i) % parts));
    const results = await session.run({ ...feeds, ...stateFeeds(state, graph) });
    for (const name of statistics) {
      for (const what of ['mean', 'variance']) {
        const values = results[`${what}:${name}`]!.data as Float32Array;
        const sum = sums.get(`${name}.${what}`) ?? new Float64Array(values.length);
        sums.set(`${name}.${what}`, sum);
        for (let c = 0; c < values.length; c++) sum[c]! += values[c]! / batches;
      }
    }
  }
  await session.release();
  for (const [name, sum] of sums) state.values.set(name, Float32Array.from(sum));
}

async function batchFeeds(
  batch: readonly number[],
  source: FeatureSource,
  valid: (part: number) => Promise<Float32Array>,
  graphs: StepGraphs,
  { batch: size }: TrainOptions,
): Promise<Feeds> {
  const shapes = new Map(graphs.step.inputs.map(({ name, shape }) => [name, shape]));
  const columns = new Map<FeatureName | 'valid', Float32Array>();
  for (const [row, part] of batch.entries()) {
    const each = { ...(await source.features(part)), valid: await valid(part) };
    for (const name of [...featureNames, 'valid'] as const) {
      const column = columns.get(name) ?? new Float32Array(each[name].length * size);
      columns.set(name, column);
      column.set(each[name], row * each[name].length);
    }
  }
  return Object.fromEntries([...columns].map(([name, data]) => [name, { data, shape: shapes.get(name)! }]));
}

/** The inputs of a graph that are state: parameters and moments. */
function stateFeeds({ values }: State, graph: Graph): Feeds {
  const held = graph.inputs.filter(({ name }) => values.has(name));
  return Object.fromEntries(held.map(({ name, shape }) => [name, { data: values.get(name)!, shape }]));
}

/** Parameters from their initial distributions, moments zero. */
function initialise(parameters: readonly ParameterSpec[], seed: number): Map<string, Float32Array> {
  const random = seeded(seed, 0);
  const values = new Map<string, Float32Array>();
  for (const { name, shape, initial } of parameters) {
    const count = shape.reduce((product, length) => product * length, 1);
    values.set(
      name,
      Float32Array.from({ length: count }, () =>
        'normal' in initial ? initial.normal * random.normal() : initial.value,
      ),
    );
    values.set(`first:${name}`, new Float32Array(count));
    values.set(`second:${name}`, new Float32Array(count));
  }
  return values;
}

function schedule(step: number, steps: number): number {
  const warm = Math.max(1, warmUpShare * steps);
  const cosine = 0.5 * (1 + Math.cos((Math.PI * step) / steps));
  return Math.min(1, (step + 1) / warm) * (0.01 + 0.99 * cosine);
}

function snapshot({ values, curve, steps }: State): Uint8Array {
  const tensors = new Map([...values].map(([name, data]) => [name, { shape: [data.length], data }]));
  return writeSafetensors(tensors, { curve: JSON.stringify(curve), steps: String(steps) });
}

function restore(bytes: Uint8Array | null): State | null {
  if (!bytes) return null;
  const { tensors, metadata } = readSafetensors(bytes, 'teaching snapshot');
  const values = new Map([...tensors].map(([name, { data }]) => [name, data]));
  return { values, curve: JSON.parse(metadata['curve'] ?? '[]'), steps: Number(metadata['steps']) };
}
