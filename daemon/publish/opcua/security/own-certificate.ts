/**
 * The server's own certificate: made once in the state folder and used again, since a client that trusts it must find
 * the same one after a restart. It is replaced only where nobody can have trusted it (it named loopback alone) or where
 * it cannot be used (another key, another application URI); anything else waits for `twinspect opcua renew`.
 */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { OPCUACertificateManager } from 'node-opcua';
import { fail, messageOf } from '../../../../errors.ts';
import { builtAtMs } from '../../../build-date.ts';
import { type CertificateFacts, certificateFacts } from './certificate-facts.ts';
import { isLoopback, missingNames, type ServerNames } from './names.ts';

const dayMs = 86_400_000;
/** A client whose clock is behind must not refuse a certificate that was just made. */
const backDatedDays = 7;
/** Each renewal is a round to all clients; but none lasts as long as a machine. */
const validDays = 5 * 365;

/** In the state folder: own key and certificate, `trusted`, `rejected`, `issuers`. */
export const storeFolderName = 'opcua';

export interface CertificateNames {
  readonly applicationUri: string;
  readonly names: ServerNames;
}

/** In the folder of the certificate store. */
export function ownCertificateFile(folder: string): string {
  return join(folder, 'own', 'certs', 'server.pem');
}

/** The facts of the certificate there; null where there is none. Throws `opcua/certificate`. */
export async function readOwnCertificate(folder: string): Promise<CertificateFacts | null> {
  const path = ownCertificateFile(folder);
  const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw fail('opcua/certificate', { path, problem: messageOf(error) }, error);
  });
  if (bytes === null) return null;
  const facts = certificateFacts(bytes);
  if (facts === null) throw fail('opcua/certificate', { path, problem: 'is not a certificate' });
  return facts;
}

/** Makes one where there is none that can be used. `made` says why, null where the old one stays. */
export async function ensureOwnCertificate(
  store: OPCUACertificateManager,
  wanted: CertificateNames,
  wallMs: number,
): Promise<{ facts: CertificateFacts; made: string | null }> {
  const facts = await readOwnCertificate(store.rootDir);
  const why = facts === null ? 'there was none' : await whyUnusable(store, facts, wanted);
  if (facts !== null && why === null) return { facts, made: null };
  return { facts: await makeOwnCertificate(store, wanted, wallMs), made: why };
}

async function whyUnusable(
  store: OPCUACertificateManager,
  facts: CertificateFacts,
  { applicationUri, names }: CertificateNames,
): Promise<string | null> {
  if (facts.applicationUri !== applicationUri) return `the old one was for ${facts.applicationUri}`;
  const key = createPrivateKey(await readFile(store.privateKey));
  const certificate = new X509Certificate(await readFile(ownCertificateFile(store.rootDir)));
  if (!certificate.checkPrivateKey(key)) return 'the old one was of another key';
  const local = [...facts.dns, ...facts.ip].every(isLoopback);
  return local && missingNames(names, facts).length > 0 ? 'the old one named this machine alone' : null;
}

/** Of the same key, so that what runs goes on; whole or not at all. */
export async function makeOwnCertificate(
  store: OPCUACertificateManager,
  { applicationUri, names }: CertificateNames,
  wallMs: number,
): Promise<CertificateFacts> {
  const path = ownCertificateFile(store.rootDir);
  const temporary = `${path}.partial`;
  try {
    await store.createSelfSignedCertificate({
      applicationUri,
      subject: '/CN=Twinspect/O=Twinspect',
      dns: [...names.dns],
      ip: [...names.ip],
      // A clock that was never set must not make a certificate that is over before it is seen.
      startDate: new Date(Math.max(wallMs, builtAtMs) - backDatedDays * dayMs),
      validity: validDays + backDatedDays,
      outputFile: temporary,
    });
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  return (await readOwnCertificate(store.rootDir))!;
}
