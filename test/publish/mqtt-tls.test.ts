import { writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { TlsFiles } from '../../daemon/publish/mqtt/settings.ts';
import { expired, type Made, makeAuthority } from '../net/certificates.ts';
import { type Broker, type BrokerWish, startMosquitto } from '../net/mosquitto.ts';
import { temporaryFolder, until } from './fixtures.ts';
import { connected, drained, judge, mqttProblem, publish } from './mqtt-rig.ts';
import { mosquittoVersion, Subscriber, skipMosquitto } from './plant.ts';

const authority = makeAuthority('plant authority');
const stranger = makeAuthority('some other authority');
const brokerNames = { dns: ['broker.plant'], ip: ['127.0.0.1'] };

/** Files of a test, by name. */
function folderOf(files: Readonly<Record<string, string>>): (name: string) => string {
  const folder = temporaryFolder();
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return (name) => join(folder, name);
}

function tlsBroker(own: Made, more: BrokerWish & { mutual?: boolean } = {}): Promise<Broker> {
  const path = folderOf({ cert: own.cert, key: own.key, ca: authority.cert });
  const clientCa = more.mutual ? { clientCa: path('ca') } : {};
  return startMosquitto({ ...more, tls: { cert: path('cert'), key: path('key'), ...clientCa } });
}

function tlsFiles(more: Partial<Record<'ca' | 'cert' | 'key', string>>, serverName: string | null = null): TlsFiles {
  const path = folderOf(more);
  const at = (name: 'ca' | 'cert' | 'key') => (more[name] === undefined ? null : path(name));
  return { caFile: at('ca'), certFile: at('cert'), keyFile: at('key'), serverName, readFile };
}

const url = (broker: Broker, host = '127.0.0.1') => `mqtts://${host}:${broker.port}`;

describe.skipIf(skipMosquitto)(`TLS with Mosquitto ${mosquittoVersion() ?? '(not installed)'}`, () => {
  test('user and password over TLS, the certificate of the broker checked by its address', async () => {
    const broker = await tlsBroker(authority.issue('broker', brokerNames), { users: { line: 'right', viewer: 'eye' } });
    const mqtt = {
      url: url(broker),
      user: 'line',
      password: async () => 'right',
      tls: tlsFiles({ ca: authority.cert }),
    };
    const publishing = await publish(0, { mqtt });
    await until('connected', connected(publishing));
    const login = { username: 'viewer', password: 'eye', ca: authority.cert, protocol: 'mqtts' } as const;
    const subscriber = await Subscriber.at(broker.port, login);
    await judge(publishing, 'fail', true);
    await until('drained', drained(publishing));
    await until('record and mask', () => subscriber.record.length === 1 && subscriber.masks.length === 1);
    subscriber.expectValid();
  });

  test('a client certificate opens a broker that asks for one; without it the problem says so', async () => {
    const broker = await tlsBroker(authority.issue('broker', brokerNames), { mutual: true });
    const client = authority.issue('press-7');
    const none = await publish(0, { mqtt: { url: url(broker), tls: tlsFiles({ ca: authority.cert }) } });
    await until('refused', () => /refuses our client certificate/.test(mqttProblem(none)));
    const other = tlsFiles({ ca: authority.cert, ...stranger.issue('press-7') });
    const wrong = await publish(0, { mqtt: { url: url(broker), tls: other } });
    await until('refused', () => /refuses our client certificate/.test(mqttProblem(wrong)));
    const right = await publish(0, { mqtt: { url: url(broker), tls: tlsFiles({ ca: authority.cert, ...client }) } });
    await until('connected', connected(right));
    await judge(right);
    await until('drained', drained(right));
  });

  test.each<[string, Made, () => TlsFiles, RegExp]>([
    [
      'another authority',
      authority.issue('b', brokerNames),
      () => tlsFiles({ ca: stranger.cert }),
      /not signed by the auth/,
    ],
    [
      'an expired one',
      authority.issue('b', { ...brokerNames, ...expired }),
      () => tlsFiles({ ca: authority.cert }),
      /has exp/,
    ],
    [
      'another name',
      authority.issue('b', { dns: ['else'] }),
      () => tlsFiles({ ca: authority.cert }),
      /is for another name.*set/,
    ],
    [
      'another name than the one asked for',
      authority.issue('b', brokerNames),
      () => tlsFiles({ ca: authority.cert }, 'broker.elsewhere'),
      /broker\.elsewhere.*mqtt\.tls\.serverName/,
    ],
  ])('the certificate of the broker: %s is refused in words', async (_what, own, tls, problem) => {
    const broker = await tlsBroker(own);
    const publishing = await publish(0, { mqtt: { url: url(broker), tls: tls() } });
    await until(`said: ${mqttProblem(publishing)}`, () => problem.test(mqttProblem(publishing)));
    expect(connected(publishing)()).toBe(false);
  });

  test('a certificate for the name of the broker, reached by its address', async () => {
    const broker = await tlsBroker(authority.issue('broker', { dns: ['broker.plant'] }));
    const tls = tlsFiles({ ca: authority.cert }, 'broker.plant');
    const publishing = await publish(0, { mqtt: { url: url(broker), tls } });
    await until('connected', connected(publishing));
  });

  test.each<[string, Partial<Record<'ca' | 'cert' | 'key', string>>, RegExp]>([
    ['a CA file that is none', { ca: 'not PEM' }, /CA file .*ca holds no certificate, expected PEM/],
    [
      'a key of another certificate',
      pair('key of another'),
      /client certificate .*cert does not belong to the key .*key/,
    ],
    ['a key that is none', { ...pair('right'), key: 'nothing' }, /client key .*key is no private key in PEM/],
    [
      'an expired certificate',
      pair('expired'),
      /client certificate .*cert expired on 2020-01-02 00:00; the clock here/,
    ],
  ])('our own files: %s is said before the broker is bothered', async (_what, files, problem) => {
    const broker = await tlsBroker(authority.issue('broker', brokerNames), { mutual: true });
    const tls = tlsFiles({ ca: authority.cert, ...files });
    const publishing = await publish(0, { mqtt: { url: url(broker), tls } });
    await until(`said: ${mqttProblem(publishing)}`, () => problem.test(mqttProblem(publishing)));
    expect(broker.said()).not.toMatch(/New client connected.*twinspect/);
  });

  test('a file that cannot be read is named, and read again until it is there: renewal needs no restart', async () => {
    const broker = await tlsBroker(authority.issue('broker', brokerNames), { mutual: true });
    const path = folderOf({ ca: authority.cert });
    const tls = { caFile: path('ca'), certFile: path('cert'), keyFile: path('key'), serverName: null, readFile };
    const publishing = await publish(0, { mqtt: { url: url(broker), tls } });
    await until('said', () => /client certificate .*cert cannot be read: ENOENT/.test(mqttProblem(publishing)));
    await judge(publishing);
    const made = authority.issue('press-7');
    writeFileSync(path('key'), made.key);
    writeFileSync(path('cert'), made.cert);
    await until('connected', connected(publishing));
    await until('drained', drained(publishing));
  });

  test('TLS spoken to a plain port, and plain to a TLS port, are told apart', async () => {
    const plain = await startMosquitto();
    const wrong = await publish(0, { mqtt: { url: url(plain), tls: tlsFiles({}) } });
    await until('said', () => mqttProblem(wrong) !== '' && !/not connected yet/.test(mqttProblem(wrong)));
    expect(mqttProblem(wrong)).toMatch(/not speak TLS on this port|perhaps the port is not one for TLS/);
    const secure = await tlsBroker(authority.issue('broker', brokerNames));
    const other = await publish(secure.port);
    await until('said', () => !/not connected yet/.test(mqttProblem(other)));
    expect(mqttProblem(other)).toMatch(/use mqtts:|perhaps the port is one for TLS/);
  });
});

function pair(what: 'right' | 'expired' | 'key of another'): Made {
  const made = authority.issue('press-7', what === 'expired' ? expired : {});
  return what === 'key of another' ? { ...made, key: authority.issue('another').key } : made;
}
