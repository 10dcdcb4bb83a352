import { expect, it } from 'vitest';
import { countBelow, countUpTo, sortScores } from '../../models/evaluate/sorted.ts';
import { seeded } from '../../models/random.ts';

it('counts as a plain search does, from wherever it is told to begin', () => {
  const random = seeded(3);
  for (let round = 0; round < 2000; round++) {
    const length = Math.floor(random.uniform() * 40);
    const scores = sortScores(Float32Array.from({ length }, () => Math.floor(random.uniform() * 12)));
    const value = Math.floor(random.uniform() * 14) - 1;
    const below = scores.filter((score) => score < value).length;
    const upTo = scores.filter((score) => score <= value).length;
    const from = Math.floor(random.uniform() * (below + 1));
    expect([countBelow(scores, value, from), countUpTo(scores, value, from)]).toEqual([below, upTo]);
  }
});
