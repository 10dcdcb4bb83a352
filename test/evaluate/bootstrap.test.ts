import { describe, expect, it } from 'vitest';
import { groupInterval, leastGroups, pairedDifference } from '../../models/evaluate/bootstrap.ts';
import { auroc } from '../../models/evaluate/roc.ts';
import { sortScores } from '../../models/evaluate/sorted.ts';
import { type Random, seeded } from '../../models/random.ts';

interface Item {
  group: string;
  bad: boolean;
  score: number;
  other: number;
}

const rocOf = (score: (item: Item) => number) => (items: readonly Item[]) =>
  auroc(
    sortScores(Float64Array.from(items.filter((item) => !item.bad).map(score))),
    sortScores(Float64Array.from(items.filter((item) => item.bad).map(score))),
  );

/** Parts of forty groups; `hardness` is shared by a group and by both scores, the second score has more noise. */
function items(random: Random): Item[] {
  return Array.from({ length: 40 }, (_, g) => {
    const hardness = random.normal();
    return [false, true].map((bad) => {
      const score = hardness + (bad ? 2 : 0) + 0.2 * random.normal();
      return { group: `g${g}`, bad, score, other: score + 0.8 * random.normal() };
    });
  }).flat();
}

const mean = (some: readonly { value: number }[]): number =>
  some.reduce((sum, item) => sum + item.value, 0) / some.length;

describe('interval by group', () => {
  it('holds the value, and the same seed gives the same interval', () => {
    const some = items(seeded(1));
    const once = groupInterval(
      some,
      (item) => item.group,
      rocOf((item) => item.score),
      { random: seeded(2) },
    );
    const twice = groupInterval(
      some,
      (item) => item.group,
      rocOf((item) => item.score),
      { random: seeded(2) },
    );
    expect(once).toEqual(twice);
    expect(once.low!).toBeLessThan(once.value!);
    expect(once.high!).toBeGreaterThan(once.value!);
    expect([once.groups, once.resamples, once.leftOut]).toEqual([40, 1000, 0]);
  });

  it('of a mean is that of the central limit: 100 values of spread s, +- 1.96 s / 10', () => {
    const random = seeded(4);
    const some = Array.from({ length: 100 }, (_, i) => ({ value: random.normal(), group: `${i}` }));
    const found = groupInterval(some, (item) => item.group, mean, { random: seeded(5), resamples: 4000 });
    const centre = mean(some);
    const spread = Math.sqrt(mean(some.map(({ value }) => ({ value: (value - centre) ** 2 }))));
    const expected = (1.96 * spread) / 10;
    expect((found.high! - found.low!) / 2).toBeGreaterThan(expected * 0.93);
    expect((found.high! - found.low!) / 2).toBeLessThan(expected * 1.07);
  });

  it('ten copies of each part in its group tell nothing more: the interval stays as wide', () => {
    const random = seeded(4);
    const some = Array.from({ length: 50 }, (_, i) => ({ value: random.normal(), group: `${i}` }));
    const copied = some.flatMap((item) => new Array(10).fill(item) as typeof some);
    const widths = [some, copied].map((list) => {
      const found = groupInterval(list, (item) => item.group, mean, { random: seeded(6) });
      return found.high! - found.low!;
    });
    expect(widths[1]).toBeCloseTo(widths[0]!, 10);
  });

  it('leaves out and counts resamples that lack a class', () => {
    const some = Array.from({ length: 5 }, (_, i) => ({ group: `${i}`, bad: i === 0, score: i, other: i }));
    const found = groupInterval(
      some,
      (item) => item.group,
      rocOf((item) => item.score),
      { random: seeded(3) },
    );
    // The one defective group is missed by (4/5)^5 = 0.33 of the resamples, the goods by 1/3125.
    expect(found.leftOut / found.resamples).toBeGreaterThan(0.28);
    expect(found.leftOut / found.resamples).toBeLessThan(0.38);
  });

  it('refuses too few groups', () => {
    const some = items(seeded(1)).filter((item) => ['g0', 'g1'].includes(item.group));
    expect(() =>
      groupInterval(
        some,
        (item) => item.group,
        () => 1,
        { random: seeded(1) },
      ),
    ).toThrow(`An interval over 2 groups, expected at least ${leastGroups}`);
  });
});

describe('paired difference', () => {
  const some = items(seeded(1));
  const [first, second] = [rocOf((item) => item.score), rocOf((item) => item.other)];

  it('of a figure with itself is exactly zero', () => {
    const found = pairedDifference(some, (item) => item.group, first, first, { random: seeded(2) });
    expect([found.value, found.low, found.high, found.notLargerShare]).toEqual([0, 0, 0, 1]);
  });

  it('is narrower than the two intervals apart, because both see the same resample', () => {
    const found = pairedDifference(some, (item) => item.group, first, second, { random: seeded(2) });
    const apart = [first, second].map((figure) =>
      groupInterval(some, (item) => item.group, figure, { random: seeded(2) }),
    );
    expect(found.value).toBe(apart[0]!.value! - apart[1]!.value!);
    const unpaired = Math.hypot(...apart.map((interval) => interval.high! - interval.low!));
    expect(found.high! - found.low!).toBeLessThan(unpaired);
  });
});
