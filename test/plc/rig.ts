/** A whole daemon that commands trigger, with a user for the PLC, and the PLC in front of it. */
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Config } from '../../config/schema.ts';
import type { Camera } from '../../drivers/index.ts';
import { until } from '../inference/rig.ts';
import { openDaemon, type Plant, testConfig } from '../run/rig.ts';
import { type PlcSettings, SimulatedPlc } from './simulated-plc.ts';
import { addUser } from './user.ts';

export const user = { name: 'plc', password: 'a long password of the plc' };

export interface Station extends Plant {
  readonly endpoint: string;
}

/** Long enough for a loaded machine. */
const deadlineMs = 5000;

export interface StationGiven extends Partial<Pick<Config, 'recipes'>> {
  readonly trigger?: 'camera' | 'command';
  /** Who operates; the PLC where nobody is named. */
  readonly user?: typeof user;
}

/** Everything real; the deadline is long enough for a loaded machine. */
export async function openStation(
  stateDir: string,
  bundle: string,
  camera: Camera,
  { trigger = 'command', recipes = {}, user: as = user }: StationGiven = {},
): Promise<Station> {
  await addUser(stateDir, as);
  const base = testConfig(stateDir, bundle);
  const plant = openDaemon(
    {
      ...base,
      line: { ...base.line, trigger, deadlineMs },
      recipes,
      opcua: { ...base.opcua, enabled: true, port: 0, plcPassword: true },
      journal: { ...base.journal, commitTimeoutMs: 2000 },
      mqtt: { ...base.mqtt, enabled: false },
    },
    camera,
  );
  await plant.daemon.start();
  return { ...plant, endpoint: plant.daemon.publishing!.opcuaEndpoint! };
}

/** Scans, and stands where a PLC may trigger: ready, armed, with a heartbeat. */
export async function openPlc(station: Station, settings: Partial<PlcSettings> = {}): Promise<SimulatedPlc> {
  const plc = new SimulatedPlc({ endpoint: station.endpoint, user, ...settings });
  await plc.run();
  onTestFinished(() => plc.halt());
  await ready(plc);
  return plc;
}

export async function ready(plc: SimulatedPlc): Promise<void> {
  await plc.until('the station is ready', ({ Ready, Armed }) => Ready === true && Armed === true);
  const beat = plc.image!.Heartbeat;
  await plc.until('its heartbeat steps', ({ Heartbeat }) => Heartbeat !== beat);
}

export async function recorded(station: Station, count: number): Promise<void> {
  await until(`${count} records`, () => station.records.length >= count);
}

export const stateOf = (folder: string): string => join(folder, 'state');
