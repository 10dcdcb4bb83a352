/** The networks of a bundle as graphs of their own, each a file: what goes in, what comes out, by name. */
import { Graph } from '../graph/graph.ts';
import type { Tensor } from '../graph/tensor.ts';
import { type ColourReferences, colour, colourNames } from '../nets/colour.ts';
import { type FusionStatistics, fusion, type TargetName, type Targets } from '../nets/fusion.ts';
import { type GeometryReferences, geometry, geometryNames } from '../nets/geometry.ts';
import { DeployedLayers, type ParameterValues } from '../nets/layers.ts';
import { type PlaceStatistics, places } from '../nets/places.ts';
import type { FusionForm } from '../nets/recipe.ts';
import { type Modality, type StudentSpec, student } from '../nets/student.ts';
import { type Levels, type ModalityNorms, type TeacherSpec, type TeacherWeights, teacher } from '../nets/teacher.ts';

export interface WorkingSize {
  widthPx: number;
  heightPx: number;
}
export const networkFiles = [
  'teacher.onnx',
  'fusion.onnx',
  'student.onnx',
  'places.onnx',
  'geometry.onnx',
  'colour.onnx',
] as const;
export type NetworkFile = (typeof networkFiles)[number];

/** rgb, depth [1,3,h,w] -> rgb0..2, depth0..2 at strides 4, 8, 16. */
export function teacherNetwork(
  working: WorkingSize,
  spec: TeacherSpec,
  weights: TeacherWeights,
  norms: ModalityNorms,
): Graph {
  const graph = new Graph('teacher');
  const shape = [1, 3, working.heightPx, working.widthPx];
  const features = teacher(
    graph,
    graph.input('rgb', 'float32', shape),
    graph.input('depth', 'float32', shape),
    spec,
    weights,
    norms,
  );
  publish(graph, '', features);
  return graph;
}

/** rgb0..2, depth0..2, valid [1,1,h,w] -> target.fused0..2, target.rgb0..2, target.depth0..2. */
export function fusionNetwork(
  working: WorkingSize,
  spec: TeacherSpec,
  statistics: FusionStatistics,
  form: FusionForm,
): Graph {
  const graph = new Graph('fusion');
  const [rgb, depth] = [levelInputs(graph, 'rgb', working, spec), levelInputs(graph, 'depth', working, spec)];
  const valid = graph.input('valid', 'float32', [1, 1, working.heightPx, working.widthPx]);
  publish(graph, 'target.', fusion(graph, rgb, depth, valid, statistics, form));
  return graph;
}

/** The targets rgb0..2, depth0..2 (of the modalities it was taught on) -> restored.<target>0..2. */
export function studentNetwork(
  working: WorkingSize,
  spec: TeacherSpec,
  studentSpec: StudentSpec,
  modalities: readonly Modality[],
  values: ParameterValues,
): Graph {
  const graph = new Graph('student');
  const features = Object.fromEntries(
    modalities.map((modality) => [modality, levelInputs(graph, modality, working, spec)]),
  );
  publish(graph, 'restored.', student(new DeployedLayers(graph, values), features, spec, studentSpec));
  return graph;
}

/** heightMm, valid [1,1,h,w] -> fine, coarse, missing. */
export function geometryNetwork(working: WorkingSize, references: GeometryReferences): Graph {
  const graph = new Graph('geometry');
  const shape = [1, 1, working.heightPx, working.widthPx];
  const maps = geometry(
    graph,
    graph.input('heightMm', 'float32', shape),
    graph.input('valid', 'float32', shape),
    references,
  );
  for (const name of geometryNames) graph.output(`deviation.${name}`, maps[name]);
  return graph;
}

/** rgb [1,3,h,w] -> deviation.tone, deviation.tint. */
export function colourNetwork(working: WorkingSize, references: ColourReferences): Graph {
  const graph = new Graph('colour');
  const rgb = graph.input('rgb', 'float32', [1, 3, working.heightPx, working.widthPx]);
  const maps = colour(graph, rgb, references);
  for (const name of colourNames) graph.output(`deviation.${name}`, maps[name]);
  return graph;
}

/** distance.<source> on the stride-4 grid [1,1,h/4,w/4] -> deviation.<source>, in spreads of good parts. */
export function placesNetwork(working: WorkingSize, statistics: ReadonlyMap<string, PlaceStatistics>): Graph {
  const graph = new Graph('places');
  const shape = [1, 1, working.heightPx / 4, working.widthPx / 4];
  const distances = [...statistics.keys()].map((name) => [name, graph.input(`distance.${name}`, 'float32', shape)]);
  const deviations = places(graph, Object.fromEntries(distances), statistics);
  for (const [name, deviation] of Object.entries(deviations)) graph.output(`deviation.${name}`, deviation);
  return graph;
}

/** The level tensors a network published under a prefix. */
export function levelsOf(outputs: Record<string, Tensor>, prefix: string): Levels {
  return [0, 1, 2].map((i) => outputs[`${prefix}${i}`]!) as unknown as Levels;
}

/** Every target the outputs hold. */
export function targetsOf(outputs: Record<string, Tensor>, prefix: string): Partial<Targets> {
  const names = (['fused', 'rgb', 'depth'] as const satisfies readonly TargetName[]).filter(
    (name) => outputs[`${prefix}${name}0`],
  );
  return Object.fromEntries(names.map((name) => [name, levelsOf(outputs, `${prefix}${name}`)]));
}

function levelInputs(
  graph: Graph,
  modality: Modality,
  { widthPx, heightPx }: WorkingSize,
  { channels }: TeacherSpec,
): Levels {
  const level = (i: number): Tensor =>
    graph.input(`${modality}${i}`, 'float32', [1, channels[i]!, heightPx / (4 << i), widthPx / (4 << i)]);
  return [level(0), level(1), level(2)];
}

function publish(graph: Graph, prefix: string, named: Partial<Record<string, Levels>>): void {
  for (const [name, levels] of Object.entries(named)) {
    for (const [i, level] of levels!.entries()) graph.output(`${prefix}${name}${i}`, level);
  }
}
