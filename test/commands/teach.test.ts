/** `twinspect teach` and `distil` on real folders: made, and refused. */
import { cp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Manifest } from '../../models/bundle/manifest.ts';
import { call, exported } from './exported.ts';

let folder: string;
beforeAll(async () => {
  folder = await exported();
});
afterAll(() => rm(folder, { recursive: true, force: true }));
const usual = '--data data --teacher teacher.safetensors --epochs 1';
const teach = (options: string, given = {}) => call(folder, `teach ${options}`, given);
const manifestOf = async (name: string): Promise<Manifest> =>
  JSON.parse(await readFile(join(folder, name, 'manifest.json'), 'utf8'));

test('good parts become a bundle, with areas and product kept and the folder of its making gone', async () => {
  const { code, out, err } = await teach(
    `${usual} --out tiny@1.2.0 --product bracket --roi 0,8,64,48 --ignore 1,2,3,4 --ignore 50,50,9,9 --json`,
  );
  expect(err).toMatch(/about \d+ s on two cores/);
  expect(err).toMatch(/epoch 1\/1, loss 0\.\d{4}/);
  expect(code).toBe(0);
  const result = JSON.parse(out);
  expect(result).toMatchObject({ bundle: join(folder, 'tiny@1.2.0'), parts: 8, heldOut: 3 });
  expect(result.falseRejectRate).toMatchObject({
    wanted: 0.01,
    expected: 0.25,
    lowestSupported: 0.25,
    partsMissing: 96,
  });
  expect(await manifestOf('tiny@1.2.0')).toMatchObject({
    name: 'tiny',
    version: '1.2.0',
    product: 'bracket',
    roi: { x: 0, y: 8, widthPx: 64, heightPx: 48 },
    ignore: [
      { x: 1, y: 2, widthPx: 3, heightPx: 4 },
      { x: 50, y: 50, widthPx: 9, heightPx: 9 },
    ],
    working: { widthPx: 64, heightPx: 64 },
    taught: { seed: 1, epochs: 1, teacher: { source: 'teacher.safetensors', licence: 'test' } },
  });
  expect(await readdir(folder)).not.toContain('tiny@1.2.0.teaching');
  const verified = await call(folder, `bundle verify ${join(folder, 'tiny@1.2.0')}`);
  expect(verified).toMatchObject({ code: 0, err: '' });

  const path = join(folder, 'tiny@1.2.0.report.html');
  expect(err).toContain(`report: ${path}`);
  const page = await readFile(path, 'utf8');
  expect(page).toContain('How tiny@1.2.0 was taught on data');
  expect(page.match(/anomaly map of validation\/good\/\d+"/g)).toHaveLength(3);
  expect(page).not.toMatch(/NaN|undefined/);

  const again = await teach(`${usual} --out tiny@1.2.0`);
  expect(again.code).toBe(1);
  expect(again.err).toContain(`error bundle/exists: ${join(folder, 'tiny@1.2.0')} exists already`);
});

describe('refused, with nothing left behind', () => {
  const inside = 'X,Y,W,H inside 64 x 64';
  test.each([
    ['--roi 0,0,65,64', 2, `Option --roi: found 0,0,65,64, expected ${inside}`],
    ['--roi 0,0,64', 2, `Option --roi: found 0,0,64, expected ${inside}`],
    ['--roi ,,64,64', 2, `Option --roi: found ,,64,64, expected ${inside}`],
    ['--roi 0,0,0,9', 2, `Option --roi: found 0,0,0,9, expected ${inside}`],
    ['--ignore 1,1,5,5 --ignore 60,0,5,5', 2, `Option --ignore: found 60,0,5,5, expected ${inside}`],
    ['--working 64x65', 2, 'Option --working: found 64x65, expected WxH, each a multiple of 32 from 64'],
    ['--working 64x64x64', 2, 'Option --working: found 64x64x64'],
    ['--modality colour', 2, 'Option --modality: found colour, expected both, rgb or depth'],
    ['--datum guessed', 2, 'Option --datum: found guessed, expected fitted or fixed'],
    ['--epochs 0', 2, 'Option --epochs: found 0, expected a whole number from 1 to 10000'],
    ['--false-reject-rate 0.9', 2, 'Option --false-reject-rate: found 0.9'],
    ['--teacher none.safetensors', 1, 'error file/missing'],
    ['--teacher data/dataset.json', 1, 'error weights/unusable'],
    ['--data nowhere', 1, 'error '],
  ])('%s', async (option, exit, message) => {
    const { code, err } = await teach(`--data data --teacher teacher.safetensors --out no@1 ${option}`);
    expect(err).toContain(message);
    expect(code).toBe(exit);
    expect((await readdir(folder)).filter((name) => name.startsWith('no@1'))).toEqual([]);
  });

  test('--out is a file: it is left alone', async () => {
    await writeFile(join(folder, 'file@1'), 'precious');
    expect((await teach(`${usual} --out file@1`)).err).toContain('error bundle/exists');
    expect(await readFile(join(folder, 'file@1'), 'utf8')).toBe('precious');
  });

  const damaged = async (name: string, damage: (good: string) => Promise<void>): Promise<string> => {
    await cp(join(folder, 'data'), join(folder, name), { recursive: true });
    await damage(join(folder, name, 'train/good'));
    const { code, err } = await teach(`--data ${name} --teacher teacher.safetensors --out no@1`);
    expect(code).toBe(1);
    expect(await readdir(folder)).not.toContain('no@1.teaching');
    return err;
  };

  test('a part without its partner', async () => {
    const err = await damaged('alone', (good) => rm(join(good, 'depth/004.png')));
    expect(err).toContain('error dataset/partner');
    expect(err).toContain(join('alone', 'train/good/depth/004.png'));
  });

  test('a truncated picture', async () => {
    const err = await damaged('cut', async (good) => {
      const path = join(good, 'rgb/006.png');
      await writeFile(path, (await readFile(path)).subarray(0, 900));
    });
    expect(err).toContain('error image/unreadable');
    expect(err).toContain(join('cut', 'train/good/rgb/006.png'));
  });

  test('too few good parts', async () => {
    const err = await damaged('few', async (good) => {
      for (const what of ['rgb', 'depth']) await rm(join(good, what, '000.png'));
    });
    expect(err).toContain('error teach/tooFew: Only 7 good parts, at least 8 are needed');
  });
});
