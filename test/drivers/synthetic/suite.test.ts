import { expect, it } from 'vitest';
import { amountOf, levelNames } from '../../../drivers/synthetic/amounts.ts';
import { allKindNames, defectKindNames } from '../../../drivers/synthetic/defects.ts';
import { writeSet } from '../../../drivers/synthetic/export.ts';
import { renderPart } from '../../../drivers/synthetic/part.ts';
import { depthNoiseMm, shade } from '../../../drivers/synthetic/sensors.ts';
import { suiteSet } from '../../../drivers/synthetic/suite.ts';
import { faceLevels, levelFacts, suiteMissingShare } from '../../../drivers/synthetic/suite-facts.ts';
import { suitePage } from '../../../drivers/synthetic/suite-page.ts';
import { laySurface, place } from '../../../drivers/synthetic/surface.ts';

const grid = { widthPx: 320, heightPx: 240 };
const small = { widthPx: 96, heightPx: 72 };
const count = (mask: Uint8Array): number => mask.reduce((sum, mark) => sum + mark, 0);

async function written(settings: Parameters<typeof suiteSet>[0]): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  const write = async (path: string, bytes: Uint8Array): Promise<void> => {
    files.set(path, Buffer.from(bytes).toString('base64'));
  };
  await writeSet(write, suiteSet(settings), { dir: 'set', seed: 4, grid: small });
  return files;
}

it('is 200 good parts and ten kinds of fifty at three severities, the named ones only when named', () => {
  const { entries } = suiteSet();
  const inFolder = (folder: string): number => entries.filter((entry) => entry.folder === folder).length;
  expect([inFolder('train/good'), inFolder('validation/good'), inFolder('test/good')]).toEqual([120, 120, 200]);
  expect(defectKindNames.map((kind) => inFolder(`test/${kind}`))).toEqual(Array(10).fill(150));
  expect([inFolder('test/deepDent'), inFolder('test/low'), entries.length]).toEqual([0, 0, 1940]);
  expect(new Set(entries.map(({ folder, name }) => `${folder}/${name}`)).size).toBe(entries.length);
  const named = suiteSet({ kinds: ['low'], levels: ['middle'], perKind: 2 }).entries.slice(-2);
  expect(named.map(({ folder, name, level }) => [folder, name, level])).toEqual([
    ['test/low', 'middle-000', 'middle'],
    ['test/low', 'middle-001', 'middle'],
  ]);
});

it('a smaller set holds the images of the larger one, byte for byte, and says so of each part', async () => {
  const whole = await written({ train: 2, validation: 1, good: 2, perKind: 2, kinds: ['stain', 'dent'] });
  const part = await written({ train: 1, validation: 0, good: 1, perKind: 1, kinds: ['dent'], levels: ['middle'] });
  const images = [...part.keys()].filter((path) => path.endsWith('.png'));
  expect(images.length).toBe(2 + 3 + 3); // one to learn from has no truth
  for (const path of images) expect(part.get(path), path).toBe(whole.get(path));
  const description = JSON.parse(Buffer.from(part.get('set/dataset.json')!, 'base64').toString());
  expect(description.severity).toEqual({ 'test/dent/middle-000': 'middle' });
  expect(description.groups).toEqual({ 'test/dent/middle-000': 'dent/000' });
  expect(description.severities.dent).toEqual({
    seenBy: ['depth'],
    middle: { amount: { depthMm: 0.9, radiusMm: 3.75 }, rgbNoiseSd: null, depthNoiseSd: 18 },
  });
});

it('middle is the middle of the running scale, and severity rises in each kind', () => {
  // the running scale has nothing between a piece broken off and all of it gone
  for (const kind of allKindNames.filter((name) => name !== 'missing')) {
    const [at, middle] = [amountOf(kind, 0.5), amountOf(kind, 'middle')];
    expect(Object.keys(middle), kind).toEqual(Object.keys(at));
    for (const [name, value] of Object.entries(at)) expect(Object(middle)[name], kind).toBeCloseTo(value, 9);
  }
  for (const kind of allKindNames) {
    const size = levelNames.map((level) => {
      const direction = kind === 'missing' ? -1 : 1;
      return Object.values(amountOf(kind, level)).map((value: number) => direction * value);
    });
    for (const [index, faint] of size[0]!.entries()) {
      expect(faint, kind).toBeLessThanOrEqual(size[1]![index]!);
      expect(size[1]![index]!, kind).toBeLessThanOrEqual(size[2]![index]!);
    }
    expect(size[0], kind).not.toEqual(size[1]);
    expect(size[1], kind).not.toEqual(size[2]);
  }
});

