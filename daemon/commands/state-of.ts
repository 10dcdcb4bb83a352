/** The state folder of a configuration, for commands that read or change something in it beside a daemon. */
import { resolve } from 'node:path';
import type { Config } from '../../config/schema.ts';
import { StateFolder } from '../state/folder.ts';
import type { Context } from './command.ts';

export function stateFolderOf({ cwd, clock, log }: Context, { stateDir, stateCopyDir }: Config): StateFolder {
  const copy = stateCopyDir === '' ? '' : resolve(cwd, stateCopyDir);
  return new StateFolder({ path: resolve(cwd, stateDir), copy, clock, log });
}
