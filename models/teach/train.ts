/**
 * The teaching loop: epochs over good parts in a seeded order, one run of the step graph per batch. Resumable: the
 * whole state is a snapshot, and the order depends on seed and epoch alone, so that an interrupted teaching ends in
 * the same bytes as one that was not.
 */
import { readSafetensors, writeSafetensors } from '../bundle/safetensors.ts';
import { type AdamSettings, adamStepSize } from '../grad/adam.ts';
import type { Graph } from '../graph/graph.ts';
import type { ParameterSpec } from '../nets/layers.ts';
import { writeOnnx } from '../onnx/write.ts';
import { seeded } from '../random.ts';
import { type Feeds, openSession, type Session, type TensorValue } from '../runtime/session.ts';
import { pooledMoments } from './statistics.ts';
import type { StepGraphs } from './step.ts';

export interface TrainOptions {
  epochs: number;
  learningRate: number;
  adam: AdamSettings;
  seed: number;
  threads: number;
}

/** What is taught: the graphs, and the values of each run. Feeds follow from epoch and step alone. */
export interface TrainPlan {
  graphs: StepGraphs;
  /** What the parameters start from; drawn from the seed where absent. */
  initial?: ReadonlyMap<string, Float32Array>;
  stepsPerEpoch: number;
  feeds(epoch: number, step: number): Promise<Feeds>;
  /** Runs over which the normalisations settle. */
  settleRuns: number;
  settleFeeds(run: number): Promise<Feeds>;
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
  plan: TrainPlan,
  options: TrainOptions,
  store: SnapshotStore,
  onProgress: (progress: TrainProgress) => void,
  signal: AbortSignal,
): Promise<Trained> {
  const { graphs, stepsPerEpoch: steps } = plan;
  const { epochs } = options;
  const state = restore(await store.load()) ?? {
    values: initialise(graphs.parameters, options.seed, plan.initial),
    curve: [],
    steps: 0,
  };
  const session = await openSession(writeOnnx(graphs.step), { threads: options.threads, spinning: true });
  try {
    for (let epoch = state.curve.length; epoch < epochs; epoch++) {
      let sum = 0;
      for (let step = 0; step < steps; step++) {
        signal.throwIfAborted();
        const rate = schedule(epoch * steps + step, epochs * steps) * options.learningRate;
        sum += await takeStep(session, graphs.step, await plan.feeds(epoch, step), state, rate, options);
        onProgress({ epoch, epochs, step: step + 1, steps, loss: sum / (step + 1) });
      }
      state.curve.push(sum / steps);
      await store.save(snapshot(state));
    }
  } finally {
    await session.release();
  }
  if (graphs.statistics.length > 0) await settle(plan, state, options.threads);
  const parameters = graphs.parameters.map(({ name }) => name);
  const statistics = graphs.statistics.flatMap((name) => [`${name}.mean`, `${name}.variance`]);
  const values = new Map([...parameters, ...statistics].map((name) => [name, state.values.get(name)!]));
  return { values, curve: state.curve };
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

/**
 * With the weights fixed, each normalisation takes the statistics of all parts: the mean of the batches' means, and the
 * mean of their variances plus the variance of their means. Without the latter, parts that come in kinds would be
 * measured by how much those of one batch differ.
 */
async function settle({ graphs, settleRuns, settleFeeds }: TrainPlan, state: State, threads: number): Promise<void> {
  const session = await openSession(writeOnnx(graphs.settle), { threads, spinning: true });
  const batches: Record<string, TensorValue>[] = [];
  for (let run = 0; run < settleRuns; run++) {
    batches.push(await session.run({ ...(await settleFeeds(run)), ...stateFeeds(state, graphs.settle) }));
  }
  await session.release();
  for (const name of graphs.statistics) {
    const of = (what: string): Float32Array[] => batches.map((batch) => batch[`${what}:${name}`]!.data as Float32Array);
    const { mean, variance } = pooledMoments(of('mean'), of('variance'));
    state.values.set(`${name}.mean`, mean);
    state.values.set(`${name}.variance`, variance);
  }
}

/** The inputs of a graph that are state: parameters and moments. */
function stateFeeds({ values }: State, graph: Graph): Feeds {
  const held = graph.inputs.filter(({ name }) => values.has(name));
  return Object.fromEntries(held.map(({ name, shape }) => [name, { data: values.get(name)!, shape }]));
}

/** Parameters as given or from their initial distributions, moments zero. */
function initialise(
  parameters: readonly ParameterSpec[],
  seed: number,
  given: ReadonlyMap<string, Float32Array> = new Map(),
): Map<string, Float32Array> {
  const random = seeded(seed, 0);
  const values = new Map<string, Float32Array>();
  for (const { name, shape, initial } of parameters) {
    const count = shape.reduce((product, length) => product * length, 1);
    const draw = (): number => ('normal' in initial ? initial.normal * random.normal() : initial.value);
    values.set(name, given.get(name) ?? Float32Array.from({ length: count }, draw));
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
