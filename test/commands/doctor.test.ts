import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest';
import type { Finding } from '../../daemon/checks/finding.ts';
import { systemClock } from '../../daemon/clock.ts';
import type { Context } from '../../daemon/commands/command.ts';
import { dispatch } from '../../daemon/commands/dispatch.ts';
import { loadCommand, seats } from '../../daemon/commands/index.ts';
import { pathsToOpen, placesFrom } from '../../daemon/status/place.ts';
import { reportSchema } from '../../daemon/status/report.ts';
import { openStatusSocket } from '../../daemon/status/socket.ts';
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
  const code = await dispatch(['doctor', '--quick', '--json'], it, { seats, load: loadCommand });
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
  await dispatch(['doctor', '--quick'], it, { seats, load: loadCommand });
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

test('a port that somebody else has fails, and names the key', async () => {
  const server = createServer((socket) => socket.destroy());
  const port = await new Promise<number>((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port));
  });
  try {
    const { of, code } = await doctor({ TWINSPECT_OPCUA_PORT: String(port) });
    expect(of('opcua')).toMatchObject({
      ...{ status: 'fail', code: 'port/taken' },
      text: expect.stringContaining('(setting opcua.port)'),
    });
    expect(code).toBe(1);
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
});

test('the ports, the pin and the cameras that the running daemon has are not taken', async () => {
  const server = createServer((socket) => socket.destroy());
  onTestFinished(() => void server.close());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  const { port } = server.address() as { port: number };
  const { stateFolder, lineId } = { stateFolder: join(folder, 'state'), lineId: 'line1' };
  const report = { schema: reportSchema, pid: 99, listens: { 'opcua.port': port }, cameras: [], bundle: null };
  const [path] = pathsToOpen(placesFrom({}, { stateFolder, lineId }));
  const log = { warn: () => undefined };
  const socket = await openStatusSocket({
    ...{ paths: [path!], lineId, pid: 99, report: () => report, clock: systemClock, log },
  });
  onTestFinished(() => socket.close());
  const env = { TWINSPECT_OPCUA_PORT: String(port), TWINSPECT_OUTPUT_DRIVER: 'gpiod' };
  const { of, code } = await doctor(env, { clock: systemClock });
  expect(of('opcua')).toMatchObject({ status: 'ok', text: expect.stringContaining('process 99') });
  expect(of('output')).toMatchObject({ status: 'ok' });
  expect(code).toBe(0);
});
