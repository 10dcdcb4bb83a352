/** `twinspect bundle quantise` on a real bundle: a new one with its variant, verified, and what it refuses. */
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Manifest } from '../../models/bundle/manifest.ts';
import { call, exported } from './exported.ts';

let folder: string;
beforeAll(async () => {
  folder = await exported();
  const teach = 'teach --data data --teacher teacher.safetensors --out tiny@1.0.0 --epochs 1 --threads 1';
  expect((await call(folder, teach)).code).toBe(0);
});
afterAll(() => rm(folder, { recursive: true, force: true }));
const quantise = (options: string) => call(folder, `bundle quantise ${join(folder, 'tiny@1.0.0')} ${options}`);
const manifestOf = async (name: string): Promise<Manifest> =>
  JSON.parse(await readFile(join(folder, name, 'manifest.json'), 'utf8'));

test('int8 for the CPU: a new bundle with both variants, each of which replays its golden parts', async () => {
  const before = await readFile(join(folder, 'tiny@1.0.0', 'manifest.json'), 'utf8');
  const { code, out, err } = await quantise('--data data --out tiny@1.1.0 --threads 1 --json');
  expect(err).toMatch(/teacher in eight bits/);
  expect(code).toBe(0);
  const said = JSON.parse(out);
  expect(said).toMatchObject({ provider: 'cpu', precision: 'int8', parts: 10 });
  expect(said.mapError).toBeGreaterThan(0);
  const manifest = await manifestOf('tiny@1.1.0');
  expect(manifest).toMatchObject({ name: 'tiny', version: '1.1.0' });
  expect(manifest.variants.map(({ precision }) => precision)).toEqual(['fp32', 'int8']);
  const [fp32, int8] = manifest.variants;
  expect(int8).toMatchObject({ threshold: said.threshold, networks: { 'teacher.onnx': 'int8/teacher.onnx' } });
  expect(fp32).toEqual(JSON.parse(before).variants[0]);
  expect(int8!.sources.map(({ name }) => name)).toEqual(fp32!.sources.map(({ name }) => name));
  for (const precision of ['fp32', 'int8']) {
    const verified = await call(folder, `bundle verify ${join(folder, 'tiny@1.1.0')} --precision ${precision}`);
    expect(verified).toMatchObject({ code: 0, err: '' });
  }
  expect(await readFile(join(folder, 'tiny@1.0.0', 'manifest.json'), 'utf8')).toBe(before);
  expect((await readdir(folder)).filter((name) => name.endsWith('.teaching'))).toEqual([]);
  const evaluated = await call(folder, 'evaluate --bundle tiny@1.1.0 --data data --precision int8 --json');
  expect(JSON.parse(evaluated.out).images).toBe(10);
  const compared = await call(folder, `bundle compare ${join(folder, 'tiny@1.1.0')} --data data --threads 1 --json`);
  expect(JSON.parse(compared.out).mapError).toBeCloseTo(said.mapError, 6);
  const none = await call(folder, `bundle compare ${join(folder, 'tiny@1.0.0')} --data data`);
  expect(none).toMatchObject({ code: 1, err: expect.stringContaining('no variant for cpu in int8') });
});

test('for TensorRT: signed bytes or halves, in files of their own', async () => {
  expect((await quantise('--data data --out trt@1.0.0 --for tensorrt --threads 1')).code).toBe(0);
  const { variants, files } = await manifestOf('trt@1.0.0');
  expect(variants[1]).toMatchObject({ provider: 'tensorrt', precision: 'int8' });
  expect(Object.keys(files)).toContain('tensorrt-int8/student.onnx');
  expect((await quantise('--data data --out half@1.0.0 --precision fp16 --threads 1')).code).toBe(0);
  const half = await manifestOf('half@1.0.0');
  expect(half.variants[1]).toMatchObject({ provider: 'tensorrt', precision: 'fp16' });
});

test.each([
  ['--data data --out tiny@1.0.0', 1, 'error bundle/exists'],
  ['--data data', 2, 'bundle quantise needs --out'],
  ['--data data --out x@1 --precision int4', 2, 'Option --precision: found int4, expected int8 or fp16'],
  ['--data data --out x@1 --precision fp16 --for cpu', 2, 'a CPU gains nothing from fp16'],
  ['--data data --out x@1 --for gpu', 2, 'Option --for: found gpu, expected cpu or tensorrt'],
])('%s', async (options, code, says) => {
  const called = await quantise(options);
  expect(called.code).toBe(code);
  expect(called.err).toContain(says);
});

test('a variant the bundle has not is refused with those it has', async () => {
  const { code, err } = await call(folder, `bundle verify ${join(folder, 'tiny@1.0.0')} --precision int8`);
  expect(code).toBe(1);
  expect(err).toContain('no variant for cpu in int8; it has cpu/fp32');
});
