/**
 * Where the status socket of a daemon lies. Whoever asks finds it by what the configuration says already: the state
 * folder and the id of the line, which no two daemons share.
 */
import { createHash } from 'node:crypto';
import { join } from 'node:path';

/** Longest path of a local socket on Linux, bytes: `sun_path` holds 108, the last one is zero. */
export const socketPathMaxBytes = 107;

/** What the process was told of its surroundings; null where it was told nothing. */
export interface SocketPlaces {
  /** `$RUNTIME_DIRECTORY`: what systemd made for this service (`RuntimeDirectory=`); perhaps several, with colons. */
  readonly runtimeDirectory: string | null;
  /** `$XDG_RUNTIME_DIR`: that of the user who is logged in. */
  readonly userRuntimeDirectory: string | null;
  readonly stateFolder: string;
  readonly lineId: string;
}

/** Where services have their runtime folders, one below it for each, for whoever asks from outside of them. */
export const serviceFolder = '/run/twinspect';

export function placesFrom(
  env: Readonly<Record<string, string | undefined>>,
  of: Pick<SocketPlaces, 'stateFolder' | 'lineId'>,
): SocketPlaces {
  const { RUNTIME_DIRECTORY: runtime = '', XDG_RUNTIME_DIR: user = '' } = env;
  return { ...of, runtimeDirectory: runtime === '' ? null : runtime, userRuntimeDirectory: user === '' ? null : user };
}

/** Short, because the whole path has little room, and telling to people. */
export function socketName({ stateFolder, lineId }: Pick<SocketPlaces, 'stateFolder' | 'lineId'>): string {
  const digest = createHash('sha256').update(`${stateFolder}\n${lineId}`).digest('hex');
  return `${lineId.slice(0, 24)}-${digest.slice(0, 8)}.sock`;
}

/** Where a daemon may open it: the first of these that serves. */
export function pathsToOpen(places: SocketPlaces): string[] {
  return [...ownFolders(places), places.stateFolder].map((folder) => join(folder, socketName(places)));
}

/** Where to look for it. `services`: the names of the folders in `serviceFolder`. */
export function pathsToAsk(places: SocketPlaces, services: readonly string[]): string[] {
  const ofServices = services.map((name) => join(serviceFolder, name));
  const folders = new Set([...ownFolders(places), ...ofServices, serviceFolder, places.stateFolder]);
  return [...folders].map((folder) => join(folder, socketName(places)));
}

function ownFolders({ runtimeDirectory, userRuntimeDirectory }: SocketPlaces): string[] {
  const folders = [];
  if (runtimeDirectory !== null) folders.push(runtimeDirectory.split(':')[0]!);
  if (userRuntimeDirectory !== null) folders.push(join(userRuntimeDirectory, 'twinspect'));
  return folders.filter((folder) => folder.startsWith('/'));
}
