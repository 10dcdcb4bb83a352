/** The state folder of a configuration, for commands that list what is in it. */
import { resolve } from 'node:path';
import type { Config } from '../../config/schema.ts';
import { fail } from '../../errors.ts';
import type { Context } from './command.ts';

/** Rejects with `start/noState` where there is none: an empty list would say what nobody looked at. */
export async function existingState({ cwd, files }: Context, { stateDir }: Config): Promise<string> {
  const path = resolve(cwd, stateDir);
  if ((await files.list(path)) === null) throw fail('start/noState', { path });
  return path;
}
