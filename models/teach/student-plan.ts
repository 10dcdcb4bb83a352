/** The plan of teaching a student: batches of the teacher's features of good parts, in a seeded order. */
import type { Graph } from '../graph/graph.ts';
import { type Random, seeded } from '../random.ts';
import type { Feeds } from '../runtime/session.ts';
import { type FeatureSource, featureNames } from './features.ts';
import { type StepOptions, stepGraphs } from './step.ts';
import type { TrainPlan } from './train.ts';

export function studentPlan(
  source: FeatureSource,
  /** [h,w] of a part, 1 = a reading */
  valid: (part: number) => Float32Array,
  parts: number,
  seed: number,
  options: StepOptions,
): TrainPlan {
  const graphs = stepGraphs(options);
  const { batch: size } = options;
  const gather = gatherer(graphs.step, source, valid);
  const rows = (from: number, order: (i: number) => number): number[] =>
    Array.from({ length: size }, (_, i) => order((from * size + i) % parts));
  const runs = Math.max(1, Math.floor(parts / size));
  // As while teaching: neighbours in a recording resemble each other, and would vouch for a spread that is too small.
  const settled = seeded(seed, 4).shuffled(parts);
  return {
    graphs,
    stepsPerEpoch: runs,
    feeds: async (epoch, step) => {
      const order = seeded(seed, 1, epoch).shuffled(parts);
      const batch = await gather(rows(step, (i) => order[i]!));
      return { ...batch, ...pastings(graphs.step, seeded(seed, 2, epoch, step), options.recipe.pasted) };
    },
    settleRuns: runs,
    settleFeeds: async (run) => ({
      ...(await gather(rows(run, (i) => settled[i]!))),
      ...pastings(graphs.step, seeded(seed, 3), 0),
    }),
  };
}

/** Batches as the step graph takes them: the features and masks of parts, stacked. */
export function gatherer(
  step: Graph,
  source: FeatureSource,
  valid: (part: number) => Float32Array,
): (batch: readonly number[]) => Promise<Feeds> {
  const shapes = new Map(step.inputs.map(({ name, shape }) => [name, shape]));
  return async (batch) => {
    const columns = new Map<string, Float32Array>();
    for (const [row, part] of batch.entries()) {
      const each = { ...(await source.features(part)), valid: valid(part) };
      for (const name of [...featureNames, 'valid'] as const) {
        const column = columns.get(name) ?? new Float32Array(each[name].length * batch.length);
        columns.set(name, column);
        column.set(each[name], row * each[name].length);
      }
    }
    return Object.fromEntries([...columns].map(([name, data]) => [name, { data, shape: shapes.get(name)! }]));
  };
}

/** Sides of what is pasted, as shares of the image's. */
const leastSide = 0.05;
const mostSide = 0.4;

/** Masks for the step's inputs `pasted.<modality>`: rectangles over about this share of each part. */
export function pastings(step: Graph, random: Random, share: number): Feeds {
  const masks = step.inputs.filter(({ name }) => name.startsWith('pasted.'));
  return Object.fromEntries(
    masks.map(({ name, shape }) => {
      const [batch, , height, width] = shape as [number, number, number, number];
      const data = new Float32Array(batch * height * width);
      for (let part = 0; part < batch; part++) {
        const plane = data.subarray(part * height * width, (part + 1) * height * width);
        for (let covered = 0; covered < share * plane.length; ) covered += paste(plane, width, height, random);
      }
      return [name, { data, shape }];
    }),
  );
}

/** One rectangle; gives the pixels it spans. */
function paste(plane: Float32Array, width: number, height: number, random: Random): number {
  const side = (length: number): number =>
    Math.ceil(length * (leastSide + (mostSide - leastSide) * random.uniform() ** 2));
  const [w, h] = [side(width), side(height)];
  const [left, top] = [Math.floor(random.uniform() * (width - w)), Math.floor(random.uniform() * (height - h))];
  for (let y = top; y < top + h; y++) plane.fill(1, y * width + left, y * width + left + w);
  return w * h;
}
