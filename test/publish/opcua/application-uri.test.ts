/** What an installation is called: its own name, kept; the one in an older certificate; the configuration's. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { systemClock } from '../../../daemon/clock.ts';
import { applicationUriFile, applicationUriOf } from '../../../daemon/publish/opcua/security/application-uri.ts';
import { certificateFacts } from '../../../daemon/publish/opcua/security/certificate-facts.ts';
import { renewOwnCertificate } from '../../../daemon/publish/opcua/security/renew.ts';
import { OpcUaSecurity } from '../../../daemon/publish/opcua/security/security.ts';
import { stateAt } from '../../state/at.ts';
import { readableLog, temporaryFolder } from '../fixtures.ts';
import { guardedServer, session } from './plant.ts';

const own = /^urn:twinspect:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

async function open(stateFolder: string, applicationUri?: string) {
  const settings = {
    host: '127.0.0.1',
    state: stateAt(stateFolder),
    ...(applicationUri === undefined ? {} : { applicationUri }),
  };
  const security = await OpcUaSecurity.open({ settings, clock: systemClock, log: readableLog() });
  await security.stop();
  const pem = readFileSync(join(stateFolder, 'opcua', 'own', 'certs', 'server.pem'));
  return { uri: security.applicationUri, certified: certificateFacts(pem)?.applicationUri };
}

test('a new installation has a name that no other has, kept over starts, in certificate and server alike', async () => {
  const one = await guardedServer();
  const { applicationUri } = one.security;
  expect(applicationUri).toMatch(own);
  expect(await applicationUriOf(stateAt(temporaryFolder()))).not.toBe(applicationUri);
  expect(await open(one.stateFolder)).toEqual({ uri: applicationUri, certified: applicationUri });
  const client = await session(one.endpoint, { mode: 1 });
  const namespaces = (await client.read({ nodeId: 'i=2255', attributeId: 13 })).value.value;
  expect(namespaces[1]).toBe(applicationUri);
  const facts = await renewOwnCertificate({ host: '127.0.0.1', state: stateAt(one.stateFolder) }, systemClock);
  expect(facts.applicationUri).toBe(applicationUri);
});

test('an installation from before keeps the name in its certificate, and a configured one wins', async () => {
  const stateFolder = temporaryFolder();
  // As it was: the name was in the configuration's default, and in the certificate.
  expect((await open(stateFolder, 'urn:twinspect:server')).certified).toBe('urn:twinspect:server');
  expect(await open(stateFolder)).toEqual({ uri: 'urn:twinspect:server', certified: 'urn:twinspect:server' });
  expect(readFileSync(join(stateFolder, applicationUriFile), 'utf8')).toBe('urn:twinspect:server\n');
  // Another key, hence another certificate: the name stays.
  rmSync(join(stateFolder, 'opcua', 'own'), { recursive: true });
  expect((await open(stateFolder)).certified).toBe('urn:twinspect:server');
  const named = 'urn:plant:press-7';
  expect(await open(stateFolder, named)).toEqual({ uri: named, certified: named });
});

test.each([
  ['emptied', ''],
  ['zeros', '\0'.repeat(50)],
  ['half', 'urn'],
  ['other bytes', '\u0001\u0002:ä'],
])('the file %s: taken from its copy, or the certificate', async (_what, damaged) => {
  const stateFolder = temporaryFolder();
  const { uri } = await open(stateFolder);
  writeFileSync(join(stateFolder, applicationUriFile), damaged);
  expect(await applicationUriOf(stateAt(stateFolder))).toBe(uri);
  expect(readFileSync(join(stateFolder, applicationUriFile), 'utf8')).toBe(`${uri}\n`);
});

test('a name that cannot be kept is no name', async () => {
  const stateFolder = join(temporaryFolder(), 'file');
  writeFileSync(stateFolder, 'no folder');
  await expect(applicationUriOf(stateAt(stateFolder))).rejects.toMatchObject({ code: 'start/state' });
  expect(await applicationUriOf(stateAt(stateFolder), 'urn:plant:a')).toBe('urn:plant:a');
});
