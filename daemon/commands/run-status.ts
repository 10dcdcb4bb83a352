/**
 * The status socket of `run`: open from before the first start step until after the last stop, so that a daemon that
 * hangs at its start can be asked, too. A socket that cannot be made is said and missed; another daemon on the same
 * state folder is the end of this one.
 */
import { resolve } from 'node:path';
import process from 'node:process';
import type { LoadedConfig } from '../../config/load.ts';
import { TwinspectError } from '../../errors.ts';
import { pathsToOpen, placesFrom } from '../status/place.ts';
import { openStatusSocket, type StatusSocket } from '../status/socket.ts';
import type { Daemon } from '../supervise/daemon.ts';
import { DaemonDiary } from '../supervise/daemon-report.ts';
import type { Context } from './command.ts';
import { version } from './dispatch.ts';

/** Takes note from now on; `serveStatus` tells it. */
export async function openDiary(
  context: Context,
  { config }: LoadedConfig,
  configFile: string | null,
): Promise<DaemonDiary> {
  const facts = {
    version: await version(context),
    pid: process.pid,
    startedAtMs: context.clock.wallMs(),
    configFile: configFile === null ? null : resolve(context.cwd, configFile),
    stateFolder: resolve(context.cwd, config.stateDir),
  };
  return new DaemonDiary(facts, config);
}

/** Null where no socket can be made. Rejects with `status/running` or `status/denied`. */
export async function serveStatus(
  { env, clock, log, stderr, cwd }: Context,
  { config }: LoadedConfig,
  diary: DaemonDiary,
  daemon: Daemon,
): Promise<StatusSocket | null> {
  const [stateFolder, lineId] = [resolve(cwd, config.stateDir), config.line.id];
  try {
    const socket = await openStatusSocket({
      paths: pathsToOpen(placesFrom(env, { stateFolder, lineId })),
      ...{ lineId, pid: process.pid, clock, log },
      report: () => diary.report(daemon, clock.wallMs()),
    });
    log.info({ path: socket.path }, 'status socket: "twinspect status" asks here');
    return socket;
  } catch (error) {
    if (!(error instanceof TwinspectError)) throw error;
    if (error.code === 'status/running' || error.code === 'status/denied') throw error;
    log.warn({ error }, `no status socket: ${error.message}`);
    stderr(`warning ${error.code}: ${error.message}; the line runs, "twinspect status" cannot ask it`);
    stderr(`what to do: ${error.action}`);
    return null;
  }
}
