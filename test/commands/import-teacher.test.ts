/** `twinspect bundle import-teacher`: what it says of a weights file, what it writes, what it refuses. */
import { mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { importTeacher } from '../../models/bundle/import-teacher.ts';
import { writeSafetensors } from '../../models/bundle/safetensors.ts';
import { narrowSpec, separateTensors, tinyTeacherFile } from '../teach/tiny-teacher.ts';
import { call } from './exported.ts';

let folder: string;
const at = (name: string): string => join(folder, name);
const bundle = (argv: string) => call(folder, `bundle import-teacher ${argv}`);
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'twinspect-teacher-'));
  await writeFile(at('narrow.safetensors'), tinyTeacherFile(narrowSpec));
  const bare = new Map([...separateTensors(narrowSpec)].filter(([name]) => !name.startsWith('fc')));
  await writeFile(at('bare.safetensors'), writeSafetensors(bare, { license: 'CC0' }));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test('it says the network, its layers with shapes and strides, the cost, the licence, and what is left', async () => {
  const { code, out, err } = await bundle('--from narrow.safetensors');
  expect(err).toBe('');
  expect(code).toBe(0);
  expect(out).toMatch(/^network {3}a ResNet of bottleneck blocks: 1, 2, 1 bottleneck blocks, 4 channels from conv1/m);
  expect(out).toMatch(/^features {2}8, 12, 16 channels at strides 4, 8, 16, 3, 4, 5 inside$/m);
  expect(out).toMatch(/^licence {3}test$/m);
  expect(out).toMatch(/^ {2}conv1 +\[4,3,7,7\] +2 +4 x 128 x 128$/m);
  expect(out).toMatch(/^ {2}layer2\.0\.conv2 +\[4,4,3,3\] +2 +4 x 32 x 32$/m);
  expect(out).toMatch(/^ {2}layer3\.0\.downsample\.0 +\[16,12,1,1\] +2 +16 x 16 x 16$/m);
  expect(out).toMatch(/^not used: fc\.weight$/m);
  expect((await bundle('--from bare.safetensors')).out).toMatch(/^licence {3}CC0$/m);
});

test('the cost is two operations for each multiplication of the convolutions', async () => {
  const { out } = await bundle('--from narrow.safetensors --json');
  const { gflop, layers } = JSON.parse(out) as { gflop: number; layers: { shape: number[]; output: number[] }[] };
  const product = (lengths: number[]): number => lengths.reduce((a, b) => a * b, 1);
  const counted = layers.reduce((sum, { shape, output }) => sum + 2 * product(shape) * product(output.slice(2)), 0);
  expect(layers).toHaveLength(16);
  expect(gflop).toBeCloseTo(counted / 1e9, 9);
});

test('--out writes the layers a teacher needs; read again they are the same teacher, with its lineage', async () => {
  const { code } = await bundle('--from bare.safetensors --out made.safetensors --licence BSD-3-Clause');
  expect(code).toBe(0);
  const [before, after] = [await readFile(at('bare.safetensors')), await readFile(at('made.safetensors'))].map(
    (bytes) => importTeacher(bytes, 'w'),
  );
  expect(after!.spec).toEqual(before!.spec);
  expect(after!.weights).toEqual(before!.weights);
  expect(after!.metadata).toMatchObject({ licence: 'BSD-3-Clause', source: expect.stringMatching(/^bare.*sha256/) });
  expect(after!.unused).toEqual([]);
});

describe('refused, with nothing written', () => {
  test.each([
    ['--json', 2, 'bundle import-teacher needs --from'],
    ['extra --from narrow.safetensors', 2, 'bundle import-teacher does not take "extra"'],
    ['--from none.safetensors', 1, 'error file/missing'],
    ['--from narrow.safetensors --out bare.safetensors', 1, 'error file/exists'],
    ['--from narrow.safetensors --out no/folder.safetensors', 1, 'error file/unwritable'],
  ])('%s', async (argv, exit, message) => {
    const before = await readFile(at('bare.safetensors'));
    const { code, err } = await bundle(argv);
    expect(err).toContain(message);
    expect(code).toBe(exit);
    expect(await readFile(at('bare.safetensors'))).toEqual(before);
  });

  test('the disk is full: said so, and no half file stays', async () => {
    // What is written through this link ends as on a full disk.
    await symlink('/dev/full', at('full.safetensors.partial'));
    const { code, err } = await bundle('--from narrow.safetensors --out full.safetensors');
    expect(code).toBe(1);
    expect(err).toContain(
      `error file/unwritable: Cannot write ${at('full.safetensors')}: ENOSPC: no space left on device`,
    );
    expect(err).toContain('free space');
    expect((await readdir(folder)).filter((name) => name.startsWith('full'))).toEqual([]);
  });
});
