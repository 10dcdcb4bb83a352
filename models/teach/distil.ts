/**
 * A compact teacher of our own: a small ResNet, taught by a lesson on procedural RGB-D frames. What the lesson asks is
 * the lesson's business (`lessons.ts`); this makes the step graph of it, runs it, and folds what was learned.
 */
import { writeSafetensors } from '../bundle/safetensors.ts';
import { adamDefaults } from '../grad/adam.ts';
import { gradients } from '../grad/gradients.ts';
import { Graph } from '../graph/graph.ts';
import type { Tensor } from '../graph/tensor.ts';
import { normEpsilon, TrainingLayers } from '../nets/layers.ts';
import { backbone, type Levels, type TeacherSpec } from '../nets/teacher.ts';
import type { Feeds } from '../runtime/session.ts';
import { adamOutputs, type StepGraphs } from './step.ts';
import { type SnapshotStore, type TrainProgress, train } from './train.ts';

/** Half ResNet-18's width, a quarter of its cost. */
export const compactTeacher: TeacherSpec = { stem: 32, blocks: [2, 2, 2], channels: [32, 64, 128], stemPool: 2 };

/** What the compact network learns from. */
export interface Lesson {
  /** Where the weights come from and under which licence, kept in the file. */
  readonly lineage: { readonly source: string; readonly licence: string };
  /** Declares the inputs of a step; gives the pictures seen and the loss of what the network makes of them. */
  pose(
    graph: Graph,
    shape: { batch: number; sidePx: number },
  ): { pictures: Tensor; loss(levels: Levels, layers: TrainingLayers): Tensor };
  feeds(step: number): Feeds;
}

export interface DistilOptions {
  lesson: Lesson;
  spec: TeacherSpec;
  /** Pictures a step, and steps in all. */
  batch: number;
  steps: number;
  /** Side of a picture, pixels, a multiple of 16. */
  sidePx: number;
  seed: number;
  learningRate: number;
  threads: number;
}

/** Snapshots are taken this often. */
const stepsPerEpoch = 50;
const settleRuns = 20;

/** The compact teacher as .safetensors bytes, its lineage in the metadata. */
export async function distil(
  options: DistilOptions,
  store: SnapshotStore,
  onProgress: (progress: TrainProgress) => void,
  signal: AbortSignal,
): Promise<{ bytes: Uint8Array; curve: number[] }> {
  const { batch, seed, spec, lesson } = options;
  const feeds = async (step: number): Promise<Feeds> => lesson.feeds(step);
  const plan = {
    graphs: distilGraphs(options),
    stepsPerEpoch,
    feeds: (epoch: number, step: number) => feeds(epoch * stepsPerEpoch + step),
    settleRuns,
    settleFeeds: feeds,
  };
  const epochs = Math.ceil(options.steps / stepsPerEpoch);
  const { values, curve } = await train(plan, { ...options, epochs, adam: adamDefaults }, store, onProgress, signal);
  const metadata = {
    format: 'pt',
    ...lesson.lineage,
    stemPool: String(spec.stemPool),
    seed: String(seed),
    pictures: String(epochs * stepsPerEpoch * batch),
  };
  return { bytes: writeSafetensors(folded(values), metadata), curve };
}

function distilGraphs({ spec, lesson, ...shape }: DistilOptions): StepGraphs {
  const build = (name: string): { graph: Graph; layers: TrainingLayers; loss: Tensor } => {
    const graph = new Graph(name);
    const { pictures, loss } = lesson.pose(graph, shape);
    const layers = new TrainingLayers(graph);
    const levels = backbone(pictures, spec, (x, conv, { out, kernel, stride }) =>
      layers.convNorm(x, conv, { out, kernel, stride }),
    );
    return { graph, layers, loss: loss(levels, layers) };
  };
  const step = build('distil');
  const slopes = gradients(
    step.loss,
    step.layers.parameters.map(({ tensor }) => tensor),
  );
  adamOutputs(step.graph, step.layers, slopes, adamDefaults);
  step.graph.output('loss', step.loss);
  step.layers.publishStatistics();
  const settle = build('settle');
  settle.layers.publishStatistics();
  return {
    parameters: step.layers.parameters.map(({ name, shape, initial }) => ({ name, shape, initial })),
    statistics: step.layers.statistics.map(({ name }) => name),
    step: step.graph,
    settle: settle.graph,
  };
}

/** Each convolution with its normalisation folded in, by torchvision's name; the heads stay behind. */
function folded(values: ReadonlyMap<string, Float32Array>): Map<string, { shape: number[]; data: Float32Array }> {
  const tensors = new Map<string, { shape: number[]; data: Float32Array }>();
  for (const [key, gamma] of values) {
    if (!key.endsWith('.gamma')) continue;
    const name = key.slice(0, -'.gamma'.length);
    const part = (what: string): Float32Array => values.get(`${name}.${what}`)!;
    const gain = gamma.map((g, c) => g / Math.sqrt(part('variance')[c]! + normEpsilon));
    const weight = part('weight');
    const perFilter = weight.length / gain.length;
    const kernel = name === 'conv1' ? 7 : name.includes('downsample') ? 1 : 3;
    const data = weight.map((w, i) => w * gain[Math.floor(i / perFilter)]!);
    tensors.set(`${name}.weight`, { shape: [gain.length, perFilter / kernel ** 2, kernel, kernel], data });
    tensors.set(`${name}.bias`, {
      shape: [gain.length],
      data: part('beta').map((b, c) => b - part('mean')[c]! * gain[c]!),
    });
  }
  return tensors;
}
