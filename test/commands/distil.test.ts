/** `twinspect distil`: stopped at once it ends as the shell expects; a wrong file and a taken folder are refused. */
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Interrupted } from '../../daemon/commands/command.ts';
import { call, exported } from './exported.ts';

let folder: string;
beforeAll(async () => {
  folder = await exported();
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test.each([
  ['distil --out d', 2, 'distil needs --from-weights'],
  ['distil --from-weights teacher.safetensors', 2, 'distil needs --out'],
  ['distil --from-weights teacher.safetensors --out d --steps none', 2, 'Option --steps: found none'],
  ['distil --from-weights data/dataset.json --out d', 1, 'error weights/unusable'],
  ['distil --from-weights nowhere --out d', 1, 'error file/missing'],
])('%s', async (argv, exit, message) => {
  const { code, err } = await call(folder, argv);
  expect(err).toContain(message);
  expect(code).toBe(exit);
  expect(await readdir(folder)).not.toContain('d.teaching');
});

test('a folder with something in it is not made over', async () => {
  await mkdir(join(folder, 'full'));
  await writeFile(join(folder, 'full/teacher.safetensors'), 'precious');
  const { code, err } = await call(folder, 'distil --from-weights teacher.safetensors --out full');
  expect(code).toBe(1);
  expect(err).toContain('error bundle/exists');
});

test('stopped before its first step it can be called again, but with the same options', async () => {
  const signal = AbortSignal.abort(new Interrupted('SIGINT', 130));
  const argv = 'distil --from-weights teacher.safetensors --out made';
  expect(await call(folder, argv, { signal })).toMatchObject({ code: 130 });
  expect(await readdir(folder)).toContain('made.teaching');
  expect(await call(folder, `${argv} --seed 9`, { signal })).toMatchObject({
    code: 1,
    err: expect.stringContaining('error teach/other'),
  });
});
