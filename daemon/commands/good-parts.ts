/**
 * Which recorded parts teach and which are held out. A folder's own validation split is taken as it is; without one
 * a fifth of the good parts is held out, whole groups at a time, so that no part has its neighbour on the other side.
 */
import type { Sample } from '../../drivers/index.ts';
import { seeded } from '../../models/random.ts';

const heldOutShare = 0.2;

export function goodParts(samples: readonly Sample[], seed: number): { training: Sample[]; heldOut: Sample[] } {
  const training = samples.filter(({ split, kind }) => split === 'train' && kind === 'good');
  const validation = samples.filter(({ split, kind }) => split === 'validation' && kind === 'good');
  if (validation.length > 0) return { training, heldOut: validation };
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
