/** `twinspect bundle threshold` on a real bundle: the next version judges by the new threshold, the old one stays. */
import { cp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { encodeDepthPng16 } from '../../drivers/image/png.ts';
import { loadBundle, sha256 } from '../../models/bundle/load.ts';
import type { Manifest } from '../../models/bundle/manifest.ts';
import { networkFiles } from '../../models/bundle/networks.ts';
import { call, exported } from './exported.ts';

let folder: string;
let before: string;
const at = (...path: string[]): string => join(folder, ...path);
const bytes = (...path: string[]) => readFile(at(...path));
const manifestOf = async (name: string): Promise<Manifest> =>
  JSON.parse((await bytes(name, 'manifest.json')).toString());
const threshold = (options: string) => call(folder, `bundle threshold tiny@1.0.0 --threads 1 ${options}`);
interface Told {
  threshold: { before: number; after: number };
  parts: { good: number; bad: number };
  candidates: { threshold: number; what: string; falseRejects: number; misses: number }[];
  kinds: { kind: string; parts: number; missed: number }[];
}

beforeAll(async () => {
  folder = await exported();
  const teach = 'teach --data data --teacher teacher.safetensors --epochs 2 --threads 1 --out tiny@1.0.0';
  expect((await call(folder, teach)).code).toBe(0);
  before = sha256(await bytes('tiny@1.0.0', 'manifest.json'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test('by rate: from the good parts, with what the bad ones would miss; its parent is named', async () => {
  const { code, out, err } = await threshold('--data data --out tiny@1.0.1 --false-reject-rate 0.2 --json');
  expect(code).toBe(0);
  expect(err).toContain(`8 parts of ${at('data')} are for teaching and left out`);
  const told = JSON.parse(out) as Told;
  // Three of validation and four of the test split are good; two kinds of three are bad.
  expect(told.parts).toEqual({ good: 7, bad: 6 });
  const chosen = told.candidates.find(({ what }) => what.includes('chosen'))!;
  expect(chosen.threshold).toBe(told.threshold.after);
  expect(chosen.falseRejects).toBe(0);
  expect(told.kinds.map(({ kind, parts }) => [kind, parts])).toEqual([
    ['dent', 3],
    ['stain', 3],
  ]);
  expect(told.kinds.reduce((sum, { missed }) => sum + missed, 0)).toBe(chosen.misses);

  const [was, now] = [await manifestOf('tiny@1.0.0'), await manifestOf('tiny@1.0.1')];
  expect(now.variants[0]).toMatchObject({ sources: was.variants[0]!.sources, threshold: told.threshold.after });
  expect(now.variants[0]!.pixelThreshold).toBeLessThanOrEqual(told.threshold.after);
  expect(now.taught.parents).toEqual([
    { bundle: 'tiny@1.0.0', digest: before, how: 'threshold', partsAdded: 0, heldOutAdded: 7 },
  ]);
  expect(now.taught.falseRejectRate).toMatchObject({ wanted: 0.2, lowestSupported: 0.125 });
  for (const file of networkFiles)
    expect(await bytes('tiny@1.0.1', file), file).toEqual(await bytes('tiny@1.0.0', file));
  expect(sha256(await bytes('tiny@1.0.0', 'manifest.json'))).toBe(before);
  expect(await call(folder, `bundle verify ${at('tiny@1.0.1')}`)).toMatchObject({ code: 0, err: '' });
  const shown = (await call(folder, `bundle show ${at('tiny@1.0.1')}`)).out;
  expect(shown).toContain(
    `made from     tiny@1.0.0, digest ${before.slice(0, 12)}: threshold, 0 parts taught and 7 meas`,
  );
});

test('by value: that very score; the golden part near the threshold is near the new one', async () => {
  const { code, out } = await threshold('--data data --out tiny@1.0.2 --value 3.5');
  expect(code).toBe(0);
  expect(out).toMatch(/tiny@1\.0\.2: threshold \d\.\d+ before, 3\.5000 now$/m);
  expect(out).toMatch(/^\* 3\.5000 +0 of 7 +13 % \(0\.0 % to 41 %\) +\d of 6 +chosen$/m);
  expect(out).toMatch(/^missed: \d of 3 (?:dent|stain)$/m);
  const read = (path: string) => bytes('tiny@1.0.2', path);
  const { variant, golden } = await loadBundle(read, 'tiny@1.0.2', 'cpu');
  expect(variant.threshold).toBe(3.5);
  const near = golden.find(({ name }) => name === 'near-threshold')!;
  expect(near.score).toBeGreaterThan(3.5);
  expect(near.score).toBeLessThan(1.05 * 3.5);
  const evaluated = await call(folder, 'evaluate --bundle tiny@1.0.2 --data data --threads 1 --json');
  expect(JSON.parse(evaluated.out)).toMatchObject({ falseRejectRate: 0 });
});

test('a folder of good parts alone: what is missed is not known, and which rate they support is said', async () => {
  const good = at('data/validation/good');
  await cp(at('data/dataset.json'), join(good, 'dataset.json'));
  const { code, out, err } = await threshold(`--data ${good} --out tiny@1.0.3`);
  await rm(join(good, 'dataset.json'));
  expect(code).toBe(0);
  expect(out).toContain('no defective part in the folder: what the threshold misses is not known');
  expect(err).toContain(
    '3 good parts support a rate of 25 % at the lowest; 96 more are needed for the 1.0 % asked for',
  );
});

test('a part that cannot be judged is named and left out: the plant would not see its score', async () => {
  await cp(at('data'), at('dead'), { recursive: true });
  const blank = await encodeDepthPng16(new Uint16Array(64 * 64), 64, 64);
  await writeFile(at('dead/test/good/depth/001.png'), blank);
  const { code, out, err } = await threshold('--data dead --out tiny@1.0.4 --json');
  expect(code).toBe(0);
  expect(err).toContain('warning: 1 parts are undecided and left out: test/good/001');
  expect((JSON.parse(out) as Told).parts).toEqual({ good: 6, bad: 6 });
});

describe('refused, with nothing left behind', () => {
  test.each([
    ['--out no@1', 2, 'bundle threshold needs --data'],
    ['--data data', 2, 'bundle threshold needs --out'],
    ['--data data --out no@1 --value 2 --false-reject-rate 0.1', 2, 'not both of --value and --false-reject-rate'],
    ['--data data --out no@1 --value none', 2, 'Option --value: found none'],
    ['--data data --out tiny@1.0.0', 2, 'Option --out: found tiny@1.0.0, expected another version'],
    ['--data nowhere --out no@1', 1, 'error dataset/layout'],
    ['--data data --out tiny@1.0.1', 1, 'error bundle/exists'],
  ])('%s', async (options, exit, message) => {
    const { code, err } = await threshold(options);
    expect(err).toContain(message);
    expect(code).toBe(exit);
    expect((await readdir(folder)).filter((name) => name.startsWith('no@1'))).toEqual([]);
  });

  test('a folder without a good part', async () => {
    await cp(at('data'), at('bad'), { recursive: true });
    for (const split of ['train', 'validation', 'test']) await rm(at('bad', split, 'good'), { recursive: true });
    const { code, err } = await threshold('--data bad --out no@1');
    expect(err).toContain(`error threshold/noGood: None of the 6 judged parts of ${at('bad')} is a good one`);
    expect(code).toBe(1);
  });
});
