/** The plan of teaching a student: batches of the teacher's features of good parts, in a seeded order. */
import type { Graph } from '../graph/graph.ts';
import { seeded } from '../random.ts';
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
  return {
    graphs,
    stepsPerEpoch: runs,
    feeds: (epoch, step) => {
      const order = seeded(seed, 1, epoch).shuffled(parts);
      return gather(rows(step, (i) => order[i]!));
    },
    settleRuns: runs,
    settleFeeds: (run) => gather(rows(run, (i) => i)),
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
