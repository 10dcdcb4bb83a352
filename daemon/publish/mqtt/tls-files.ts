/**
 * The PEM files of a TLS connection, read and held against each other: each is what it should be, the key belongs to
 * the certificate, and the certificate is valid now. Refuses with the file's name, before the broker is bothered.
 */
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { fail, messageOf } from '../../../errors.ts';
import type { TlsFiles } from './settings.ts';

export interface TlsMaterial {
  readonly ca: string | null;
  readonly cert: string | null;
  readonly key: string | null;
  readonly serverName: string | null;
}

/** Certificates and keys are a few KB, a bundle of authorities some hundred; more is another file. */
const pemMaxBytes = 1024 * 1024;

/** Rejects with `mqtt/tls`. Without a clock's time nothing is said of validity: at a start it may not be set yet. */
export async function readTls(files: TlsFiles, wallMs: number | null): Promise<TlsMaterial> {
  const { caFile, certFile, keyFile, serverName } = files;
  const [ca, cert, key] = await Promise.all([
    caFile === null ? null : readPem('CA file', caFile, files),
    certFile === null ? null : readPem('client certificate', certFile, files),
    keyFile === null ? null : readPem('client key', keyFile, files),
  ]);
  if (ca !== null) certificates('CA file', caFile as string, ca);
  if (cert !== null && key !== null) checkOwn(certFile as string, cert, keyFile as string, key, wallMs);
  return { ca, cert, key, serverName };
}

async function readPem(what: string, path: string, files: TlsFiles): Promise<string> {
  let bytes: Uint8Array;
  try {
    bytes = await files.readFile(path);
  } catch (error) {
    throw fail('mqtt/tls', { what, path, problem: `cannot be read: ${messageOf(error)}` }, error);
  }
  if (bytes.length > pemMaxBytes) {
    throw fail('mqtt/tls', { what, path, problem: `is ${bytes.length} bytes, expected at most ${pemMaxBytes}` });
  }
  return new TextDecoder().decode(bytes);
}

function certificates(what: string, path: string, pem: string): X509Certificate[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g) ?? [];
  if (blocks.length === 0) throw fail('mqtt/tls', { what, path, problem: 'holds no certificate, expected PEM' });
  return blocks.map((block) => {
    try {
      return new X509Certificate(block);
    } catch (error) {
      throw fail('mqtt/tls', { what, path, problem: `holds a damaged certificate: ${messageOf(error)}` }, error);
    }
  });
}

function checkOwn(certPath: string, cert: string, keyPath: string, key: string, wallMs: number | null): void {
  const [own] = certificates('client certificate', certPath, cert) as [X509Certificate];
  const what = 'client certificate';
  if (!own.checkPrivateKey(privateKey(keyPath, key))) {
    const problem = `does not belong to the key ${keyPath}: they were not made together`;
    throw fail('mqtt/tls', { what, path: certPath, problem });
  }
  if (wallMs === null) return;
  const problem = validity(own, wallMs);
  if (problem !== null) throw fail('mqtt/tls', { what, path: certPath, problem });
}

function privateKey(path: string, pem: string): KeyObject {
  const what = 'client key';
  if (/ENCRYPTED/.test(pem)) {
    throw fail('mqtt/tls', { what, path, problem: 'is encrypted, expected a key without a passphrase' });
  }
  try {
    return createPrivateKey(pem);
  } catch (error) {
    throw fail('mqtt/tls', { what, path, problem: 'is no private key in PEM' }, error);
  }
}

/** Null where the certificate is valid at this time. */
function validity({ validFromDate, validToDate }: X509Certificate, wallMs: number): string | null {
  const now = `the clock here says ${day(wallMs)}`;
  if (wallMs > validToDate.getTime()) return `expired on ${day(validToDate.getTime())}; ${now}`;
  if (wallMs < validFromDate.getTime()) return `is not valid before ${day(validFromDate.getTime())}; ${now}`;
  return null;
}

function day(wallMs: number): string {
  return new Date(wallMs).toISOString().slice(0, 16).replace('T', ' ');
}
