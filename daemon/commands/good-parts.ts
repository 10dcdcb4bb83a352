/**
 * Which recorded parts teach and which are held out. A folder's own validation split is taken as it is; without one
 * a fifth of the good parts is held out, whole groups at a time, so that no part has its neighbour on the other side.
 */
import { basename } from 'node:path';
import { expectKinds, expectPlausible, listSamples, type Sample } from '../../drivers/index.ts';
import { fail } from '../../errors.ts';
import { seeded } from '../../models/random.ts';
import type { Context } from './command.ts';

export interface GoodParts {
  training: Sample[];
  heldOut: Sample[];
}

const heldOutShare = 0.2;
/** Fewer parts than this are all taught on: one of them held out would measure nothing. */
const leastDivided = 5;

export function goodParts(samples: readonly Sample[], seed: number): GoodParts {
  const training = samples.filter(({ split, kind }) => split === 'train' && kind === 'good');
  const validation = samples.filter(({ split, kind }) => split === 'validation' && kind === 'good');
  if (validation.length > 0) return { training, heldOut: validation };
  if (training.length < leastDivided) return { training, heldOut: [] };
  const groups = [...new Set(training.map(({ group }) => group))];
  const chosen = new Set<string>();
  let count = 0;
  for (const index of seeded(seed, 7).shuffled(groups.length)) {
    if (count >= heldOutShare * training.length) break;
    const group = groups[index]!;
    chosen.add(group);
    count += training.filter((sample) => sample.group === group).length;
  }
  return {
    training: training.filter(({ group }) => !chosen.has(group)),
    heldOut: training.filter(({ group }) => chosen.has(group)),
  };
}

/** The good parts of each folder, divided by itself; where there are several, ids and groups name the folder. */
export async function goodPartsOf(context: Context, folders: readonly string[], seed: number): Promise<GoodParts[]> {
  const all: GoodParts[] = [];
  for (const [i, folder] of folders.entries()) {
    const samples = await listSamples(context.files, folder);
    expectKinds(folder, samples);
    const { training, heldOut } = goodParts(samples, seed);
    // whether parts show anything is asked of each of them, and of each modality, when they are all looked at
    await expectPlausible(folder, [...training, ...heldOut], { except: ['constant'], signal: context.signal });
    const label = folders.length > 1 ? `${i + 1}:${basename(folder)}/` : '';
    const mark = (sample: Sample): Sample => labelled(sample, label);
    all.push({ training: training.map(mark), heldOut: heldOut.map(mark) });
  }
  return all;
}

export function together(parts: readonly GoodParts[]): GoodParts {
  return {
    training: parts.flatMap(({ training }) => training),
    heldOut: parts.flatMap(({ heldOut }) => heldOut),
  };
}

const labelled = (sample: Sample, label: string): Sample =>
  label === '' ? sample : { ...sample, id: label + sample.id, group: label + sample.group };

/** The one calibration all these parts were registered with; null where they came on one grid. */
export function calibrationOf({ training, heldOut }: GoodParts): string | null {
  const [first = null, ...others] = new Set([...training, ...heldOut].map(({ calibration }) => calibration));
  if (others.length === 0) return first;
  const shown = [first, ...others].map((digest) => digest?.slice(0, 12) ?? 'none').join(' and ');
  throw fail('teach/calibrations', { found: shown });
}

/** Throws `teach/tooFew` where fewer than `batch` are left to teach on. */
export function requireEnough({ training, heldOut }: GoodParts, batch: number): void {
  if (training.length >= batch) return;
  const ownSplit = heldOut.some(({ split }) => split === 'validation');
  const total = training.length + heldOut.length;
  const least = Math.ceil(batch / (1 - heldOutShare));
  if (ownSplit || total >= least) {
    const found = ownSplit ? training.length : `${training.length} (${heldOut.length} of ${total} are held out)`;
    throw fail('teach/tooFew', { found, least: batch });
  }
  throw fail('teach/tooFew', { found: total, least });
}
