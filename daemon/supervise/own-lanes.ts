/** Ways to the plant that somebody has to open and close: the digital output, and the client of a PLC's own server. */
import { join } from 'node:path';
import type { Config } from '../../config/schema.ts';
import { readSecret, secretFile } from '../../config/secret.ts';
import type { FileReader } from '../../drivers/index.ts';
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import type { DeviceSettings } from '../output/device.ts';
import { OkLine } from '../output/ok-line.ts';
import { WatchedOutput } from '../output/watched-output.ts';
import type { ControlLane } from '../publish/lane.ts';
import type { PlcAddress } from '../publish/opcua/client/plc-session.ts';
import type { StateFolder } from '../state/folder.ts';

export interface OwnLane {
  readonly lane: ControlLane;
  stop(): Promise<void>;
}

export interface OwnLanesOptions {
  readonly config: Config;
  readonly cwd: string;
  readonly credentials?: string | null;
  readonly files: FileReader;
  readonly clock: Clock;
  readonly log: Log;
}

/** Each by the name of its step; opens to null where the configuration has none. */
export function ownLanes(
  options: OwnLanesOptions,
  state: StateFolder,
): { readonly name: string; open(): Promise<OwnLane | null> }[] {
  return [
    { name: 'digital output', open: () => openOutput(options, state) },
    { name: 'PLC client', open: () => openPlcClient(options, state) },
  ];
}

/** Rejects with `output/library`, `output/device` or `output/process`. */
async function openOutput({ config, clock, log }: OwnLanesOptions, state: StateFolder): Promise<OwnLane | null> {
  const { output, line } = config;
  if (output.driver === 'none') return null;
  const device = deviceSettings(output, line.id, state.path);
  const watched = new WatchedOutput({ device, clock, log: log.child({ room: 'output' }) });
  await watched.open();
  const lane = new OkLine({ lineId: line.id, output: watched, clock, holdMs: output.holdMs });
  return { lane, stop: () => watched.close() };
}

export function deviceSettings(
  { driver, chip, pin, activeLow }: Config['output'],
  lineId: string,
  stateFolder: string,
): DeviceSettings {
  if (driver === 'gpiod') return { kind: driver, chip, pin, activeLow };
  return { kind: 'file', path: join(stateFolder, `ok-${lineId}`) };
}

/** A PLC that is not there is no reason not to start. */
async function openPlcClient(options: OwnLanesOptions, state: StateFolder): Promise<OwnLane | null> {
  const { plc, line, opcua } = options.config;
  if (plc.url === '') return null;
  const { clock } = options;
  const log = options.log.child({ room: 'plc' });
  const { url, securityMode, securityPolicy, nodeId, pollMs } = plc;
  const address: PlcAddress = {
    ...{ url, securityMode, securityPolicy, state, applicationUri: opcua.applicationUri },
    user: plc.username === '' ? null : { name: plc.username, password: plcPasswordReader(plc.passwordFile, options) },
  };
  const tags = { template: nodeId, lineId: line.id, triggered: line.trigger === 'command' };
  // Loading the library takes half a second, which only who wants it pays.
  const { startPlcClient } = await import('../publish/opcua/client/index.ts');
  return startPlcClient({ address, tags, pollMs, clock, log });
}

/** Read at each connection, so that a changed password needs no restart. */
export function plcPasswordReader(
  file: string,
  { cwd, credentials = null, files }: Pick<OwnLanesOptions, 'cwd' | 'credentials' | 'files'>,
): () => Promise<string> {
  const readText = async (path: string): Promise<string> => new TextDecoder().decode(await files.read(path));
  return async () => (await readSecret(secretFile(file, { cwd, credentials }), readText)).reveal();
}
