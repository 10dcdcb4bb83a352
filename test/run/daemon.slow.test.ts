import { join } from 'node:path';
import process from 'node:process';
import { beforeAll, describe, expect, test } from 'vitest';
import { systemClock } from '../../daemon/clock.ts';
import { BenchCamera } from '../../daemon/commands/bench-camera.ts';
import type { Fault } from '../../drivers/synthetic/faults.ts';
import type { Manifest } from '../../models/bundle/manifest.ts';
import { temporaryFolder, until } from '../inference/rig.ts';
import { tinyFiles } from '../inference/taught-once.ts';
import { goodPart, lenient, product, writeBundle } from '../inference/tiny-bundle.ts';
import { openDaemon, show, syntheticCamera, testConfig } from './rig.ts';

let files: Map<string, Uint8Array>;
beforeAll(async () => {
  files = await tinyFiles();
});

describe('one trigger, one verdict, through everything that is real', () => {
  const both = ['rgb', 'depth'] as const;
  const cases: [string, Fault, string][] = [
    ['a partner lost by its camera', { kind: 'lose', of: ['depth'] }, 'incomplete'],
    ['a partner that vanished', { kind: 'vanish', of: ['rgb'] }, 'unpaired'],
    ['both frames missing', { kind: 'vanish', of: both }, 'noFrames'],
    ['the same frame twice', { kind: 'repeat', of: ['depth'] }, 'stale'],
    ['missing data', { kind: 'incomplete', of: ['rgb'] }, 'incomplete'],
    ['a depth without a reading', { kind: 'allInvalid' }, 'depthDead'],
    ['a depth stuck at a plausible distance', { kind: 'flat', of: ['depth'], value: 399 }, 'depthDead'],
    ['a black picture', { kind: 'flat', of: ['rgb'], value: 0 }, 'rgbDead'],
    ['a white picture', { kind: 'flat', of: ['rgb'], value: 255 }, 'rgbDead'],
    ['a picture stuck at grey', { kind: 'flat', of: ['rgb'], value: 118 }, 'rgbDead'],
    ['one frame of another size', { kind: 'wrongSize', of: ['rgb'] }, 'size'],
    ['both frames of another size', { kind: 'wrongSize', of: both }, 'size'],
  ];

  test('each bad input is undecided with its reason, and the part after it is judged', async () => {
    const folder = temporaryFolder();
    const bundle = await writeBundle(join(folder, 'a@1.0.0'), files, roomy);
    // part 1 good, part 2 with the first fault, part 3 good ...
    const camera = syntheticCamera((part) => (part % 2 === 0 ? (cases[part / 2 - 1]?.[1] ?? null) : null));
    const plant = openDaemon(testConfig(join(folder, 'state'), bundle), camera);
    await plant.daemon.start();
    const seen: string[] = [];
    for (const [what, fault] of cases) {
      const good = await show(camera, plant);
      expect(good, `before ${what}: ${good.detail}`).toMatchObject({ decision: expect.stringMatching(/pass|fail/) });
      const bad = await show(camera, plant);
      seen.push(`${what}: ${bad.decision} ${bad.reason}`);
      // Only who was told of a loss can say more than that nothing came.
      if (fault.kind !== 'vanish') expect(bad.detail, what).toBeTruthy();
    }
    expect(seen).toEqual(cases.map(([what, , reason]) => `${what}: undecided ${reason}`));
    expect(plant.daemon.line!.counters().framesDropped).toMatchObject({ stale: 1, incomplete: 1 });
    expect(camera.held).toBe(0);
  });

  test('NaN in the depth is no reading: the rest of the part is judged', async () => {
    const folder = temporaryFolder();
    const bundle = await writeBundle(join(folder, 'a@1.0.0'), files, lenient);
    const camera = syntheticCamera((part) => (part === 1 ? { kind: 'nan' } : null));
    const plant = openDaemon(testConfig(join(folder, 'state'), bundle), camera);
    await plant.daemon.start();
    const verdict = await show(camera, plant);
    expect(verdict.score).not.toBeNull();
    expect(verdict.judgedShare).toBeLessThan(0.75);
    expect(verdict.reason).not.toBe('notFinite');
  });
});

