import { describe, expect, it } from 'vitest';
import { evaluate, evaluateInDetail, worstFalseAlarms, worstMisses } from '../../models/evaluate/evaluate.ts';
import type { Sample, Scored } from '../../models/evaluate/samples.ts';
import { seeded } from '../../models/random.ts';

const nan = Number.NaN;
const scored = (score: number, ...map: number[]): Scored => ({ score, map: Float32Array.from(map) });
const all = (one: Scored): Sample['sources'] => ({ both: one, network: one, geometry: one });
const square = { widthPx: 2, heightPx: 2 };

/** Four parts of 2 x 2 pixels, threshold 6. */
const fine: Sample = {
  ...square,
  id: 'a',
  kind: 'good',
  group: '1',
  truth: null,
  outcome: 'pass',
  sources: all(scored(3, 0, 1, 2, 3)),
};
const blind: Sample = {
  ...square,
  id: 'b',
  kind: 'good',
  group: '1',
  truth: new Uint8Array(4),
  outcome: 'undecided',
  sources: all(scored(nan, nan, nan, nan, nan)),
};
const hole: Sample = {
  ...square,
  id: 'c',
  kind: 'hole',
  group: '2',
  truth: Uint8Array.of(254, 0, 0, 0),
  outcome: 'fail',
  sources: all(scored(9, 9, 4, 1, 0)),
};
const scratch: Sample = {
  ...square,
  id: 'd',
  kind: 'scratch',
  group: '2',
  truth: Uint8Array.of(0, 0, 1, 1),
  outcome: 'pass',
  sources: { both: scored(5, 2, nan, nan, 5), network: scored(3, 2, nan, nan, 5), geometry: scored(1, 2, nan, nan, 5) },
};

describe('four parts, on paper', () => {
  // Scores: good -inf, 3; defective 5, 9. At 6 one of two defects is found and nothing else: F1 2 / 3; at 5 it is 1.
  // OK pixels, 13: five not judged, 0 0 1 1 2 2 3 4. Components: hole {9}, scratch {not judged, 5}.
  // Pixel AUROC: 9 and 5 beat 13 each, the pixel not judged ties with five: (13 + 13 + 2.5) / (13 x 3).
  // AUPRO at any limit below 8 / 13: the hole 1, of the scratch one pixel of two: 0.5; mean 0.75. 100 thresholds: the
  // same overlaps at the two highest OK scores, rates 0 and 1 / 13: 0.75.
  it('every figure', async () => {
    const { geometryOnly, networkOnly, ...both } = await evaluate([fine, blind, hole, scratch], { threshold: 6 });
    const perKind = {
      hole: { images: 1, imageAuroc: 1, aupro30: 1, missRate: 0, severities: {} },
      scratch: { images: 1, imageAuroc: 1, aupro30: expect.closeTo(0.5, 12), missRate: 1, severities: {} },
    };
    expect(both).toEqual({
      images: 4,
      imageAuroc: 1,
      pixelAuroc: 28.5 / 39,
      aupro30: expect.closeTo(0.75, 12),
      aupro1: expect.closeTo(0.75, 12),
      aupro1At100: expect.closeTo(0.75, 12),
      f1AtThreshold: 2 / 3,
      f1MaxOnTest: 1,
      missRate: 1 / 2,
      falseRejectRate: 0,
      undecidedRate: 1 / 4,
      perKind,
    });
    // Network: scores good -inf, 3, defective 3, 9: 3 beats one and ties with one: 3.5 of 4. Largest F1: at 9,
    // 2 / 3; at 3, found 2, false alarm 1: 4 / 5. No threshold of its own: nothing that needs one.
    expect(networkOnly).toMatchObject({ imageAuroc: 3.5 / 4, f1MaxOnTest: 4 / 5, pixelAuroc: both.pixelAuroc });
    for (const key of ['f1AtThreshold', 'missRate', 'falseRejectRate', 'undecidedRate'] as const) {
      expect(networkOnly![key]).toBeNull();
    }
    expect(networkOnly!.perKind['scratch']).toMatchObject({ imageAuroc: 1.5 / 2, missRate: null });
    expect(geometryOnly).toMatchObject({ imageAuroc: 3 / 4 });
  });

  it('a source given a threshold of its own', async () => {
    const figures = await evaluate([fine, blind, hole, scratch], { threshold: 6, networkThreshold: 3 });
    expect(figures.networkOnly).toMatchObject({ f1AtThreshold: 4 / 5, missRate: 0, falseRejectRate: 1 / 2 });
    expect(figures.geometryOnly).toMatchObject({ f1AtThreshold: null, missRate: null });
  });

  it('undecided is neither a miss nor a false reject', async () => {
    const unsure = { ...hole, outcome: 'undecided' as const };
    const figures = await evaluate([fine, blind, unsure], { threshold: 6 });
    expect(figures).toMatchObject({ missRate: 0, falseRejectRate: 0, undecidedRate: 2 / 3 });
  });

  it('the keys of the JSON, in this order', async () => {
    const figures = await evaluate([fine, hole], { threshold: 6 });
    expect(Object.keys(figures).join(' ')).toBe(
      'images imageAuroc pixelAuroc aupro30 aupro1 aupro1At100 f1AtThreshold f1MaxOnTest missRate falseRejectRate ' +
        'undecidedRate perKind networkOnly geometryOnly',
    );
    expect(JSON.parse(JSON.stringify(figures))).toEqual(figures);
  });

  it('what the report draws: counts, worst misses and false alarms', async () => {
    const alarm: Sample = { ...fine, id: 'e', outcome: 'fail', sources: all(scored(8, 0, 1, 2, 8)) };
    const { detail } = await evaluateInDetail([fine, blind, hole, scratch, alarm], { threshold: 6 });
    expect(detail).toMatchObject({ okPixels: 17, defectPixels: 3, components: 2, notJudgedPixels: 6, withoutMask: 0 });
    expect(worstMisses(detail, 5).map((image) => image.id)).toEqual(['d']);
    expect(worstFalseAlarms(detail, 5).map((image) => image.id)).toEqual(['e']);
    expect(worstMisses(detail, 0)).toEqual([]);
  });
});

