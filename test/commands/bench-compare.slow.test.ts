/** Ways to run a bundle side by side, and the figures of eight bits, on a tiny bundle and the real runtime. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { quantiseFigures } from '../../daemon/commands/quantise-figures.ts';
import { call, exported } from './exported.ts';
import { scene } from './scene.ts';

let folder: string;
beforeAll(async () => {
  folder = await exported();
  const teach = 'teach --data data --teacher teacher.safetensors --out tiny@1.0.0 --epochs 1 --threads 1';
  expect((await call(folder, teach)).code).toBe(0);
});
afterAll(() => rm(folder, { recursive: true, force: true }));
const clock = { nowMs: () => performance.now(), wallMs: () => 0, after: (_ms: number, over: () => void) => over() };

test('--compare: every way once, the first the measure of all, other bundles as they usually run', async () => {
  const made = await call(folder, `bundle quantise ${join(folder, 'tiny@1.0.0')} --data data --out tiny@2.0.0`);
  expect(made.code).toBe(0);
  const given = '--bundle tiny@2.0.0 --bundle tiny@1.0.0 --rounds 3';
  const { code, out } = await call(folder, `bench --compare ${given} --json`, { clock });
  expect(code).toBe(0);
  const rows = JSON.parse(out) as { what: string; ms: number; ratio: number; cpuMs: number }[];
  expect(rows.map(({ what }) => what)).toEqual([
    'tiny@2.0.0 fp32, one graph, 2 threads',
    'tiny@2.0.0 fp32, three sessions: teacher, fusion, student',
    'tiny@2.0.0 fp32, 1 thread',
    'tiny@2.0.0 fp32, spinning',
    'tiny@2.0.0 fp32, graph rewritten without layout',
    'tiny@2.0.0 fp32, graph rewritten by constants only',
    'tiny@2.0.0 fp32, graph as written',
    'tiny@2.0.0 int8, one graph, 2 threads',
    'tiny@2.0.0 int8, 1 thread',
    'tiny@1.0.0 fp32, one graph, 2 threads',
  ]);
  expect(rows[0]!.ratio).toBe(1);
  for (const { ms, ratio } of rows) expect(ratio).toBeCloseTo(ms / rows[0]!.ms, 9);
  const table = await call(folder, `bench --compare ${given}`, { clock });
  expect(table.out).toMatch(/^median +ms +ratio +CPU ms$/m);

  const two = await call(folder, 'bench --bundle tiny@2.0.0 --bundle tiny@1.0.0');
  expect(two).toMatchObject({ code: 2 });
  expect(two.err).toContain('expected one bundle; several with --compare');
});

test('figures: of the variant a bundle holds, and of one made for the purpose', async () => {
  const context = scene({ cwd: folder, clock });
  const of = (bundle: string) => quantiseFigures(context, join(folder, bundle), join(folder, 'data'), 1);
  for (const figures of [await of('tiny@1.0.0'), await of('tiny@2.0.0')]) {
    expect(figures.int8Speedup).toBeGreaterThan(0);
    expect(Math.abs(figures.int8AurocLoss!)).toBeLessThanOrEqual(1);
    expect(figures.int8VerdictFlips + figures.int8VerdictFlipsInside).toBeLessThanOrEqual(10);
  }
});