test('a stopped host: its part is undecided at its deadline, the host is replaced, judging goes on', async () => {
  const folder = temporaryFolder();
  const bundle = await writeBundle(join(folder, 'a@1.0.0'), files);
  const camera = syntheticCamera();
  const plant = openDaemon(testConfig(join(folder, 'state'), bundle), camera);
  await plant.daemon.start();
  await show(camera, plant);
  const { pid } = plant.daemon.inference.host!;
  process.kill(pid!, 'SIGSTOP');
  const stuck = await show(camera, plant);
  expect(stuck).toMatchObject({ decision: 'undecided', reason: 'timeout' });
  expect(stuck.closedAtMs - stuck.openedAtMs).toBeLessThan(1500 + 200);
  const status = () => plant.daemon.publishing!.line('line1').status();
  await until('the plant is told', () => !status().ready);
  await until('the host is replaced', () => status().ready);
  expect((await show(camera, plant)).inferMs).toBeGreaterThan(0);
  process.kill(plant.daemon.inference.host!.pid!, 'SIGKILL');
  // The death may come before or in the part; it is never a pass without a reading.
  const after = [await show(camera, plant), await show(camera, plant)];
  expect(after.at(-1)!.inferMs).toBeGreaterThan(0);
  expect(plant.daemon.inference.counters()).toMatchObject({ hostDeaths: 2, hostStarts: 3 });
});

test('bundles are swapped under load: no part is missed, doubled or undecided, ready stays up', async () => {
  const folder = temporaryFolder();
  const version = (wanted: string) =>
    writeBundle(join(folder, `a@${wanted}`), files, (manifest) => ({ ...lenient(manifest), version: wanted }));
  const versions = ['1.0.0', '1.1.0', '1.2.0', '1.3.0'];
  const paths = await Promise.all(versions.map(version));
  const camera = new BenchCamera([1, 2, 3, 4].map(goodPart), systemClock);
  const plant = openDaemon(testConfig(join(folder, 'state'), paths[0]!), camera);
  await plant.daemon.start();
  const notReady: string[] = [];
  plant.daemon.publishing!.onHealth((health) => {
    if (!health.ok) notReady.push(String(health.problem));
  });
  let shown = 0;
  const wishing = (async () => {
    for (const path of paths.slice(1)) await plant.daemon.inference.wish({ path, product });
  })();
  let swapping = true;
  void wishing.then(() => {
    swapping = false;
  });
  // Some before, between and after the swaps.
  for (let after = 0; after < 10; after += swapping ? 0 : 1) {
    camera.trigger();
    shown++;
    if (!plant.daemon.publishing!.line('line1').status().ready) notReady.push(`at part ${shown}`);
    // A part does not wait for the verdict of the one before: the next comes while it is judged.
    await until('room on the line', () => plant.records.length >= shown - 2);
    await new Promise<void>((resolve) => systemClock.after(15, resolve));
  }
  await wishing;
  await until('all verdicts', () => plant.records.length === shown);
  expect(plant.records.map(({ trigger }) => trigger)).toEqual(Array.from({ length: shown }, (_, at) => at + 1));
  expect(plant.records.filter(({ decision }) => decision === 'undecided')).toEqual([]);
  const order = plant.records.map(({ bundle }) => bundle!.version);
  expect(order.filter((each, at) => each !== order[at - 1])).toEqual(versions);
  expect(notReady).toEqual([]);
  expect(plant.daemon.inference.counters()).toMatchObject({ swaps: 3, refusals: 0, hostDeaths: 0 });
});

/** Good parts of a bundle taught in a second stray far; the threshold is its own. */
function roomy(manifest: Manifest): Manifest {
  return { ...manifest, minJudgedShare: 0.1 };
}