describe('test sets that lack something', () => {
  it('good parts only: no figure that needs a defect', async () => {
    const figures = await evaluate([fine, blind], { threshold: 6 });
    expect(figures).toMatchObject({
      imageAuroc: null,
      pixelAuroc: null,
      aupro30: null,
      aupro1: null,
      aupro1At100: null,
      f1AtThreshold: null,
      f1MaxOnTest: null,
      missRate: null,
      falseRejectRate: 0,
      undecidedRate: 1 / 2,
      perKind: {},
    });
  });
  it('defects only: their own OK pixels serve, image AUROC is null', async () => {
    // OK: hole 4 1 0, scratch 2 and one not judged; components {9}, {not judged, 5}.
    // Pixels: 9 and 5 beat 5 each, the pixel not judged ties with one: 10.5 / 15.
    const figures = await evaluate([hole, scratch], { threshold: 6 });
    expect(figures).toMatchObject({ imageAuroc: null, falseRejectRate: null, missRate: 1 / 2, pixelAuroc: 10.5 / 15 });
  });
  it('a defect without a mask counts as an image only, and is counted', async () => {
    const { figures, detail } = await evaluateInDetail([fine, { ...hole, truth: null }], { threshold: 6 });
    expect(figures).toMatchObject({ imageAuroc: 1, pixelAuroc: null, aupro30: null });
    expect(detail).toMatchObject({ withoutMask: 1, okPixels: 4 });
  });
  it('a bundle without geometry', async () => {
    const plain = { ...fine, sources: { ...fine.sources, geometry: null } };
    expect(await evaluate([plain], { threshold: 6 })).toMatchObject({ geometryOnly: null });
    await expect(evaluate([plain, hole], { threshold: 6 })).rejects.toThrow(
      'Test part c: source geometry is there, expected none',
    );
  });
  it('no part at all is refused', async () => {
    await expect(evaluate([], { threshold: 6 })).rejects.toThrow('the data set has no test part');
  });
});

describe('refuses what contradicts itself, by name', () => {
  const refused = (sample: Sample) => expect(evaluate([sample], { threshold: 6 })).rejects;
  it('sizes', async () => {
    await refused({ ...hole, widthPx: 3 }).toThrow('Test part c: truth is 4 pixels, expected 6 pixels');
    await refused({ ...fine, widthPx: 3 }).toThrow('Test part a: both map is 4 pixels, expected 6 pixels');
    await refused({ ...fine, widthPx: 0 }).toThrow('size is 0 x 2');
  });
  it('a good part with a mask', async () => {
    await refused({ ...fine, truth: Uint8Array.of(0, 1, 0, 0) }).toThrow('Test part a: kind is good');
  });
  it('infinite scores', async () => {
    await refused({ ...fine, sources: all(scored(1, 0, Infinity, 0, 0)) }).toThrow('Test part a: map[1] is Infinity');
    await refused({ ...hole, sources: all(scored(Infinity, 0, 0, 0, 0)) }).toThrow(
      'Test part c: both score is Infinity',
    );
  });
  it('a pass that the threshold forbids, and a verdict without a score', async () => {
    await refused({ ...hole, outcome: 'pass' }).toThrow('outcome is pass, expected no pass: score 9, threshold 6');
    await refused({ ...blind, outcome: 'fail' }).toThrow('outcome is fail, expected undecided: it has no score');
  });
  it('a pass exactly at the threshold, which the judge calls no pass', async () => {
    await refused({ ...scratch, outcome: 'pass', sources: all(scored(6, 0, 0, 0, 6)) }).toThrow('score 6, threshold 6');
  });
  it('a threshold that is no number', async () => {
    await expect(evaluate([fine], { threshold: nan })).rejects.toThrow('The threshold of both is NaN');
  });
});

it('parts may be reused once read', async () => {
  const random = seeded(9);
  const map = new Float32Array(64);
  const shared = { map, score: 0 };
  async function* parts(): AsyncGenerator<Sample> {
    for (let i = 0; i < 12; i++) {
      const kind = ['good', 'hole', 'scratch'][i % 3]!;
      const truth = Uint8Array.from({ length: 64 }, (_, p) => (kind !== 'good' && p % 8 < 2 && p >= 32 ? 1 : 0));
      for (let p = 0; p < 64; p++) map[p] = Math.round(3 * random.normal()) + 2 * truth[p]!;
      shared.score = Math.max(...map);
      yield { id: `${i}`, kind, group: 'g', truth, widthPx: 8, heightPx: 8, outcome: 'fail', sources: all(shared) };
    }
  }
  const { figures, detail } = await evaluateInDetail(parts(), { threshold: 0 });
  expect(detail).toMatchObject({ components: 8, okPixels: 12 * 64 - 8 * 8, defectPixels: 64 });
  expect(figures.aupro30).toBeGreaterThan(0.1);
  expect(figures.networkOnly!.aupro30).toBe(figures.aupro30);
});
