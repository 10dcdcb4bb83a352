import { expect, test } from 'vitest';
import type { Reading } from '../../daemon/inference/port.ts';
import { judge, maxRegions } from '../../daemon/line/judge.ts';
import { components } from '../../daemon/line/regions.ts';
import { randomOf } from '../simulation/world.ts';
import { bundle, readingOf } from './rig.ts';

/** A reading drawn in text: '.' 0.1, 'o' at the pixel threshold, '#' above the threshold, '?' not judged. */
function drawn(rows: string[], changes: Partial<Reading> = {}): { reading: Reading; bundle: typeof bundle } {
  const widthPx = rows[0]!.length;
  const heightPx = rows.length;
  const cells = [...rows.join('')];
  const map = Float32Array.from(cells, (cell) => ({ o: 0.5, '#': 2, '?': 9 })[cell] ?? 0.1);
  const judged = Uint8Array.from(cells, (cell) => (cell === '?' ? 0 : 1));
  const score = cells.includes('#') ? 2 : 0.2;
  const reading = readingOf({ widthPx, heightPx, map, judged, score, ...changes });
  return { reading, bundle: { ...bundle, widthPx, heightPx } };
}
const judgeDrawn = (rows: string[], changes: Partial<Reading> = {}) => {
  const made = drawn(rows, changes);
  return judge(made.bundle, made.reading);
};

test('a good part passes, with an empty mask', () => {
  const { decision, reason, regions, mask } = judgeDrawn(['....', '.oo.', '...?']);
  expect([decision, reason, regions]).toEqual(['pass', 'good', []]);
  expect([...mask!.pixels]).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255]);
});

test('regions by hysteresis, joined over corners; small ones dropped, but for the one with the maximum', () => {
  const { decision, regions, mask } = judgeDrawn(['o..##.', '.#....', '..o..#', 'oo....', '......']);
  expect(decision).toBe('fail');
  expect(regions.map(({ id, x, y, widthPx, heightPx, areaPx }) => [id, x, y, widthPx, heightPx, areaPx])).toEqual([
    [1, 0, 0, 3, 4, 5],
    [2, 3, 0, 2, 1, 2],
  ]);
  expect([...mask!.pixels.subarray(0, 6)]).toEqual([1, 0, 0, 2, 2, 0]);
  // the lone pixel at the right (area 1 < 2) is dropped, unless it holds the maximum
  expect(mask!.pixels[17]).toBe(0);
  expect(judgeDrawn(['#...', '....']).regions).toHaveLength(1);
});

test('a peak that scaling up has lowered still makes a region', () => {
  for (const peak of [0.95, 0.3]) {
    const map = new Float32Array(12).fill(0.1);
    map[6] = peak;
    const { decision, regions, mask } = judge(bundle, readingOf({ score: 1, map }));
    expect([decision, regions.length, mask!.pixels[6]]).toEqual(['fail', 1, 1]);
  }
});

test('a map at the threshold under a lower score is not a pass', () => {
  expect(judgeDrawn(['....', '.##.'], { score: 0.2 }).decision).toBe('fail');
});

test.each<[string, Partial<Reading>]>([
  ['notFinite', { score: Number.NaN }],
  ['notFinite', { score: Number.POSITIVE_INFINITY }],
  ['notFinite', { map: Float32Array.of(...new Array(11).fill(0.1), Number.NaN) }],
  ['notFinite', { map: Float32Array.of(Number.NEGATIVE_INFINITY, ...new Array(11).fill(0.1)) }],
  ['notFinite', { map: Float32Array.of(Infinity, -Infinity, ...new Array(10).fill(0.1)) }],
  ['notFinite', { judgedShare: Number.NaN }],
  ['coverage', { judgedShare: 0.89 }],
  ['coverage', { judged: new Uint8Array(12), judgedShare: 1 }],
  ['datum', { datum: { offsetMm: 2.1, tiltMmAcross: 0 } }],
  ['datum', { datum: { offsetMm: 0, tiltMmAcross: -1.1 } }],
  ['datum', { datum: { offsetMm: Number.NaN, tiltMmAcross: 0 } }],
  ['datum', { datum: null }],
  ['inference', { widthPx: 3 }],
  ['inference', { map: new Float32Array(11) }],
])('not proven is not a pass: %s', (reason, changes) => {
  const judgement = judge(bundle, readingOf(changes));
  expect(judgement).toMatchObject({ decision: 'undecided', reason, regions: [] });
  expect(judgement.detail).not.toBeNull();
});

test('NaN in the bundle is not a pass either', () => {
  for (const changes of [{ threshold: Number.NaN }, { minJudgedShare: Number.NaN }]) {
    expect(judge({ ...bundle, ...changes }, readingOf()).decision).toBe('undecided');
  }
});

