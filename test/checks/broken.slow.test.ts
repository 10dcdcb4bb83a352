import { cpSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { root } from '../architecture/source.ts';
import { brokenAtOnce } from './broken.ts';
import { Desk } from './desk.ts';

test.each(brokenAtOnce)('$what: run does not start, and config check says so: $code', async ({ code, make }) => {
  const desk = new Desk();
  const file = desk.given(await make(desk.folder));
  const check = await desk.check(file, '--quick');
  const expected = code instanceof RegExp ? expect.stringMatching(code) : code;
  expect(check.fails.map((found) => found.code)).toContainEqual(expected);
  expect(check.code).toBe(1);
  for (const { advice, check: name } of check.fails) expect(advice, name).toBeTruthy();
  const run = await desk.call(['run', '--config', file, '--parts', '1']);
  expect(run.code).toBe(1);
  // Word for word the same, so that one can be looked up by the other.
  const [said] = run.err.split('\n').filter((line) => line.startsWith('error '));
  expect(check.fails.map((found) => `error ${found.code}: ${found.text}`)).toContain(said);
});

test('a camera library that is not there: found by the whole check, and by run once it opens the camera', async () => {
  const desk = new Desk();
  const aravis = { address: '192.0.2.7', library: '/nowhere/libaravis.so' };
  const file = desk.given({ camera: { driver: 'aravis', aravis } });
  const { code, fails } = await desk.check(file);
  expect({ code, codes: fails.map((found) => found.code) }).toEqual({ code: 1, codes: ['camera/library'] });
  const run = await desk.call(['run', '--config', file, '--parts', '1'], 60_000);
  expect(run.err).toContain(`error ${fails[0]!.code}: ${fails[0]!.text}`);
});

test('a bundle that was changed, of another product, or none: run judges nothing, the check says why', async () => {
  const desk = new Desk();
  cpSync(join(root, 'models/shipped/first-run@1.0.0'), join(desk.folder, 'a@1.0.0'), { recursive: true });
  writeFileSync(join(desk.folder, 'a@1.0.0/student.onnx'), 'changed');
  const bundle = async (line: object) => (await desk.check(desk.given({ line }))).fails.map(({ code }) => code);
  expect(await bundle({ bundle: 'a@1.0.0' })).toEqual(['bundle/digest']);
  expect(await bundle({ product: 'lid' })).toEqual(['bundle/product']);
  expect(await bundle({ bundle: 'none@1.0.0' })).toEqual(['bundle/missing']);
  const row = { name: 'Lid', product: 'first-run', bundle: 'none@1.0.0' };
  const good = { ...row, bundle: 'shipped:first-run@1.0.0' };
  const table = desk.given({ recipes: { 1: good, 2: row } });
  expect((await desk.check(table)).fails.map(({ code }) => code)).toEqual(['bundle/missing']);
});

test('what the whole check finds good starts and judges', async () => {
  const desk = new Desk();
  const file = desk.given({ camera: { synthetic: { periodMs: 100 } } });
  expect(await desk.check(file)).toEqual({ code: 0, fails: [] });
  const run = await desk.call(['run', '--config', file, '--parts', '1'], 60_000);
  expect(run).toMatchObject({ code: 0, err: expect.stringContaining('1 parts: ') });
});
