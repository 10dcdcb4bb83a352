import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../daemon/clock.ts';
import { dispatch } from '../../daemon/commands/dispatch.ts';
import { loadCommand, seats } from '../../daemon/commands/index.ts';
import type { DaemonReport } from '../../daemon/status/report.ts';
import { root } from '../architecture/source.ts';
import { scene } from '../commands/scene.ts';
import { temporaryFolder } from '../inference/rig.ts';
import { patienceMs } from '../patience.ts';

const secret = 'geheim-im-Feld';

/** A whole daemon in a process of its own, in a folder of its own. */
function running(folder: string, env: Record<string, string> = {}) {
  const child = spawn(process.execPath, [join(root, 'daemon/main.ts'), 'run', '--config', 'line.yaml'], {
    cwd: folder,
    env: { PATH: process.env['PATH'] ?? '', ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  const gone = new Promise<number | null>((resolve) => child.once('exit', resolve));
  onTestFinished(() => void child.kill('SIGKILL'));
  return { child, gone, said: () => said };
}

async function call(folder: string, ...argv: string[]) {
  const at = scene({ cwd: folder, clock: systemClock });
  const code = await dispatch(argv, at, { seats, load: loadCommand });
  return { code, out: at.out.join('\n'), err: at.err.join('\n') };
}

async function until(what: string, holds: () => boolean | Promise<boolean>, boundMs = patienceMs): Promise<void> {
  const endMs = systemClock.nowMs() + boundMs;
  while (!(await holds())) {
    if (systemClock.nowMs() > endMs) throw new Error(`not within ${boundMs} ms: ${what}`);
    await new Promise<void>((resolve) => systemClock.after(100, resolve));
  }
}

function lineFile(folder: string, more = ''): void {
  writeFileSync(
    join(folder, 'line.yaml'),
    `line: { id: press, deadlineMs: 20000 }\n` +
      `mqtt: { embeddedPort: 0 }\nopcua: { port: 0 }\ncamera: { synthetic: { periodMs: 500 }, ` +
      // An address with a password in it, in a key that is not used: it is configuration all the same.
      `gstreamer: { pipeline: "rtspsrc location=rtsp://anna:${secret}@cam ! appsink" } }\n${more}`,
  );
}

test('asked while it starts, runs, was edited, is stopped hard, killed, and gone', async () => {
  const folder = temporaryFolder();
  lineFile(folder);
  const config = ['--config', join(folder, 'line.yaml')];
  const status = () => call(folder, 'status', ...config, '--json');
  expect(await status()).toMatchObject({ code: 3, err: expect.stringContaining('error status/none') });
  expect(await call(folder, 'config', 'show', '--effective', ...config)).toMatchObject({
    code: 3,
    out: expect.stringMatching(/^recipe +1 first-run +config: line\.recipe/),
    err: expect.stringContaining('error status/none'),
  });

  const { child, gone } = running(folder);
  await until('the first answer', async () => (await status()).code === 4);
  expect(JSON.parse((await status()).out)).toMatchObject({ running: true, phase: 'starting', line: { ready: false } });
  let out = '';
  // On a starved machine the line may lose its host for a while.
  await until('ready with verdicts, and nothing amiss', async () => {
    const asked = await status();
    out = asked.out;
    const { verdicts, faults } = JSON.parse(out) as Partial<DaemonReport>;
    return asked.code === 0 && (verdicts?.length ?? 0) >= 2 && faults?.length === 0;
  });
  const report = JSON.parse(out) as DaemonReport;
  expect(report).toMatchObject({
    schema: 'twinspect.daemon/1',
    pid: child.pid,
    phase: 'running',
    line: { id: 'press', ready: true, why: null },
    bundle: { name: 'first-run', digest: expect.stringMatching(/^[0-9a-f]{64}$/) },
    effective: { recipe: 1, product: 'first-run', threshold: expect.any(Number), thresholdSet: false },
    heartbeat: { steps: true },
    cameras: [{ id: 'camera1', driver: 'synthetic', ok: true, problem: null }],
    faults: [],
    listens: { 'mqtt.embeddedPort': expect.any(Number), 'opcua.port': expect.any(Number) },
  });
  const page = readFileSync(join(root, 'docs/status.md'), 'utf8');
  const documented = [...page.matchAll(/^\| `([a-zA-Z]+)` +\| (.*) \|$/gm)];
  const { running: _, socket: __, ...told } = report as DaemonReport & Record<string, unknown>;
  // What is in each of them is explained as well.
  for (const key of ['line', 'effective', 'inference', 'heartbeat', 'configuration'] as const) {
    const [, , text] = documented.find(([, name]) => name === key)!;
    for (const name of Object.keys(report[key]!)) expect(text, key).toContain(`\`${name}\``);
  }
  for (const name of Object.keys(report.verdicts[0]!)) expect(page).toContain(`\`${name}\``);
  expect(Object.keys(told).sort()).toEqual(documented.map(([, key]) => key).sort());
  expect(report.links.map(({ kind }) => kind)).toEqual(expect.arrayContaining(['mqtt', 'opcua']));
  expect(report.counters!.opened).toBeGreaterThanOrEqual(2);
  expect(out).not.toContain(secret);
  expect(report.configuration.values['camera.gstreamer.pipeline']).toBe('rtspsrc location=rtsp://***@cam ! appsink');

  const shown = await call(folder, 'status', ...config);
  expect(shown.out).toMatch(/^line +press {2}(NOT )?READY/);
  const agrees = await call(folder, 'config', 'show', '--effective', ...config);
  expect(agrees).toMatchObject({ code: 0, err: '' });
  expect(agrees.out).toMatch(/\ndaemon +process \d+ at .*: all this is in force$/);

  // The file is edited: one key takes effect at the next start, one bundle is refused, the ports stay.
  lineFile(folder, 'journal: { maxRecords: 4321 }\ninference: { timeoutMs: 1234 }\n');
  writeFileSync(join(folder, 'other.yaml'), 'line: { id: press, bundle: nowhere@1.0.0 }\n');
  const differs = await call(folder, 'config', 'show', '--effective', '--json', '--config', join(folder, 'other.yaml'));
  const { differences } = JSON.parse(differs.out) as { differences: { what: string; running: unknown }[] };
  expect(differences.map(({ what }) => what)).toEqual(expect.arrayContaining(['opcua.port', 'line.bundle', 'bundle']));
  await until('the edit is noticed', async () => {
    const { configuration } = JSON.parse((await status()).out) as Partial<DaemonReport>;
    return configuration?.pending.includes('journal.maxRecords') === true;
  });
  const pending = await call(folder, 'config', 'show', '--effective', ...config);
  expect(pending.out).toMatch(
    /DIFFERS +journal\.maxRecords: the file has 4321, in force is \d+; takes effect at the next start/,
  );

  lineFile(folder, 'lin: 1\n');
  const refused = await call(folder, 'status', ...config);
  expect(refused.err).toContain('warning config/invalid');
  expect(refused.out).toMatch(/^line +press /);
  await until('the refusal is noticed', async () => (await status()).out.includes('"source": "configuration"'));
  lineFile(folder);

  // A second one on the same state folder is refused; the first goes on.
  const second = running(folder);
  expect(await second.gone).toBe(1);
  expect(second.said()).toContain(`error status/running`);
  await until('the first goes on', async () => (await status()).code === 0);

  child.kill('SIGSTOP');
  expect(await status()).toMatchObject({ code: 1, err: expect.stringContaining('error status/hung') });
  child.kill('SIGKILL');
  await gone;
  const stale = await status();
  expect(stale).toMatchObject({ code: 3, err: expect.stringContaining('error status/stale') });
  expect(JSON.parse(stale.out)).toMatchObject({ running: false, problem: { code: 'status/stale' } });

  const again = running(folder);
  await until('it took the place over', async () => [0, 4].includes((await status()).code));
  again.child.kill('SIGTERM');
  await again.gone;
  expect(await status()).toMatchObject({ code: 3, err: expect.stringContaining('error status/none') });
});

test('a line whose socket cannot be made judges all the same, and says so', async () => {
  const folder = join(temporaryFolder(), 'x'.repeat(110));
  mkdirSync(folder);
  lineFile(folder);
  const { said } = running(folder);
  await until('it greets', () => said().includes('line press: first-run@1.0.0 judges'));
  expect(said()).toContain('warning status/path');
});
