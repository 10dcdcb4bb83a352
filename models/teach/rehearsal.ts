/**
 * The plan of teaching a student on: every batch is half new parts and half old ones, so that what is added does not
 * push out what was known. An epoch sees each new part once; which old parts stand beside them follows from the seed.
 */
import { seeded } from '../random.ts';
import type { FeatureSource } from './features.ts';
import { type StepOptions, stepGraphs } from './step.ts';
import { gatherer, pastings } from './student-plan.ts';
import type { TrainPlan } from './train.ts';

/** Parts are numbered: the old ones first, then the new. */
export interface Mix {
  old: number;
  added: number;
}

export function rehearsalPlan(
  source: FeatureSource,
  valid: (part: number) => Float32Array,
  mix: Mix,
  seed: number,
  options: StepOptions,
): Omit<TrainPlan, 'initial'> {
  const graphs = stepGraphs(options);
  const gather = gatherer(graphs.step, source, valid);
  const { batch } = options;
  const newRows = newRowsOf(mix, batch);
  const stepsPerEpoch = Math.ceil(mix.added / newRows);
  return {
    graphs,
    stepsPerEpoch,
    feeds: async (epoch, step) => ({
      ...(await gather(rehearsalBatch(mix, batch, seed, epoch, step))),
      ...pastings(graphs.step, seeded(seed, 23, epoch, step), options.recipe.pasted),
    }),
    settleRuns: 0,
    settleFeeds: async () => ({}),
  };
}

/** Part numbers of one batch. */
export function rehearsalBatch(mix: Mix, batch: number, seed: number, epoch: number, step: number): number[] {
  const newRows = newRowsOf(mix, batch);
  const order = seeded(seed, 21, epoch).shuffled(mix.added);
  const fresh = Array.from({ length: newRows }, (_, i) => mix.old + order[(step * newRows + i) % mix.added]!);
  const steps = Math.ceil(mix.added / newRows);
  const oldRows = batch - newRows;
  const rehearsed = Array.from({ length: oldRows }, (_, i) => {
    const at = (epoch * steps + step) * oldRows + i;
    return seeded(seed, 22, Math.floor(at / mix.old)).shuffled(mix.old)[at % mix.old]!;
  });
  return [...fresh, ...rehearsed];
}

const newRowsOf = ({ old }: Mix, batch: number): number => (old === 0 ? batch : Math.floor(batch / 2));
