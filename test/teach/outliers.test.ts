/** Defects recorded among the good parts are named before teaching; good parts are not; groups do not vouch. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import type { DefectKind } from '../../drivers/synthetic/defects.ts';
import { renderPart } from '../../drivers/synthetic/part.ts';
import { importTeacher } from '../../models/bundle/import-teacher.ts';
import { seeded } from '../../models/random.ts';
import { spreadsAbove } from '../../models/teach/outliers.ts';
import { paintDent, paintStain } from '../../models/teach/paint.ts';
import type { PartImages } from '../../models/teach/prepared.ts';
import { teach } from '../../models/teach/teach.ts';
import type { GoodPart } from '../../models/teach/teaching.ts';
import { root } from '../architecture/source.ts';
import { hooks, tinyOptions } from './tiny-options.ts';

const grid = { widthPx: 128, heightPx: 96 };
const rendered = (part: number, kind?: DefectKind): PartImages => {
  const defect = kind === undefined ? null : { kind, severity: 1 };
  const { rgb, depthMm } = renderPart({ seed: 1, part, grid, defect });
  return { ...grid, rgb, depthMm };
};
const part = (id: string, images: PartImages, group?: string): GoodPart => ({
  id,
  ...(group !== undefined && { group }),
  load: async () => images,
});
const many = (from: number, count: number): GoodPart[] =>
  Array.from({ length: count }, (_, i) => part(`p${from + i}`, rendered(from + i)));

/** What teaching says before its first epoch; it is stopped there. */
async function saidOf(training: GoodPart[], heldOut: GoodPart[]): Promise<string[]> {
  const bytes = readFileSync(join(root, 'models/shipped/teacher.safetensors'));
  const teacher = { ...importTeacher(bytes, 'shipped'), source: 'shipped', digest: 'none' };
  const abort = new AbortController();
  const said: string[] = [];
  const say = (line: string): void => {
    said.push(line);
    if (line.startsWith('teaching the student')) abort.abort(new Error('stopped by the test'));
  };
  const options = tinyOptions({ training, heldOut, teacher, working: grid });
  await expect(teach(options, hooks({ say, signal: abort.signal }))).rejects.toThrow('stopped by the test');
  return said;
}

describe('parts of the synthetic line', () => {
  let good: { training: GoodPart[]; heldOut: GoodPart[] };
  beforeAll(() => {
    good = { training: many(1, 12), heldOut: many(101, 3) };
  });

  test('defects among them are named, with what sees them and where, and nothing else is', async () => {
    const bad = [
      part('bad/dent', rendered(50, 'dent')),
      part('bad/stain', rendered(51, 'stain')),
      part('bad/painted-dent', paintDent(rendered(54), 6)),
      part('bad/painted-stain', paintStain(rendered(55), 0.9)),
    ];
    const said = await saidOf(
      [...good.training, ...bad],
      [...good.heldOut, part('bad/missing', rendered(60, 'missing'))],
    );
    const [heading, ...named] = said.slice(
      said.findIndex((line) => line.startsWith('warning: 5 good parts')),
      -1,
    );
    expect(heading).toContain('look unlike the rest');
    expect(named.map((line) => line.trim().replace(/ at \d.*/, ''))).toEqual([
      'bad/dent (taught): depth',
      'bad/stain (taught): colour',
      'bad/painted-dent (taught): depth',
      'bad/painted-stain (taught): colour',
      expect.stringMatching(/^bad\/missing \(held out\): (?:colour and depth|depth and colour)$/),
    ]);
    // Painted two thirds into the image, within two places of the finer level.
    const [x, y] = /at (\d+),(\d+)/.exec(named[2]!)!.slice(1).map(Number) as [number, number];
    expect(Math.hypot(x - (2 / 3) * grid.widthPx, y - (2 / 3) * grid.heightPx)).toBeLessThan(16);
  });

  test('tiles of one bad picture do not vouch for one another', async () => {
    const tiles = [1, 2, 3].map((i) => part(`tile${i}`, paintDent(rendered(70 + i), 3), 'picture'));
    const said = await saidOf([...good.training, ...tiles], good.heldOut);
    expect(said.filter((line) => /^ {2}tile\d \(taught\): depth/.test(line))).toHaveLength(3);
  });

  test('among good parts nothing is said', async () => {
    const said = await saidOf(good.training, good.heldOut);
    expect(said.filter((line) => line.includes('unlike'))).toEqual([]);
  });
});

describe('the robust test', () => {
  const random = seeded(3);
  const values = Array.from({ length: 40 }, () => 2 * Math.exp(0.2 * random.normal()));
  const own = values.map((_, i) => String(i));

  test('counts spreads on a logarithmic scale, whatever the unit', () => {
    const far = [...values, 2 * Math.exp(2)];
    const groups = [...own, 'far'];
    const spreads = spreadsAbove(far, groups, 40);
    expect(spreads).toBeGreaterThan(7);
    expect(spreads).toBeLessThan(14);
    expect(
      spreadsAbove(
        far.map((v) => 1000 * v),
        groups,
        40,
      ),
    ).toBeCloseTo(spreads, 6);
    expect(Math.abs(spreadsAbove(values, own, 7))).toBeLessThan(3);
  });

  test('its own group is no measure, and four others are the least', () => {
    const far = [2, 2.1, 1.9, 2.05, 40, 41, 42];
    const groups = ['a', 'b', 'c', 'd', 'x', 'x', 'x'];
    expect(spreadsAbove(far, groups, 4)).toBeGreaterThan(10);
    expect(spreadsAbove(far, ['a', 'a', 'a', 'd', 'x', 'x', 'x'], 3)).toBeGreaterThan(-30);
    expect(spreadsAbove([1, 1, 1, 50], ['a', 'b', 'c', 'd'], 3)).toBe(0);
  });

  test('even parts do not accuse one another', () => {
    expect(
      spreadsAbove(
        [...Array(20).fill(1), 1.1],
        Array.from({ length: 21 }, (_, i) => String(i)),
        20,
      ),
    ).toBeLessThan(2);
  });
});
