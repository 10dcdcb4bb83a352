/** Writes an HTML page into a folder that may not be there yet. Throws `file/unwritable` naming the page. */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fail, messageOf } from '../../errors.ts';

export async function writePage(path: string, page: string): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, page);
  } catch (error) {
    throw fail('file/unwritable', { path, cause: messageOf(error) }, error);
  }
}
