/** The training step as one graph: fusion, student, loss, backward, Adam. onnxruntime runs it like any other. */
import { type AdamSettings, adam } from '../grad/adam.ts';
import { gradients } from '../grad/gradients.ts';
import * as o from '../graph/build.ts';
import { Graph } from '../graph/graph.ts';
import type { Tensor } from '../graph/tensor.ts';
import { cosineDistance } from '../nets/distance.ts';
import { type FusionStatistics, fusion, type TargetName } from '../nets/fusion.ts';
import { FoldedLayers, type ParameterSpec, TrainingLayers } from '../nets/layers.ts';
import type { Recipe } from '../nets/recipe.ts';
import { type Modality, type StudentSpec, student } from '../nets/student.ts';
import type { Levels, TeacherSpec } from '../nets/teacher.ts';
import { inheritedTargets } from './inherited.ts';

export interface StepGraphs {
  parameters: ParameterSpec[];
  statistics: string[];
  /** parameters, moments, features, stepSize -> loss, next parameters and moments */
  step: Graph;
  /** parameters, features -> batch statistics of every normalisation, no gradient */
  settle: Graph;
}

export interface StepOptions {
  batch: number;
  working: { widthPx: number; heightPx: number };
  teacher: TeacherSpec;
  student: StudentSpec;
  modalities: readonly Modality[];
  recipe: Recipe;
  /** The fusion's; or the fusion of a bundle whose student is taught on, from folded weights. */
  statistics: FusionStatistics | { inherited: Graph };
  adam: AdamSettings;
}

export function stepGraphs(options: StepOptions): StepGraphs {
  const step = new Graph('step');
  const { loss, layers } = forward(step, options);
  const slopes = gradients(
    loss,
    layers.parameters.map(({ tensor }) => tensor),
  );
  adamOutputs(step, layers, slopes, options.adam);
  step.output('loss', loss);
  layers.publishStatistics();

  const settle = new Graph('settle');
  forward(settle, options).layers.publishStatistics();
  return {
    parameters: layers.parameters.map(({ name, shape, initial }) => ({ name, shape, initial })),
    statistics: layers.statistics.map(({ name }) => name),
    step,
    settle,
  };
}

function forward(graph: Graph, options: StepOptions): { loss: Tensor; layers: TrainingLayers } {
  const { batch, working, teacher } = options;
  const level = (modality: Modality, i: number): Tensor => {
    const stride = 4 * 2 ** i;
    return graph.input(`${modality}${i}`, 'float32', [
      batch,
      teacher.channels[i]!,
      working.heightPx / stride,
      working.widthPx / stride,
    ]);
  };
  const levels = (modality: Modality): Levels => [level(modality, 0), level(modality, 1), level(modality, 2)];
  const features = { rgb: levels('rgb'), depth: levels('depth') };
  const valid = graph.input('valid', 'float32', [batch, 1, working.heightPx, working.widthPx]);
  const { statistics } = options;
  const inherits = 'inherited' in statistics;
  const targets = graph.scope('fusion', () =>
    inherits
      ? inheritedTargets(graph, statistics.inherited, features.rgb, features.depth, valid)
      : fusion(graph, features.rgb, features.depth, valid, statistics, options.recipe.fusion),
  );
  const seen = Object.fromEntries(
    options.modalities.map((modality) => [modality, shown(graph, modality, targets[modality], options)]),
  );
  const layers = inherits ? new FoldedLayers(graph) : new TrainingLayers(graph);
  const restored = student(layers, seen, teacher, options.student);
  const loss = graph.scope('loss', () => {
    const terms = (Object.keys(restored) as TargetName[]).flatMap((name) =>
      restored[name]!.map((each, i) => {
        const distance = cosineDistance(targets[name][i]!, each); // [B,1,h,w]
        if (name !== 'depth') return o.reduceMean(distance);
        // A place without a reading teaches nothing about depth.
        const share = o.averagePool(valid, valid.shape[2]! / each.shape[2]!);
        return o.div(o.reduceMean(o.mul(distance, share)), o.maximum(o.reduceMean(share), 1e-6));
      }),
    );
    return o.div(
      terms.reduce((sum, term) => o.add(sum, term)),
      terms.length,
    );
  });
  return { loss, layers };
}

/**
 * What the student sees of a modality: its own target, or where something is pasted (input `pasted.<modality>`
 * [B,1,H,W], 1 = pasted), the features of the next part in the batch. It must restore its own part all the same, so
 * that it learns not to trust what it sees.
 */
function shown(graph: Graph, modality: Modality, own: Levels, { batch, working, recipe }: StepOptions): Levels {
  if (recipe.pasted === 0) return own;
  const mask = graph.input(`pasted.${modality}`, 'float32', [batch, 1, working.heightPx, working.widthPx]);
  return own.map((x) => {
    const next = o.concat([o.slice(x, { 0: [1, batch] }), o.slice(x, { 0: [0, 1] })], 0);
    const share = o.averagePool(mask, mask.shape[2]! / x.shape[2]!);
    return o.add(x, o.mul(o.sub(next, x), share));
  }) as unknown as Levels;
}

/** Adam on every parameter: inputs stepSize, first:<name>, second:<name>; outputs next:<name> and their successors. */
export function adamOutputs(
  graph: Graph,
  layers: TrainingLayers,
  slopes: readonly Tensor[],
  settings: AdamSettings,
): void {
  const stepSize = graph.input('stepSize', 'float32', []);
  for (const [i, { name, shape, tensor }] of layers.parameters.entries()) {
    const first = graph.input(`first:${name}`, 'float32', shape);
    const second = graph.input(`second:${name}`, 'float32', shape);
    const next = adam(tensor, slopes[i]!, { first, second }, stepSize, settings);
    graph.output(`next:${name}`, next.parameter);
    graph.output(`next:first:${name}`, next.first);
    graph.output(`next:second:${name}`, next.second);
  }
}
