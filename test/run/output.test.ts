import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder, until } from '../inference/rig.ts';
import { tinyFiles } from '../inference/taught-once.ts';
import { lenient, writeBundle } from '../inference/tiny-bundle.ts';
import { openDaemon, show, syntheticCamera, testConfig } from './rig.ts';

test('OK is said on the output for a pass, and not for what came after it, nor by a daemon that stopped', async () => {
  const folder = temporaryFolder();
  const bundle = await writeBundle(join(folder, 'a@1.0.0'), await tinyFiles(), lenient);
  const state = join(folder, 'state');
  const camera = syntheticCamera((part) => (part === 2 ? { kind: 'vanish', of: ['depth'] } : null));
  const base = testConfig(state, bundle);
  const plant = openDaemon({ ...base, output: { ...base.output, driver: 'simulated' } }, camera);
  await plant.daemon.start();
  const ok = (): string => readFileSync(join(state, 'ok-line1'), 'utf8');
  expect(ok()).toBe('0');
  // The heartbeat must be proven before anything is said to be good.
  await until('the line is ready', () => plant.daemon.publishing!.line('line1').status().ready);
  expect((await show(camera, plant)).decision).toBe('pass');
  await until('OK is said', () => ok() === '1');
  const next = show(camera, plant);
  await until('OK is taken back at the trigger', () => ok() === '0');
  expect((await next).decision).toBe('undecided');
  expect(ok()).toBe('0');
  expect((await show(camera, plant)).decision).toBe('pass');
  await until('OK is said', () => ok() === '1');
  await plant.daemon.commands.order(
    { name: 'plc', via: 'plc', role: 'operate', certificate: null },
    { kind: 'halt', cause: 'jam' },
  );
  await until('OK is taken back by the halt', () => ok() === '0');
  await plant.daemon.stop();
  expect(ok()).toBe('0');
});
