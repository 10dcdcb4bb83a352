/**
 * What this installation is called among OPC UA applications where the configuration says nothing: a name no other has,
 * made at the first start and kept in the state folder. An installation from before keeps the name that stands in its
 * certificate, since clients know it by that; a file that was lost or damaged is made again from there.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fail, messageOf } from '../../../../errors.ts';
import type { StateFolder } from '../../../state/folder.ts';
import { readOwnCertificate, storeFolderName } from './own-certificate.ts';

/** In the state folder, as one line. */
export const applicationUriFile = 'opcua-application-uri';
/** Linux gives a random UUID at each reading (random(4)). */
const chance = '/proc/sys/kernel/random/uuid';
const uriPattern = /^[A-Za-z][A-Za-z0-9+.-]*:[\x21-\x7e]{1,200}$/;

/** `configured` where it says one. Rejects with `start/state` where a new name cannot be kept. */
export async function applicationUriOf(state: StateFolder, configured = ''): Promise<string> {
  if (configured !== '') return configured;
  const file = state.file<string>({
    ...{ name: applicationUriFile, id: 'opcua-application-uri', show: (uri) => `${uri}\n` },
    parse(text) {
      const uri = usable(text);
      if (uri === null || !text.endsWith('\n')) throw new Error('it is no URI on a line');
      return uri;
    },
    lost: 'it is taken from the own certificate, or made anew',
  });
  const { value } = await file.load();
  if (value !== null) return value;
  const known = await readOwnCertificate(join(state.path, storeFolderName)).catch(() => null); // said by who needs it
  const certified = usable(known?.applicationUri ?? '');
  const uri = certified ?? `urn:twinspect:${(await readFile(chance, 'utf8')).trim()}`;
  try {
    await file.save(uri);
  } catch (error) {
    // The certificate keeps it as well.
    if (certified === null) throw fail('start/state', { path: file.path, cause: messageOf(error) }, error);
  }
  return uri;
}

function usable(text: string): string | null {
  const uri = text.trim();
  return uriPattern.test(uri) ? uri : null;
}
