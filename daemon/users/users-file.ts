/**
 * The users file on the disk. The daemon only reads it; who writes it (`twinspect user`) writes it whole, for its owner
 * alone.
 */
import { readFile } from 'node:fs/promises';
import { fail, messageOf } from '../../errors.ts';

/** Null where there is no file yet. Throws `user/file`. */
export async function readUsersText(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return null;
    throw fail('user/file', { path, problem: messageOf(error) }, error);
  }
}
