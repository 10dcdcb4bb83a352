import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect as connectTcp, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer as createTlsServer } from 'node:tls';
import type { Packet } from 'mqtt-packet';
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest';
import { resolveConfig } from '../../config/load.ts';
import { broker } from '../../daemon/checks/broker.ts';
import { type Finding, runChecks } from '../../daemon/checks/finding.ts';
import { systemClock } from '../../daemon/clock.ts';
import { diskFiles } from '../../drivers/files.ts';
import { scene } from '../commands/scene.ts';
import { expired, type Made, makeAuthority } from '../net/certificates.ts';
import { handBroker } from '../net/hand-broker.ts';

const authority = makeAuthority('plant authority');
const stranger = makeAuthority('some other authority');
const own = authority.issue('broker', { ip: ['127.0.0.1'] });

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'broker-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const file = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};

/** TLS before a broker worked by hand. */
async function tlsBefore(port: number, { cert, key }: Made, clientCa?: string): Promise<number> {
  const mutual = clientCa === undefined ? {} : { ca: clientCa, requestCert: true, rejectUnauthorized: true };
  const server = createTlsServer({ cert, key, ...mutual }, (socket) => {
    const to = connectTcp(port, '127.0.0.1');
    to.on('error', () => socket.destroy());
    socket.on('error', () => to.destroy());
    socket.pipe(to).pipe(socket);
  });
  server.on('tlsClientError', () => undefined); // the client's side says it
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

async function checked(mqtt: object, quick = false, clock = systemClock): Promise<readonly Finding[]> {
  const { config } = resolveConfig({ value: { mqtt }, lineOf: () => null }, {}, 'test');
  const { log, signal } = scene();
  const around = { cwd: folder, env: {}, clock, files: diskFiles, log, signal, beside: null, quick };
  return runChecks([broker], around, config);
}

const refused = (code: number): Packet => ({
  cmd: 'connack',
  sessionPresent: false,
  returnCode: code,
  reasonCode: code,
});

test('TLS with authority, own certificate, user and password: what the daemon would do is done', async () => {
  const { port, clients } = await handBroker({});
  const url = `mqtts://127.0.0.1:${await tlsBefore(port, own, authority.cert)}`;
  const client = authority.issue('press-7');
  const tls = { caFile: file('ca', authority.cert), certFile: file('c', client.cert), keyFile: file('k', client.key) };
  const login = { username: 'line', passwordFile: file('p', 'right\n') };
  expect(await checked({ url, tls, ...login })).toEqual([
    { check: 'mqtt', status: 'ok', text: `broker ${url} answers: MQTT 5` },
  ]);
  expect(clients).toHaveLength(1);
  expect(clients[0]!.connect).toMatchObject({ username: 'line', clientId: expect.stringMatching(/-check$/) });
  expect(String(clients[0]!.connect.password)).toBe('right');
  expect(clients[0]!.connect.will, 'nobody hears of a check').toBeUndefined();
});

test.each<[string, Made, string, RegExp]>([
  ['another authority', own, stranger.cert, /not signed by the authority of mqtt\.tls\.caFile/],
  [
    'an expired certificate of the broker',
    authority.issue('b', { ip: ['127.0.0.1'], ...expired }),
    authority.cert,
    /has expired/,
  ],
  ['a certificate for another name', authority.issue('b', { dns: ['else'] }), authority.cert, /is for another name/],
])('%s fails, as every connection would', async (_what, made, ca, text) => {
  const { port } = await handBroker({});
  const url = `mqtts://127.0.0.1:${await tlsBefore(port, made)}`;
  const found = await checked({ url, tls: { caFile: file('ca', ca) } });
  expect(found).toEqual([
    expect.objectContaining({ status: 'fail', code: 'mqtt/link', text: expect.stringMatching(text) }),
  ]);
});

test('a broker that asks for a certificate and is shown none, or speaks no TLS, fails', async () => {
  const { port } = await handBroker({});
  const mutual = `mqtts://127.0.0.1:${await tlsBefore(port, own, authority.cert)}`;
  const tls = { caFile: file('ca', authority.cert) };
  expect(await checked({ url: mutual, tls })).toMatchObject([{ status: 'fail' }]);
  expect(await checked({ url: `mqtts://127.0.0.1:${port}`, tls })).toMatchObject([{ status: 'fail' }]);
});

test('a refused login fails, also where only the older protocol is spoken', async () => {
  const wrong = await handBroker({ connack: () => refused(134) });
  const url = (port: number) => `mqtt://127.0.0.1:${port}`;
  expect(await checked({ url: url(wrong.port) })).toMatchObject([
    { status: 'fail', text: expect.stringContaining('correct mqtt.username or the password file') },
  ]);
  const older = await handBroker({
    connack: ({ protocolVersion }) => (protocolVersion === 5 ? refused(0x84) : refused(0)),
  });
  expect(await checked({ url: url(older.port) })).toMatchObject([
    { status: 'ok', text: expect.stringContaining('MQTT 3.1.1') },
  ]);
});

test('a broker that is absent is a warning: the daemon starts without it', async () => {
  expect(await checked({ url: 'mqtt://127.0.0.1:1' })).toMatchObject([
    { status: 'warn', text: expect.stringContaining('ECONNREFUSED') },
  ]);
});

test('one that takes the call and says nothing is given up', async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const hasty: typeof systemClock.after = (ms, callback, signal) => systemClock.after(ms / 5, callback, signal);
  const url = `mqtt://127.0.0.1:${(server.address() as AddressInfo).port}`;
  expect(await checked({ url }, false, { ...systemClock, after: hasty })).toMatchObject([
    { status: 'fail', text: expect.stringContaining('no answer in 4000 ms') },
  ]);
});

test('every file that is wrong is named, not the first alone; quick, without the network', async () => {
  const client = authority.issue('press-7');
  const tls = { caFile: join(folder, 'none'), certFile: file('c', client.cert), keyFile: file('k', own.key) };
  const login = { username: 'line', passwordFile: file('p', '') };
  const found = await checked({ url: 'mqtts://127.0.0.1:1', tls, ...login }, true);
  expect(found.map(({ code, text }) => `${code} ${text}`)).toEqual([
    expect.stringMatching(/^config\/secret .* is empty/),
    expect.stringMatching(/^mqtt\/tls .*CA file .*none cannot be read/),
    expect.stringMatching(/^mqtt\/tls .*client certificate .* does not belong to the key/),
  ]);
});
