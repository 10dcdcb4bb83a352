import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { systemClock } from '../../daemon/clock.ts';
import type { Context } from '../../daemon/commands/command.ts';
import { dispatch } from '../../daemon/commands/dispatch.ts';
import type { Finding } from '../../daemon/commands/doctor/finding.ts';
import { loadCommand, seats } from '../../daemon/commands/index.ts';
import { scene } from './scene.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'doctor-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

async function doctor(env: Record<string, string> = {}, given: Partial<Context> = {}) {
  const it = scene({
    cwd: folder,
    env: { TWINSPECT_MQTT_EMBEDDED_PORT: '0', TWINSPECT_OPCUA_PORT: '0', ...env },
    ...given,
  });
  const code = await dispatch(['doctor', '--json'], it, { seats, load: loadCommand });
  const { findings } = JSON.parse(it.out.join('\n')) as { findings: Finding[] };
  const of = (check: string): Finding => findings.find((finding) => finding.check === check)!;
  return { code, findings, of, err: it.err.join('\n') };
}

test('on a machine that can run the tests nothing fails, and nothing stays behind', async () => {
  const { code, findings, of, err } = await doctor();
  expect(findings.filter(({ status }) => status === 'fail')).toEqual([]);
  expect(err).toBe('');
  expect(code).toBe(0);
  expect(of('onnxruntime').text).toMatch(/^\d+\.\d+\.\d+, execution providers: cpu/);
  expect(of('sharp').text).toMatch(/^\d+\.\d+\.\d+/);
  expect(of('node').text).toMatch(/^v\d+/);
  expect(of('triggers').text).toContain('invisible');
  expect(readdirSync(folder)).toEqual([]);
});

test('for people each finding is a line', async () => {
  const it = scene({ cwd: folder, env: { TWINSPECT_MQTT_ENABLED: 'false', TWINSPECT_OPCUA_ENABLED: 'false' } });
  await dispatch(['doctor'], it, { seats, load: loadCommand });
  expect(it.out[0]).toMatch(/^twinspect \d/);
  expect(it.out.join('\n')).toMatch(/^ok +mqtt +switched off$/m);
});

test('a clock that was never set fails', async () => {
  const { code, of, err } = await doctor({}, { clock: { ...systemClock, wallMs: () => 5000 } });
  expect(of('clock')).toMatchObject({ status: 'fail', text: expect.stringContaining('1970-01-01T00:00:05.000Z') });
  expect(code).toBe(1);
  expect(err).toMatch(/^error doctor\/problems: 1 of \d+ checks failed/);
});

test('a provider that this installation does not have fails', async () => {
  const { of } = await doctor({ TWINSPECT_INFERENCE_PROVIDER: 'tensorrt' });
  expect(of('onnxruntime')).toMatchObject({ status: 'fail', text: expect.stringContaining('wants tensorrt') });
});

test('a state folder that is a file fails', async () => {
  writeFileSync(join(folder, 'state'), '');
  expect((await doctor()).of('state folder')).toMatchObject({ status: 'fail' });
});

test.skipIf(process.getuid?.() === 0)('a state folder that may not be written fails', async () => {
  mkdirSync(join(folder, 'state'));
  chmodSync(join(folder, 'state'), 0o500);
  expect((await doctor()).of('state folder')).toMatchObject({ status: 'fail' });
});

test('a disk that is slower than a commit may be fails', async () => {
  let nowMs = 0;
  const { of } = await doctor({}, { clock: { ...systemClock, nowMs: () => (nowMs += 1000) } });
  expect(of('state folder')).toMatchObject({ status: 'fail', text: expect.stringContaining('commits 1000.0 ms') });
});

test('more evidence than disk is a warning', async () => {
  const { of, code } = await doctor({ TWINSPECT_EVIDENCE_QUOTA_MB: '100000000' });
  expect(of('free disk').status).toBe('warn');
  expect(code).toBe(0);
});

test('a port in use is a warning that names the key; a broker that is there, and one that is not', async () => {
  const server = createServer((socket) => socket.destroy());
  const port = await new Promise<number>((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port));
  });
  try {
    const taken = await doctor({ TWINSPECT_OPCUA_PORT: String(port) });
    expect(taken.of('opcua')).toMatchObject({ status: 'warn', text: `127.0.0.1:${port}: in use` });
    expect(taken.of('opcua').advice).toContain('opcua.port');
    const there = await doctor({ TWINSPECT_MQTT_URL: `mqtt://127.0.0.1:${port}` });
    expect(there.of('mqtt')).toMatchObject({ status: 'ok', text: `broker 127.0.0.1:${port} answers` });
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
  const gone = await doctor({ TWINSPECT_MQTT_URL: `mqtt://127.0.0.1:${port}` });
  expect(gone.of('mqtt')).toMatchObject({ status: 'warn', text: expect.stringContaining('ECONNREFUSED') });
});

test('a broker that does not answer is given up', async () => {
  const elapsed: typeof systemClock.after = (_delayMs, callback) => callback();
  const { of } = await doctor(
    { TWINSPECT_MQTT_URL: 'mqtt://127.0.0.1:1' },
    { clock: { ...systemClock, after: elapsed } },
  );
  expect(of('mqtt')).toMatchObject({ status: 'warn', text: expect.stringContaining('no answer in 2000 ms') });
});
