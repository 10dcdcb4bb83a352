import { expect, it } from 'vitest';
import { evaluate, evaluateInDetail, worstMisses } from '../../models/evaluate/evaluate.ts';
import { type KindFigures, severitiesOf, summaryOfKinds } from '../../models/evaluate/kinds.ts';
import type { Sample } from '../../models/evaluate/samples.ts';
import { seeded } from '../../models/random.ts';

const threshold = 4;
const random = seeded(21);

/** A part of 4 x 4 pixels whose two defect pixels stand out by `rise`. */
function part(kind: string, severity: string | null, rise: number): Sample {
  const truth = Uint8Array.from({ length: 16 }, (_, p) => (kind !== 'good' && p < 2 ? 1 : 0));
  const map = Float32Array.from(truth, (mark) => random.normal() + rise * mark);
  const one = { score: Math.max(...map), map };
  const outcome = one.score >= threshold ? 'fail' : 'pass';
  const sources = { both: one, network: one, geometry: null };
  return { id: `${random.uniform()}`, kind, severity, group: 'g', truth, widthPx: 4, heightPx: 4, outcome, sources };
}
const many = (count: number, ...of: Parameters<typeof part>): Sample[] =>
  Array.from({ length: count }, () => part(...of));

const goods = many(12, 'good', null, 0);
const faint = many(6, 'dent', 'faint', 1);
const middle = many(6, 'dent', 'middle', 4);
const gross = many(6, 'dent', 'gross', 9);
const stains = many(6, 'stain', null, 3);

it('tells a kind by severity, from faint to gross, each against all good parts', async () => {
  const { perKind } = await evaluate([...gross, ...goods, ...middle, ...faint, ...stains], { threshold });
  const { severities, ...dent } = perKind['dent']!;
  expect(Object.keys(severities)).toEqual(['faint', 'middle', 'gross']);
  expect(perKind['stain']!.severities).toEqual({});
  for (const [severity, parts] of Object.entries({ faint, middle, gross })) {
    const alone = await evaluate([...goods, ...parts], { threshold });
    const { severities: _, ...figures } = alone.perKind['dent']!;
    expect(severities[severity]).toEqual(figures);
  }
  const aurocs = Object.values(severities).map(({ imageAuroc }) => imageAuroc!);
  expect(aurocs[0]).toBeLessThan(aurocs[1]!);
  expect(aurocs[2]).toBe(1);
  expect(dent.missRate).toBeCloseTo(Object.values(severities).reduce((sum, one) => sum + one.missRate!, 0) / 3, 12);
});

it('a kind stands for itself: another one whose surroundings alarm changes none of its figures', async () => {
  const loud = stains.map((stain) => {
    const one = { score: 50, map: stain.sources.both.map.map((value) => value + 40) };
    return { ...stain, outcome: 'fail' as const, sources: { both: one, network: one, geometry: null } };
  });
  const alone = await evaluate([...goods, ...middle], { threshold });
  const together = await evaluate([...goods, ...loud, ...middle], { threshold });
  expect(together.perKind['dent']).toEqual(alone.perKind['dent']);
  expect(together.perKind['dent']!.aupro30).toBe(alone.aupro30);
  expect(together.aupro30).toBeLessThan(alone.aupro30!);
});

it('orders severities it does not know by name, after those it does', () => {
  const parts = ['b', 'gross', null, 'a', 'faint', 'b'].map((severity) => ({ kind: 'dent', severity }));
  expect(severitiesOf(parts)).toEqual(['faint', 'gross', 'a', 'b']);
});

it('sums kinds up at one severity; a kind without severities counts as a whole', () => {
  const one = (imageAuroc: number | null, severities: Record<string, number> = {}): KindFigures => {
    const figures = (value: number | null) => ({ images: 1, imageAuroc: value, aupro30: null, missRate: null });
    const entries = Object.entries(severities).map(([name, value]) => [name, figures(value)]);
    return { ...figures(imageAuroc), severities: Object.fromEntries(entries) };
  };
  const perKind = {
    dent: one(0.5, { faint: 0.6, middle: 0.9 }),
    stain: one(0.8),
    hole: one(0.2, { gross: 0.1 }),
    crack: one(null),
  };
  expect(summaryOfKinds(perKind)).toEqual({ mean: (0.9 + 0.8) / 2, worst: 0.8, worstKind: 'stain' });
  expect(summaryOfKinds(perKind, 'faint')).toEqual({ mean: 0.7, worst: 0.6, worstKind: 'dent' });
  expect(summaryOfKinds({ crack: one(null) })).toBeNull();
});

it('the worst misses are the gravest, one of each kind before another of any, the surest first', async () => {
  const missed = (id: string, kind: string, severity: string | null, score: number): Sample => {
    const made = part(kind, severity, 0);
    const one = { ...made.sources.both, score };
    return { ...made, id, outcome: 'pass', sources: { both: one, network: null, geometry: null } };
  };
  const parts = [
    missed('a', 'dent', 'faint', 0),
    missed('b', 'dent', 'gross', 2),
    missed('c', 'dent', 'gross', 1),
    missed('d', 'stain', 'gross', 3),
    missed('e', 'stain', 'middle', 0),
    missed('f', 'good', null, 0),
  ];
  const { detail } = await evaluateInDetail(parts, { threshold });
  expect(worstMisses(detail, 9).map(({ id }) => id)).toEqual(['c', 'd', 'b', 'e', 'a']);
  expect(worstMisses(detail, 2).map(({ id }) => id)).toEqual(['c', 'd']);
});
