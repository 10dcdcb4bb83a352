import { readdirSync, readFileSync } from 'node:fs';
import process from 'node:process';
import { beforeAll, expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../daemon/clock.ts';
import { never, openInference, settings, temporaryFolder, until } from './rig.ts';
import { goodPart, lenient, product, teachTiny, writeBundle } from './tiny-bundle.ts';

let files: Map<string, Uint8Array>;
beforeAll(async () => {
  files = await teachTiny();
});

/** The inference hosts of this process that live. */
function hosts(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        const parent = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ')[1];
        const ours = Number(parent) === process.pid;
        return ours && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('host-process.ts');
      } catch {
        return false; // ended while it was looked at
      }
    })
    .map(Number);
}

/** Has each host of this process run for `runMs` and stand still for `standMs` in turn: a machine with no time left. */
function starve({ runMs, standMs }: { runMs: number; standMs: number }): () => void {
  const stop = new AbortController();
  onTestFinished(() => stop.abort());
  const signal = (name: 'SIGSTOP' | 'SIGCONT'): void => {
    for (const pid of hosts()) {
      try {
        process.kill(pid, name);
      } catch (error) {
        // It ended meanwhile.
        if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
      }
    }
  };
  const stand = (): void => {
    signal('SIGSTOP');
    systemClock.after(standMs, run, stop.signal);
  };
  const run = (): void => {
    signal('SIGCONT');
    systemClock.after(runMs, stand, stop.signal);
  };
  stand();
  return () => {
    stop.abort();
    signal('SIGCONT');
  };
}

test('a host that loads slowly is not killed for ever, at the start and later; no deadline widens', async () => {
  const folder = temporaryFolder();
  const path = `${folder}/tiny@1.0.0`;
  await writeBundle(path, files, lenient);
  const quick = openInference(folder);
  const beganMs = systemClock.nowMs();
  await quick.inference.start({ path, product });
  const loadMs = systemClock.nowMs() - beganMs;
  quick.inference.stop();

  const loadTimeoutMs = Math.ceil(1.5 * loadMs);
  const { inference, said } = openInference(folder, { settings: { ...settings, loadTimeoutMs } });
  const kills = (): number => said.filter((line) => /not ready to serve within|host lost/.test(line)).length;
  const widened = (): string[] => said.filter((line) => line.includes('times in a row while it loaded'));
  const feed = starve({ runMs: 20, standMs: 140 });
  await inference.start({ path, product });
  expect(inference.bundle()).toBeNull();
  expect(widened()).toEqual([]);
  await until('the second kill in a row', () => widened().length > 0, 60_000);
  expect(kills()).toBeGreaterThanOrEqual(2);
  await until('it serves, as starved as before', () => inference.bundle() !== null, 120_000);
  expect(inference.refusal).toBeNull();

  // Now it dies, and the next one is as slow: a part gives up at its own deadline.
  process.kill(inference.host!.pid!, 'SIGKILL');
  await until('the host is gone', () => inference.problem !== null);
  const deadlineMs = 200;
  const given = systemClock.nowMs();
  const part = inference.infer(goodPart(1), AbortSignal.timeout(deadlineMs));
  await expect(part).rejects.toMatchObject({ code: 'inference/down' });
  expect(systemClock.nowMs() - given).toBeLessThan(deadlineMs + 1000);
  await until('it serves again', () => inference.problem === null, 120_000);

  feed();
  await inference.infer(goodPart(1), never);
}, 300_000);