it('stands out of the noise as far as it says', () => {
  const placement = { ...place(1, 1), sine: 0, cosine: 1, xMm: 0, yMm: 0, brightness: 1, warmth: 0 };
  const picture = shade(laySurface(placement, grid, null));
  const plain = Array.from({ length: 400 }, (_, i) => picture[3 * ((185 + (i % 20)) * 320 + 150 + (i % 21)) + 1]!);
  expect(Math.abs(plain.reduce((sum, value) => sum + value, 0) / plain.length - faceLevels)).toBeLessThan(6);
  const [bad, twin] = (['middle', null] as const).map((level) =>
    renderPart({ seed: 2, part: 9, defect: level && { kind: 'dent', severity: level } }),
  );
  const deepest = bad!.depthMm.reduce((most, mm, i) => {
    const both = mm > 0 && twin!.depthMm[i]! > 0;
    return both ? Math.max(most, mm - twin!.depthMm[i]!) : most;
  }, 0);
  expect(deepest / depthNoiseMm).toBeCloseTo(levelFacts('dent', 'middle').depthNoiseSd!, 0);
});

it('a deep dent is 120 px across with a flat floor; a low part is low as a whole', () => {
  const [dent, low, twin] = (['deepDent', 'low', null] as const).map((kind) =>
    renderPart({ seed: 3, part: 4, defect: kind && { kind, severity: 'middle' } }),
  );
  const columns = [...dent!.truth.keys()].filter((at) => dent!.truth[at] === 1).map((at) => at % 320);
  const across = Math.max(...columns) - Math.min(...columns);
  expect(across).toBeGreaterThan(108);
  expect(across).toBeLessThan(122);
  const sunk = (bad: typeof dent): number[] =>
    [...bad!.depthMm.keys()]
      .filter((at) => bad!.truth[at] === 1 && bad!.depthMm[at]! > 0 && twin!.depthMm[at]! > 0)
      .map((at) => bad!.depthMm[at]! - twin!.depthMm[at]!);
  expect(sunk(dent).filter((mm) => Math.abs(mm - 3) < 0.15).length / count(dent!.truth)).toBeGreaterThan(0.2);
  const lowMm = sunk(low);
  expect(lowMm.reduce((sum, mm) => sum + mm, 0) / lowMm.length).toBeCloseTo(1, 1);
  expect(count(low!.truth) / (320 * 240)).toBeGreaterThan(0.65);
  expect(dent!.rgb).toEqual(twin!.rgb);
  expect(low!.rgb).toEqual(twin!.rgb);
});

it('five percent of the part have no depth, differently from part to part and alike on a good and a bad twin', () => {
  const shares: number[] = [];
  const gone = new Map<number, number>();
  const parts = 8;
  for (let part = 1; part <= parts; part++) {
    const { cover } = laySurface(place(6, part), grid, null);
    const { depthMm } = renderPart({ seed: 6, part, missingShare: suiteMissingShare });
    const onPart = [...cover.keys()].filter((at) => cover[at]! >= 0.5);
    const lost = onPart.filter((at) => depthMm[at] === 0);
    shares.push(lost.length / onPart.length);
    for (const at of lost) gone.set(at, (gone.get(at) ?? 0) + 1);
  }
  expect(shares.reduce((sum, share) => sum + share, 0) / parts).toBeCloseTo(suiteMissingShare, 2);
  expect(Math.max(...shares) - Math.min(...shares)).toBeGreaterThan(0.008);
  expect([...gone.values()].filter((times) => times <= 2).length).toBeGreaterThan(1500);
  const [good, bad] = ([null, { kind: 'stain', severity: 'middle' }] as const).map(
    (defect) => renderPart({ seed: 6, part: 3, defect, missingShare: suiteMissingShare }).depthMm,
  );
  expect(bad).toEqual(good);
});

it('docs/suite.md is the tables (npx vitest run test/drivers/synthetic -u writes it anew)', async () => {
  await expect(suitePage()).toMatchFileSnapshot('../../../docs/suite.md');
});
