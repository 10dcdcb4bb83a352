import { mkdir, mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { diskFiles } from '../../drivers/files.ts';
import { listSamples } from '../../drivers/index.ts';
import { call } from './exported.ts';

const folder = (): Promise<string> => mkdtemp(join(tmpdir(), 'twinspect-synthetic-'));

test('writes a part of the suite that is read back with its severities', async () => {
  const cwd = await folder();
  const few = '--train 1 --validation 1 --good 2 --per-kind 1';
  const { code, out } = await call(cwd, `synthetic --suite --out set --kinds low,dent --severity gross,faint ${few}`);
  expect([code, out]).toEqual([0, `${join(cwd, 'set')}: 8 parts in 0.0 s`]);
  const samples = await listSamples(diskFiles, join(cwd, 'set'));
  expect(samples.map(({ id, severity, group }) => [id, severity, group])).toEqual([
    ['train/good/000', null, 'train/good/000'],
    ['validation/good/000', null, 'validation/good/000'],
    ['test/dent/faint-000', 'faint', 'dent/000'],
    ['test/dent/gross-000', 'gross', 'dent/000'],
    ['test/good/000', null, 'test/good/000'],
    ['test/good/001', null, 'test/good/001'],
    ['test/low/faint-000', 'faint', 'low/000'],
    ['test/low/gross-000', 'gross', 'low/000'],
  ]);
  for (const sample of samples.slice(2, 4)) expect((await sample.load()).truth).toContain(1);
});

test('names what is wrong with the call before it writes', async () => {
  const cwd = await folder();
  const refused = async (argv: string): Promise<string> => {
    const { code, err } = await call(cwd, `synthetic --out set ${argv}`);
    expect(code).toBe(2);
    return err;
  };
  expect(await refused('--suite --kinds dent,scrach')).toContain('did you mean scratch?');
  expect(await refused('--suite --severity strong')).toContain('faint,middle,gross');
  expect(await refused('--suite --test-good 3')).toContain('--test-good without --suite');
  expect(await refused('--per-kind 3')).toContain('--per-kind with --suite');
  expect(await refused('--describe')).toContain('Option --describe: found --out beside it, expected no other option');
  expect(await readdir(cwd)).toEqual([]);
});

test('writes over nothing: what is in the way is named and stays', async () => {
  const cwd = await folder();
  await writeFile(join(cwd, 'file'), 'mine');
  await mkdir(join(cwd, 'full'));
  await writeFile(join(cwd, 'full/mine.png'), 'mine');
  const made = (out: string) =>
    call(cwd, `synthetic --out ${out} --train 1 --validation 0 --test-good 0 --test-per-kind 0`);
  expect(await made('file')).toMatchObject({ code: 1, err: expect.stringContaining('error file/notFolder') });
  expect(await made('full')).toMatchObject({
    code: 1,
    err: expect.stringContaining('it holds 1 things, mine.png among'),
  });
  expect(await readdir(join(cwd, 'full'))).toEqual(['mine.png']);
  await mkdir(join(cwd, 'empty'));
  expect((await made('empty')).code).toBe(0);
  expect((await made('empty')).err).toContain('error file/notEmpty');
});

test('describes the suite as its page does', async () => {
  const { code, out } = await call(await folder(), 'synthetic --describe');
  expect(code).toBe(0);
  expect(`${out}\n`).toBe(await readFile('docs/suite.md', 'utf8'));
});
