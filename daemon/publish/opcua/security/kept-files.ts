/**
 * The server's own key and certificate as state files: checked before the library reads them, which ends at the first
 * byte it does not understand, and kept in a second copy, since every client trusts this certificate and no other.
 */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { access, constants } from 'node:fs/promises';
import { join } from 'node:path';
import { blank } from '../../../state/damage.ts';
import type { StateFolder } from '../../../state/folder.ts';
import { storeFolderName } from './own-certificate.ts';

function ownFiles(state: StateFolder) {
  const same = (text: string): string => text;
  return [
    state.file<string>({
      ...{ name: `${storeFolderName}/own/private/private_key.pem`, id: 'opcua-key', mode: 0o600, show: same },
      parse(text) {
        createPrivateKey(text);
        return text;
      },
      lost: 'a new key and certificate are made: each client must trust the new one (twinspect opcua export)',
    }),
    state.file<string>({
      ...{ name: `${storeFolderName}/own/certs/server.pem`, id: 'opcua-certificate', show: same },
      parse(text) {
        new X509Certificate(text);
        return text;
      },
      lost: 'a new certificate is made: each client must trust it (twinspect opcua export)',
    }),
  ];
}

/** Before the library looks. Rejects with `state/stuck`. */
export async function mendOwnFiles(state: StateFolder): Promise<void> {
  for (const file of ownFiles(state)) await file.load();
  await mendSettings(state);
}

/** Once they are made, and after each renewal. */
export async function copyOwnFiles(state: StateFolder): Promise<void> {
  for (const file of ownFiles(state)) await file.refreshCopy();
}

/** The library's own settings for making certificates: it writes them where they are absent, so bad ones only go. */
async function mendSettings(state: StateFolder): Promise<void> {
  const name = `${storeFolderName}/own/openssl.cnf`;
  const path = join(state.path, name);
  const bytes = await state.read(path);
  if (bytes === null) return;
  const text = new TextDecoder('utf-8').decode(bytes);
  const unwritable = await access(path, constants.W_OK).then(
    () => null,
    () => 'cannot be written',
  );
  const problem = blank(bytes) ?? (text.includes('[') && !text.includes('\ufffd') ? unwritable : 'is damaged');
  if (problem === null) return;
  const aside = await state.setAside(path, name);
  await state.faults.raise('opcua-settings', `${path} ${problem} and is kept as ${aside}; it is made again`);
}
