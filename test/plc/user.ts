/** A user of role `operate` in a state folder, as `twinspect user add` makes one. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hashPassword, saltBytes } from '../../daemon/users/password.ts';
import { usersFileName, usersText } from '../../daemon/users/users.ts';

export async function addUser(stateDir: string, { name, password }: { name: string; password: string }): Promise<void> {
  await mkdir(stateDir, { recursive: true });
  const hashed = await hashPassword(password, new Uint8Array(saltBytes).fill(7));
  const path = join(stateDir, usersFileName);
  await writeFile(path, usersText([{ name, role: 'operate', password: hashed }]), { mode: 0o600 });
}
