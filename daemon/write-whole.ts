/**
 * Writing a file whole: temporary file, fsync, rename, fsync of the folder. After a power cut or on a full disk the old
 * file or the new one is there, never half of one, and what was half written is removed. Refusals of the disk name it.
 */
import { open, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fail, messageOf } from '../errors.ts';

export interface Placing {
  /** Who may read it; without, whoever the process's mask lets. */
  readonly mode?: number;
  /** Where it is written first, on the same disk: a folder that is watched must not see half a file. */
  readonly beside?: string;
}

/** Throws `file/unwritable`. */
export async function writeWhole(
  path: string,
  content: Uint8Array | string,
  { mode, beside }: Placing = {},
): Promise<void> {
  const temporary = beside === undefined ? `${path}.partial` : join(beside, `${basename(path)}.partial`);
  try {
    // What an interrupted write left could be readable by others.
    if (mode !== undefined) await rm(temporary, { force: true });
    const file = await open(temporary, 'w', mode);
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
    // The new name must be on the disk too.
    const folder = await open(dirname(path), 'r');
    await folder.sync().finally(() => folder.close());
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
