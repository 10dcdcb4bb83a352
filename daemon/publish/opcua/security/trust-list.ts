/**
 * The certificate store as files, for a person to look at and change: works whether or not the daemon runs, which
 * watches the same folders. A certificate is named by the first characters of its thumbprint. Knows no OPC UA library.
 */
import { mkdir, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fail } from '../../../../errors.ts';
import { type CertificateFacts, certificateFacts } from './certificate-facts.ts';

export type TrustState = 'trusted' | 'rejected' | 'issuer';

export interface Listed extends CertificateFacts {
  readonly state: TrustState;
  readonly path: string;
  /** When it came into this state. */
  readonly sinceMs: number;
}

/** Below the folder of the store. */
const folders: Readonly<Record<TrustState, string>> = {
  trusted: join('trusted', 'certs'),
  rejected: 'rejected',
  issuer: join('issuers', 'certs'),
};
/** Fewer characters are a slip of the finger. */
const prefixMinChars = 4;

/** All of them, trusted ones first, the newest first among each. */
export async function listCertificates(store: string): Promise<Listed[]> {
  const states = Object.keys(folders) as TrustState[];
  const listed = await Promise.all(states.map((state) => listFolder(join(store, folders[state]), state)));
  return listed.flatMap((each) => each.sort((a, b) => b.sinceMs - a.sinceMs));
}

async function listFolder(folder: string, state: TrustState): Promise<Listed[]> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  const listed = await Promise.all(
    names.map(async (name) => {
      const path = join(folder, name);
      // The daemon may take one away while it is being listed.
      const bytes = await readFile(path).catch(() => null);
      const found = await stat(path).catch(() => null);
      const facts = bytes && certificateFacts(bytes);
      return facts && found ? [{ ...facts, state, path, sinceMs: found.ctimeMs }] : [];
    }),
  );
  return listed.flat();
}

/** The one whose thumbprint begins so. Throws `opcua/thumbprint` where there is none, or more than one. */
export function findCertificate(listed: readonly Listed[], prefix: string): Listed {
  const wanted = prefix.replaceAll(/[:\s]/g, '').toLowerCase();
  if (!/^[0-9a-f]+$/.test(wanted) || wanted.length < prefixMinChars) {
    const problem = `expected a file, or at least ${prefixMinChars} characters of a thumbprint`;
    throw fail('opcua/thumbprint', { found: prefix, problem });
  }
  const matching = listed.filter(({ thumbprint }) => thumbprint.startsWith(wanted));
  const [one, ...more] = new Set(matching.map(({ thumbprint }) => thumbprint));
  if (one === undefined) throw fail('opcua/thumbprint', { found: prefix, problem: 'none is known that begins so' });
  if (more.length > 0) {
    const problem = `${more.length + 1} begin so: ${[one, ...more].map((each) => each.slice(0, 16)).join(', ')}`;
    throw fail('opcua/thumbprint', { found: prefix, problem });
  }
  // One that lies in two folders is where it is refused.
  return matching.find(({ state }) => state === 'rejected') ?? matching[0]!;
}

/** Wherever else it lies, it is gone: one that lies among both is refused by the library, and should be. */
export async function moveToRejected(store: string, listed: readonly Listed[], one: Listed): Promise<void> {
  await mkdir(join(store, folders.rejected), { recursive: true });
  await rename(one.path, certificatePath(store, one, 'rejected'));
  for (const state of ['trusted', 'issuer'] as const) await removeCopies(listed, one.thumbprint, state);
}

export async function removeCopies(listed: readonly Listed[], thumbprint: string, from: TrustState): Promise<void> {
  for (const { path } of listed.filter((each) => each.thumbprint === thumbprint && each.state === from)) {
    await rm(path, { force: true });
  }
}

/** Named as the library names them, so that it finds its own again. */
export function certificatePath(store: string, { name, thumbprint }: CertificateFacts, state: TrustState): string {
  const label = name.replaceAll(/[^A-Za-z0-9 _.-]/g, '_').replace(/^\.+/, '_');
  return join(store, folders[state], `${label}[${thumbprint}].pem`);
}
