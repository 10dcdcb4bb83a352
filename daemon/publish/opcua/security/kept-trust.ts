/**
 * The trust list after a power cut: certificates and revocation lists that are damaged are set aside, and put back as
 * they were last seen; those that are gone are told and nothing more. What somebody moved to the rejected ones while no
 * daemon ran is not lost. A list that is lost lets nobody in.
 */
import { mkdir, readdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { blank } from '../../../state/damage.ts';
import type { StateFolder } from '../../../state/folder.ts';
import { writeWhole } from '../../../write-whole.ts';
import { certificateFacts } from './certificate-facts.ts';
import { storeFolderName } from './own-certificate.ts';

const folders = ['trusted/certs', 'trusted/crl', 'issuers/certs', 'issuers/crl'] as const;
/** A certificate has 3 KB; a revocation list of a large plant some ten. */
const fileMaxBytes = 256 * 1024;

/** Content by the path below the store, base64. */
type Seen = Readonly<Record<string, string>>;

function listFile(state: StateFolder) {
  return state.file<Seen>({
    ...{ name: `${storeFolderName}/trust-seen.json`, id: 'opcua-trust-seen', mode: 0o640 },
    parse(text) {
      const seen = JSON.parse(text) as unknown;
      const good = typeof seen === 'object' && seen !== null && Object.values(seen).every((v) => typeof v === 'string');
      if (!good) throw new Error('it is no list');
      return seen as Seen;
    },
    show: (seen) => `${JSON.stringify(seen, null, 1)}\n`,
    lost: 'certificates that are missing from the trust list would not show',
  });
}

/** Before the library reads the store. Rejects with `state/stuck`. */
export async function mendTrustList(state: StateFolder): Promise<void> {
  const store = join(state.path, storeFolderName);
  const { value } = await listFile(state).load();
  const seen = value ?? {};
  const told: string[] = [];
  for (const name of await names(store)) {
    const path = join(store, name);
    const problem = problemIn(await state.read(path), name);
    if (problem === null) continue;
    const aside = await state.setAside(path, `${storeFolderName}/${name}`);
    const before = seen[name];
    if (before !== undefined) await writeWhole(path, Buffer.from(before, 'base64'), { beside: store });
    const then = before === undefined ? 'whoever came with it is refused' : 'it was put back as it was last seen';
    told.push(`${path} ${problem} and is kept as ${aside}; ${then}`);
  }
  const now = new Set(await names(store));
  const rejected = new Set(await state.list(join(store, 'rejected')));
  for (const name of Object.keys(seen)) {
    if (now.has(name) || rejected.has(basename(name))) continue;
    told.push(`${join(store, name)} is missing; whoever came with it is refused until it is trusted again`);
  }
  if (told.length > 0) await state.faults.raise('opcua-trust', told.join('; '));
  await noteTrustList(state);
}

/** What is trusted now becomes what was last seen. */
export async function noteTrustList(state: StateFolder): Promise<void> {
  const store = join(state.path, storeFolderName);
  const seen: Record<string, string> = {};
  for (const name of await names(store)) {
    const bytes = await state.read(join(store, name));
    if (bytes !== null && problemIn(bytes, name) === null) seen[name] = Buffer.from(bytes).toString('base64');
  }
  const file = listFile(state);
  const before = await file.peek();
  if (JSON.stringify(before ?? {}) !== JSON.stringify(seen)) await file.save(seen);
}

async function names(store: string): Promise<string[]> {
  const found = folders.map(async (folder) => {
    await mkdir(join(store, folder), { recursive: true });
    return (await readdir(join(store, folder))).map((name) => `${folder}/${name}`);
  });
  return (await Promise.all(found)).flat().sort();
}

function problemIn(bytes: Uint8Array | null, name: string): string | null {
  if (bytes === null) return 'cannot be read';
  const nothing = blank(bytes);
  if (nothing !== null) return nothing;
  if (bytes.length > fileMaxBytes) return null;
  if (dirname(name).endsWith('certs')) return certificateFacts(bytes) === null ? 'is not a certificate' : null;
  return wholeList(bytes) ? null : 'is not a whole revocation list';
}

/** PEM from its first line to its last, or DER as long as it says (X.690, 8.1.3). */
function wholeList(bytes: Uint8Array): boolean {
  const text = new TextDecoder('latin1').decode(bytes);
  if (text.includes('-----BEGIN X509 CRL-----')) return text.includes('-----END X509 CRL-----');
  if (bytes[0] !== 0x30) return false;
  const first = bytes[1] ?? 0;
  const count = first & 0x7f;
  const length = first < 0x80 ? first : bytes.subarray(2, 2 + count).reduce((sum, byte) => sum * 256 + byte, 0);
  return bytes.length === length + 2 + (first < 0x80 ? 0 : count);
}
