import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../daemon/clock.ts';
import { openDevice } from '../../daemon/output/device.ts';
import { WatchedOutput } from '../../daemon/output/watched-output.ts';
import { loadLibrary } from '../../drivers/native/koffi.ts';
import { until } from '../inference/rig.ts';

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'twinspect-output-'));
  // A process that lost its daemon writes its last word while the folder goes.
  onTestFinished(() => rmSync(folder, { recursive: true, force: true, maxRetries: 50, retryDelay: 20 }));
  return folder;
}

const level = (path: string): string | null => (existsSync(path) ? readFileSync(path, 'utf8') : null);

async function opened(path: string): Promise<WatchedOutput> {
  const log = { error: () => undefined, info: () => undefined };
  const output = new WatchedOutput({ device: { kind: 'file', path }, clock: systemClock, log });
  onTestFinished(() => output.close());
  await output.open();
  return output;
}

/** Another process that has energised the output. */
async function holder(path: string): Promise<ChildProcess> {
  const script = join(import.meta.dirname, 'holder-child.ts');
  const child = spawn(process.execPath, [script, path], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  await once(child.stdout!, 'data');
  await until('it is energised', () => level(path) === '1');
  return child;
}

const pause = (forMs: number): Promise<void> => new Promise((resolve) => systemClock.after(forMs, resolve));

test('is released when opened and closed, follows, and stays energised while its daemon lives', async () => {
  const path = join(temporaryFolder(), 'ok');
  const output = await opened(path);
  expect(level(path)).toBe('0');
  output.energise();
  await until('it is energised', () => level(path) === '1');
  await pause(600);
  expect(level(path)).toBe('1');
  output.release();
  await until('it is released', () => level(path) === '0');
  output.energise();
  await until('it is energised', () => level(path) === '1');
  await output.close();
  expect(level(path)).toBe('0');
});

test('a daemon that is killed leaves it released', async () => {
  const path = join(temporaryFolder(), 'ok');
  const child = await holder(path);
  child.kill('SIGKILL');
  await until('it is released', () => level(path) === '0');
});

test('a daemon that hangs leaves it released, and does not energise it by going on', async () => {
  const path = join(temporaryFolder(), 'ok');
  const child = await holder(path);
  child.kill('SIGSTOP');
  await until('it is released', () => level(path) === '0');
  child.kill('SIGCONT');
  // As long as several confirmations take.
  await pause(500);
  expect(level(path)).toBe('0');
});

test('its process killed: a problem, OK said to nobody, and another one that begins released', async () => {
  const path = join(temporaryFolder(), 'ok');
  const output = await opened(path);
  const problems: (string | null)[] = [];
  output.onProblem(() => problems.push(output.problem));
  output.energise();
  await until('it is energised', () => level(path) === '1');
  process.kill(output.pid!, 'SIGKILL');
  await until('the loss is noticed', () => output.problem !== null);
  output.energise();
  await until('another one is there', () => output.problem === null);
  expect(level(path)).toBe('0');
  expect(problems).toEqual(['The process of the digital output ended: killed by SIGKILL', null]);
  output.energise();
  await until('it is energised', () => level(path) === '1');
});

test('a device that is not there is named at the start', async () => {
  const log = { error: () => undefined, info: () => undefined };
  const device = { kind: 'file', path: join(temporaryFolder(), 'no', 'such', 'folder') } as const;
  const output = new WatchedOutput({ device, clock: systemClock, log });
  await expect(output.open()).rejects.toMatchObject({ code: 'output/device', values: { device: device.path } });
  await output.close();
});

const hasLibrary = ((): boolean => {
  try {
    return loadLibrary(['libgpiod.so.2']) !== null;
  } catch {
    return false; // not installed: what is asked
  }
})();

test('a GPIO chip that is not there is named; without libgpiod that is', () => {
  const open = () => openDevice({ kind: 'gpiod', chip: 'gpiochip-none', pin: 3, activeLow: false });
  if (hasLibrary) expect(open).toThrow('Digital output /dev/gpiochip-none pin 3: ENOENT');
  else expect(open).toThrow('Cannot load libgpiod.so.2: ');
});

test.runIf(hasLibrary)('what is no GPIO chip is refused by the library', () => {
  const open = () => openDevice({ kind: 'gpiod', chip: '/dev/null', pin: 3, activeLow: true });
  expect(open).toThrow('Digital output /dev/null pin 3: it cannot be opened as a GPIO chip');
});
