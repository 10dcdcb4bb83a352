/** How the line of a daemon registers: its calibration from configuration or camera, its watch in its folder. */
import type { Config } from '../../config/schema.ts';
import type { Camera, FileReader } from '../../drivers/index.ts';
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import { normalFile } from '../registration/normal-file.ts';
import { openRegistering, type Registering } from '../registration/registering.ts';
import type { StateFolder } from '../state/folder.ts';
import { registeringSettings } from './settings.ts';

export interface RegisteringOptions {
  readonly config: Config;
  readonly cwd: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly files: FileReader;
  readonly signal: AbortSignal;
}

/** Throws `file/missing` or `calibration/field`. */
export function lineRegistering(
  { config, cwd, clock, log, files, signal }: RegisteringOptions,
  state: StateFolder,
  camera: Pick<Camera, 'id' | 'calibration'>,
): Promise<Registering> {
  return openRegistering({
    ...registeringSettings(config, cwd),
    ...{ camera, clock, signal, log: log.child({ room: 'registration' }) },
    store: normalFile(state, config.line.id),
    read: (path) => files.read(path),
  });
}
