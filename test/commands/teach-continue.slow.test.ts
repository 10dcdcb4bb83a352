/** `twinspect teach --continue` on real folders: the next version, the one it starts from left alone, and refusals. */
import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { exportSynthetic } from '../../drivers/synthetic/export.ts';
import { sha256 } from '../../models/bundle/load.ts';
import type { Manifest } from '../../models/bundle/manifest.ts';
import { grid } from '../inference/tiny-bundle.ts';
import { call, exported } from './exported.ts';

let folder: string;
let before: string;
const at = (...path: string[]): string => join(folder, ...path);
const more = (options: string) => call(folder, `teach --continue tiny@1.0.0 --epochs 2 --threads 1 ${options}`);
const manifestOf = async (name: string): Promise<Manifest> =>
  JSON.parse(await readFile(at(name, 'manifest.json'), 'utf8'));

async function parts(name: string, seed: number, given: { train: number; grid?: typeof grid }): Promise<void> {
  const write = async (path: string, bytes: Uint8Array): Promise<void> => {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, bytes);
  };
  const none = { validation: 0, testGood: 0, testPerKind: 0 };
  await exportSynthetic(write, { dir: at(name), seed, grid, ...none, ...given });
}

beforeAll(async () => {
  folder = await exported();
  await parts('new', 11, { train: 6 });
  const taught = await call(
    folder,
    'teach --data data --teacher teacher.safetensors --epochs 2 --roi 0,0,64,48 --product bracket --out tiny@1.0.0',
  );
  expect(taught.code).toBe(0);
  before = sha256(await readFile(at('tiny@1.0.0/manifest.json')));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test('old and new parts make the next version; the bundle it starts from is not touched', async () => {
  const { code, out, err } = await more('--data data --data new --out tiny@1.1.0');
  expect(err).not.toMatch(/warning: the (?:old )?parts/);
  expect(code).toBe(0);
  expect(out).toMatch(/tiny@1\.1\.0: 4 good parts added, 2 more held out, in \d+ s/);
  expect(out).toMatch(/^rejected of the 6 new parts: \d before, \d now$/m);
  expect(out).toMatch(/^threshold \d\.\d+ before, \d\.\d+ now$/m);
  const made = await manifestOf('tiny@1.1.0');
  expect(made).toMatchObject({ version: '1.1.0', product: 'bracket', roi: { heightPx: 48 } });
  expect(made.taught.parents).toEqual([
    { bundle: 'tiny@1.0.0', digest: before, how: 'taught on', partsAdded: 4, heldOutAdded: 2 },
  ]);
  expect(made.taught).toMatchObject({ parts: 12, heldOut: 5 });
  expect(sha256(await readFile(at('tiny@1.0.0/manifest.json')))).toBe(before);
  expect((await readdir(folder)).filter((name) => name.includes('teaching'))).toEqual([]);
  for (const name of ['tiny@1.0.0', 'tiny@1.1.0'])
    expect(await call(folder, `bundle verify ${at(name)}`)).toMatchObject({ code: 0, err: '' });
});

test('a chain: both folders of before are old now, and known by their digest', async () => {
  await parts('newer', 12, { train: 3 });
  const chain = 'teach --continue tiny@1.1.0 --epochs 1 --data data --data new --data newer --out tiny@1.2.0 --json';
  const { code, out, err } = await call(folder, chain);
  expect(err).not.toMatch(/warning: the (?:old )?parts/);
  expect(code).toBe(0);
  // Three are too few to hold one of them out.
  const result = JSON.parse(out);
  expect(result).toMatchObject({ partsAdded: 3, heldOutAdded: 0, parent: at('tiny@1.1.0') });
  expect(result.added).toHaveLength(3);
  expect((await manifestOf('tiny@1.2.0')).taught.parents).toHaveLength(2);
});

test('other old parts are taken, with a warning', async () => {
  const { code, err } = await more('--data new --data data --out other@1');
  expect(err).toContain('warning: the old parts are not exactly those the bundle was taught on');
  expect(code).toBe(0);
});

test('without the old parts it works too, and says what stands in for them', async () => {
  const { code, err, out } = await more('--data new --out alone@1.0.1 --json');
  expect(err).toContain('warning: the parts the bundle was taught on are not given');
  expect(err).toContain('preparing 4 new parts and 2 golden ones');
  expect(code).toBe(0);
  const { threshold } = JSON.parse(out);
  expect(threshold.after).toBeGreaterThanOrEqual(threshold.before);
});

test('new parts the bundle was sure of are told: a defect added here would pass from now on', async () => {
  const lenient = await manifestOf('tiny@1.0.0');
  const variants = lenient.variants.map((variant) => ({ ...variant, threshold: 0.01, pixelThreshold: 0.01 }));
  await cp(at('tiny@1.0.0'), at('strict@1'), { recursive: true });
  await writeFile(at('strict@1/manifest.json'), JSON.stringify({ ...lenient, variants }));
  const { err } = await call(folder, 'teach --continue strict@1 --epochs 1 --data new --out strict@2');
  expect(err).toMatch(/warning: the bundle was sure that train\/good\/.* and 1 more had a defect \(score from \d/);
  expect(err).toMatch(/warning: the threshold rises from 0\.01000 to \d\.\d+: what scores between/);
  expect(err).not.toContain('warning: golden good');
});

describe('refused, with nothing left behind', () => {
  test.each([
    ['--data new --out tiny@1.0.0', 2, 'Option --out: found tiny@1.0.0, expected another version'],
    ['--data new --out no@1 --roi 0,0,9,9', 2, 'Option --roi: found 0,0,9,9, expected none: the bundle has its own'],
    [
      '--data new --out no@1 --teacher teacher.safetensors',
      2,
      'Option --teacher: found teacher.safetensors, expected none',
    ],
    ['--data new --out no@1 --datum fixed', 2, 'Option --datum: found fixed, expected none'],
    ['--out no@1', 2, 'teach needs --data'],
    ['--data nowhere --out no@1', 1, 'error dataset/layout'],
    ['--data new --out tiny@1.1.0', 1, 'error bundle/exists'],
  ])('%s', async (options, exit, message) => {
    const { code, err } = await more(options);
    expect(err).toContain(message);
    expect(code).toBe(exit);
    expect((await readdir(folder)).filter((name) => name.startsWith('no@1'))).toEqual([]);
  });

  test('a bundle that is none, and parts of another size', async () => {
    expect((await call(folder, 'teach --continue none@1 --data new --out no@1')).err).toContain('error bundle/missing');
    await parts('large', 1, { train: 2, grid: { widthPx: 96, heightPx: 64 } });
    const { code, err } = await more('--data data --data large --out no@1');
    expect(err).toContain('error image/size: a good part is 96 x 64, expected 64 x 64 as tiny@1.0.0 was taught on');
    expect(code).toBe(1);
  });
});
