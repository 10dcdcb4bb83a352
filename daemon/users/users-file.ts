/**
 * The users file on the disk. The daemon only reads it, once it is whole; who changes it (`twinspect user`) writes it
 * whole, for its owner alone.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fail, messageOf } from '../../errors.ts';
import type { StateFolder } from '../state/folder.ts';
import { parseUsersFile, type UsersFile, usersFileName, usersText } from './users.ts';

/**
 * The file with its second copy, read at the start of a daemon or by a command. Where both are lost, an empty list that
 * says so takes their place: whoever could come in before cannot, and it is no new installation, which would be open
 * for a first look.
 */
export async function loadUsers(state: StateFolder): Promise<UsersFile> {
  const file = usersFile(state);
  const { value, lost } = await file.load();
  if (lost) await file.save({ users: [], lost });
  return value ?? { users: [], lost };
}

export function usersFile(state: StateFolder) {
  return state.file<UsersFile>({
    ...{ name: usersFileName, id: 'users', mode: 0o600 },
    parse: (text) => parseUsersFile(text, join(state.path, usersFileName)),
    show: ({ users, lost }) => usersText(users, lost),
    lost: 'nobody is let in until users are added again (twinspect user add)',
  });
}

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
