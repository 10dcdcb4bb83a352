import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { systemClock } from '../../../daemon/clock.ts';
import { certificateFacts } from '../../../daemon/publish/opcua/security/certificate-facts.ts';
import { isLoopback, missingNames, serverNames } from '../../../daemon/publish/opcua/security/names.ts';
import { clientIdentity } from './plant.ts';

const machine = { hostname: 'edge01', addresses: ['10.1.2.3', 'fd00::1'] };

test.each([
  ['127.0.0.1', '', ['127.0.0.1', 'localhost']],
  ['10.1.2.3', '', ['10.1.2.3', 'localhost']],
  ['0.0.0.0', '', ['10.1.2.3', 'fd00::1', 'edge01', 'localhost']],
  ['0.0.0.0', 'vision.plant, 192.168.0.9', ['vision.plant', '192.168.0.9', 'localhost']],
  ['10.1.2.3', ' vision.plant ,10.1.2.3', ['vision.plant', '10.1.2.3', 'localhost']],
  ['localhost', '', ['localhost']],
])('listening on %s with names %j it is called %j', (host, names, expected) => {
  expect(serverNames(host, names, machine).all).toEqual(expected);
});

test('addresses and names are told apart, and compared in one spelling', () => {
  const { dns, ip } = serverNames('::', '', machine);
  expect(dns).toEqual(['edge01', 'localhost']);
  expect(ip).toEqual(['10.1.2.3', 'fd00::1']);
  const have = { dns: ['EDGE01', 'localhost'], ip: ['10.1.2.3', 'FD00:0:0:0:0:0:0:1'] };
  expect(missingNames(serverNames('::', '', machine), have)).toEqual([]);
  expect(missingNames(serverNames('::', '', machine), { dns: [], ip: ['10.1.2.3'] })).toEqual([
    'fd00::1',
    'edge01',
    'localhost',
  ]);
});

test.each([
  ['127.0.0.1', true],
  ['127.1.2.3', true],
  ['::1', true],
  ['localhost', true],
  ['0.0.0.0', false],
  ['10.0.0.1', false],
  ['127.0.0.1.evil.example', false],
])('%s on loopback: %j', (host, local) => {
  expect(isLoopback(host)).toBe(local);
});

test('what a stranger wrote into his certificate does not steer a terminal, and is cut', async () => {
  const { manager } = await clientIdentity();
  const outputFile = join(manager.rootDir, 'strange.pem');
  await manager.createSelfSignedCertificate({
    ...{ applicationUri: 'urn:\u001b[2J, x', dns: [], ip: [], validity: 10, startDate: new Date(systemClock.wallMs()) },
    ...{ subject: `/CN=\u001b[2Jgone\u0007${'x'.repeat(200)}`, outputFile },
  });
  const { name, applicationUri } = certificateFacts(readFileSync(outputFile))!;
  expect(name).toMatch(/^\\1B\[2Jgone\\07x+$/);
  expect(name).toHaveLength(80);
  expect(applicationUri).toBe('urn:?[2J, x');
  expect(certificateFacts(Buffer.from('-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----'))).toBeNull();
  expect(certificateFacts(new Uint8Array(0))).toBeNull();
});
