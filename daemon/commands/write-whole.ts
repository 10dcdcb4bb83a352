/**
 * Writing a file whole: temporary file, fsync, rename. After a power cut or on a full disk the old file or the new one
 * is there, never half of one, and what was half written is removed. Refusals of the disk name the file.
 */
import { open, rename, rm, stat } from 'node:fs/promises';
import { fail, messageOf } from '../../errors.ts';

/** Throws `file/unwritable`. */
export async function writeWhole(path: string, bytes: Uint8Array): Promise<void> {
  const temporary = `${path}.partial`;
  try {
    const file = await open(temporary, 'w');
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw fail('file/unwritable', { path, cause: messageOf(error) }, error);
  }
}

/** The same for a file that must not be there yet. Throws `file/exists` too. */
export async function writeNew(path: string, bytes: Uint8Array): Promise<void> {
  if ((await stat(path).catch(() => null)) !== null) throw fail('file/exists', { path });
  await writeWhole(path, bytes);
}