const { rgb, depth } = readingOf().vitals;
test.each<[string, string, Reading['vitals']]>([
  ['rgbDead', 'rgb saw nothing of the part', { rgb: { share: 0, contrast: 0, grain: 0 }, depth }],
  ['rgbDead', 'rgb contrast 1.5 levels, expected 10 or more', { rgb: { ...rgb, contrast: 1.5 }, depth }],
  ['rgbDead', 'rgb grain 0.2 levels, expected 1 or more', { rgb: { ...rgb, grain: 0.2 }, depth }],
  ['depthDead', 'depth saw nothing of the part', { rgb, depth: { share: 0, contrast: 0, grain: 0 } }],
  ['depthDead', 'depth contrast 0 mm, expected 0.2 or more', { rgb, depth: { ...depth, contrast: 0 } }],
  ['depthDead', 'depth grain 0.003 mm, expected 0.02 or more', { rgb, depth: { ...depth, grain: 0.003 } }],
  [
    'rgbDead',
    'rgb contrast 0 levels, expected 10 or more; depth saw nothing of the part',
    { rgb: { ...rgb, contrast: 0 }, depth: { ...depth, share: 0 } },
  ],
  ['notFinite', 'the signs of life of a camera', { rgb: { ...rgb, contrast: Number.NaN }, depth }],
])('a dead camera is named, whatever its picture scored: %s, %s', (reason, detail, vitals) => {
  for (const score of [0.2, 2]) {
    const judgement = judge(bundle, readingOf({ vitals, score, map: new Float32Array(12).fill(score) }));
    expect(judgement).toMatchObject({ decision: 'undecided', reason, detail, regions: [] });
  }
});

test('a bundle that knows no limits still names a camera that saw nothing', () => {
  const old = { ...bundle, vitalLimits: null };
  const flat = { share: 1, contrast: 0, grain: 0 };
  expect(judge(old, readingOf({ vitals: { rgb: flat, depth: flat } })).decision).toBe('pass');
  const blind = readingOf({ vitals: { rgb, depth: { ...flat, share: 0 } }, judgedShare: 0 });
  expect(judge(old, blind)).toMatchObject({ decision: 'undecided', reason: 'depthDead' });
});

test('too little seen is told with the camera that saw too little', () => {
  const reading = readingOf({ vitals: { rgb, depth: { ...depth, share: 0.3 } }, judgedShare: 0.3 });
  expect(judge(bundle, reading)).toMatchObject({
    decision: 'undecided',
    reason: 'coverage',
    detail: 'depth saw 0.3 of the part, expected 0.9 or more',
  });
});

test('a defect that was seen fails even where little was judged', () => {
  expect(judgeDrawn(['##..', '..??'], { judgedShare: 0.1 }).decision).toBe('fail');
});

test('what is not judged is in no region', () => {
  const { regions, mask } = judgeDrawn(['##??', '....']);
  expect(regions[0]).toMatchObject({ areaPx: 2, peak: 2 });
  expect([...mask!.pixels.subarray(0, 4)]).toEqual([1, 1, 255, 255]);
});

test('more regions than a mask has ids: the last id gathers the weakest', () => {
  const side = 40;
  const map = new Float32Array(side * side).fill(0.1);
  const spots: number[] = [];
  for (let y = 0; y < side; y += 2) for (let x = 0; x < side; x += 2) spots.push(y * side + x);
  for (const [rank, at] of spots.entries()) map[at] = 2 + rank / 1000;
  const size = { widthPx: side, heightPx: side };
  const judged = new Uint8Array(side * side).fill(1);
  const { regions, mask, detail } = judge(
    { ...bundle, ...size, leastAreaPx: 1 },
    readingOf({ ...size, map, judged, score: 3 }),
  );
  expect(regions).toHaveLength(maxRegions);
  expect(regions.reduce((sum, region) => sum + region.areaPx, 0)).toBe(spots.length);
  expect(spots.every((at) => mask!.pixels[at]! >= 1 && mask!.pixels[at]! <= maxRegions)).toBe(true);
  expect(detail).toContain('400 regions');
});

test('score at the threshold <=> at least one region <=> fail, on random maps', () => {
  const random = randomOf(7);
  for (let round = 0; round < 2000; round++) {
    const map = Float32Array.from({ length: 12 }, () => random() ** 3 * 1.3);
    // the score is the maximum at working size: never below the map's
    const score = Math.max(...map) * (1 + random() * 0.1);
    const { decision, regions } = judge(bundle, readingOf({ map, score }));
    expect([decision === 'fail', regions.length > 0]).toEqual([score >= 1, score >= 1]);
  }
});

test('labelling agrees with growing regions one pixel at a time', () => {
  const random = randomOf(3);
  for (let round = 0; round < 200; round++) {
    const [widthPx, heightPx] = [1 + Math.floor(random() * 9), 1 + Math.floor(random() * 9)];
    const map = Float32Array.from({ length: widthPx * heightPx }, random);
    const judged = Uint8Array.from(map, () => (random() < 0.9 ? 1 : 0));
    const found = components({ widthPx, heightPx, map, judged, low: 0.5, high: 0.9, seed: -1 });
    const label = map.map((value, at) => (value >= 0.5 && judged[at] ? at + 1 : 0));
    for (let changed = true; changed; ) {
      changed = false;
      for (let at = 0; at < label.length; at++) {
        for (let other = 0; other < label.length; other++) {
          const near =
            Math.abs((at % widthPx) - (other % widthPx)) <= 1 &&
            Math.abs(Math.floor(at / widthPx) - Math.floor(other / widthPx)) <= 1;
          if (near && label[at]! > 0 && label[other]! > label[at]!) {
            label[other] = label[at]!;
            changed = true;
          }
        }
      }
    }
    const groups = [...new Set(label)]
      .filter((id) => id > 0)
      .map((id) => [...label.keys()].filter((at) => label[at] === id));
    const strong = groups.filter((group) => group.some((at) => map[at]! >= 0.9));
    expect(found.map(({ pixels }) => [...pixels].sort((a, b) => a - b))).toEqual(strong);
  }
});
