/** Asks the daemon that runs a configuration, found by its line and its state folder. */
import { resolve } from 'node:path';
import type { Config } from '../../config/schema.ts';
import { type Answered, askDaemon } from '../status/ask.ts';
import { pathsToAsk, placesFrom } from '../status/place.ts';
import type { Context } from './command.ts';

/** Exit codes of commands that ask: 3 as of a service that does not run; 4 has no meaning of that kind. */
export const statusCodes = { ready: 0, absent: 3, notReady: 4 } as const;

/** The daemon of this configuration. Rejects as `askDaemon` does. */
export function askConfigured(context: Context, config: Config, socket: string | null): Promise<Answered> {
  const { env, cwd, clock } = context;
  const [stateFolder, lineId] = [resolve(cwd, config.stateDir), config.line.id];
  const paths = socket === null ? pathsToAsk(placesFrom(env, { stateFolder, lineId })) : [resolve(cwd, socket)];
  return askDaemon(paths, lineId, clock);
}
