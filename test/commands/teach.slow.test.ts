/** `twinspect teach` on real folders: its page, stopped and gone on with. */
import { cp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Interrupted } from '../../daemon/commands/command.ts';
import { sha256 } from '../../models/bundle/load.ts';
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
/** A context whose signal goes off when a line that fits is told. */
function stoppedAt(line: RegExp): object {
  const abort = new AbortController();
  const stderr = (text: string): void => {
    if (line.test(text)) abort.abort(new Interrupted('SIGINT', 130));
  };
  return { signal: abort.signal, stderr };
}

test('--report says where the page goes; one that cannot be written costs nobody the bundle', async () => {
  const asked = await teach(`${usual} --out page@1 --report pages`);
  expect(asked.code).toBe(0);
  expect(await readdir(join(folder, 'pages'))).toEqual(['report.html']);
  expect(await readdir(folder)).not.toContain('page@1.report.html');
  await writeFile(join(folder, 'blocked'), 'a file where a folder is asked for');
  const blocked = await teach(`${usual} --out blocked@1 --report blocked`);
  expect(blocked.code).toBe(0);
  expect(blocked.err).toContain('the bundle is made, its report is not: ');
  expect(await readdir(join(folder, 'blocked@1'))).toContain('manifest.json');
});

describe('stopped by Ctrl-C', () => {
  test('goes on with the same options, refuses others and other parts', async () => {
    const options = '--data data --teacher teacher.safetensors --out a@1 --epochs 2';
    const stopped = await teach(options, stoppedAt(/calibrating/));
    expect(stopped.code).toBe(130);
    expect((await readdir(join(folder, 'a@1.teaching'))).sort()).toEqual(['options.sha256', 'snapshot.safetensors']);

    for (const other of [
      '--epochs 3',
      '--epochs 2 --seed 2',
      '--epochs 2 --roi 0,0,64,64',
      '--epochs 2 --datum fixed',
    ]) {
      const refused = await teach(`--data data --teacher teacher.safetensors --out a@1 ${other}`);
      expect(refused.code).toBe(1);
      expect(refused.err).toContain('error teach/other');
    }
    // Other pictures under the same names.
    await cp(join(folder, 'data'), join(folder, 'other'), { recursive: true });
    await cp(join(folder, 'data/train/good/rgb/001.png'), join(folder, 'other/train/good/rgb/002.png'));
    expect((await teach(options.replace('--data data', '--data other'))).err).toContain('error teach/other');

    const resumed = await teach(options);
    expect(resumed.code).toBe(0);
    expect(resumed.err).toContain('going on with an interrupted teaching');
    expect(resumed.err).not.toContain('epoch 2/2');
    const { files } = await manifestOf('a@1');
    for (const [path, digest] of Object.entries(files))
      expect(sha256(await readFile(join(folder, 'a@1', path))), path).toBe(digest);
    expect(await readdir(folder)).not.toContain('a@1.teaching');
  });
});
