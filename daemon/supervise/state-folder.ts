/** The folder of everything that outlives the process: made, and proven to be writable before anything counts on it. */
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fail, messageOf } from '../../errors.ts';

/** Rejects with `start/state`. */
export async function makeStateFolder(path: string): Promise<void> {
  const probe = join(path, '.write-test');
  try {
    await mkdir(path, { recursive: true });
    await writeFile(probe, '');
    await rm(probe);
  } catch (error) {
    throw fail('start/state', { path, cause: messageOf(error) }, error);
  }
}
