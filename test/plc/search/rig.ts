/** Worlds made ready for a search: opened modules, changed where a fault is planted, and run up to a first pass. */
import { CameraWorld } from './camera.ts';
import { ClientWorld, type MakeLink } from './client.ts';
import { Gate, GateProgram, listing } from './gate.ts';
import { GatewayWorld } from './gateway.ts';
import { Memory } from './memory.ts';
import { type Changes, OpenedModules } from './opened.ts';
import type { PlantFloor } from './plant-floor.ts';
import { PollingWorld } from './polling.ts';
import { Reader } from './reader.ts';
import { type MakeLane, Station, StationTags } from './station.ts';

export interface Planted {
  /** In the product's sources, by path from the root. */
  readonly product?: Changes;
  readonly listing?: (source: string) => string;
  /** Parts that went through before the search begins; 1 where left out. */
  readonly parts?: number;
  /** Asks for what passes alone. */
  readonly gateOnly?: boolean;
}

/** Before anything was disturbed. */
export class WrongFromTheStart extends Error {}

export interface Ready {
  readonly memory: Memory;
  /** A world in which a first part has just passed. */
  make(): PlantFloor;
}

const laneFile = 'daemon/publish/opcua/lane.ts';
const linkFile = 'daemon/publish/opcua/client/plc-link.ts';
const runUpSteps = 1000;

/** Both sides of the wrap are in reach of a run. */
const beforeWrap = 0xffff_fffc;

const same = (source: string): string => source;

async function ready(
  { product, listing: changed = same, parts = 1, gateOnly = false }: Planted,
  name: 'TwinspectGate' | 'TwinspectCameraGate',
  worlds: (made: { makeLane: MakeLane; makeLink: MakeLink; program: GateProgram }) => PlantFloor,
): Promise<Ready> {
  const modules = new OpenedModules(product, [linkFile]);
  const { PlcLink } = (await modules.load(linkFile)) as { PlcLink: MakeLink };
  const { OpcUaLane } = (await modules.load(laneFile)) as { OpcUaLane: MakeLane };
  modules.checkChanges();
  const program = new GateProgram(changed(listing()), name);
  const ours = [PollingWorld, GatewayWorld, CameraWorld, ClientWorld, Reader, Station, StationTags, Gate].map(
    ({ prototype }) => prototype,
  );
  const memory = new Memory([...(await modules.classes()), ...ours]);
  const make = (): PlantFloor => {
    const world = worlds({ makeLane: OpcUaLane, makeLink: PlcLink, program });
    world.gateOnly = gateOnly;
    for (let step = 0; world.passed.length === 0 || world.station.front < parts; step++) {
      if (step === runUpSteps) throw new Error('no part passes in an undisturbed run');
      world.next();
      const violation = world.violation();
      if (violation !== null) throw new WrongFromTheStart(violation);
    }
    return world;
  };
  return { memory, make };
}

/** A PLC that polls our server and triggers. */
export function polling(planted: Planted = {}, trigSeq = beforeWrap): Promise<Ready> {
  return ready(planted, 'TwinspectGate', (made) => new PollingWorld({ ...made, trigSeq }));
}

/** A PLC behind a gateway that copies tags. */
export function gateway(planted: Planted = {}, trigSeq = beforeWrap): Promise<Ready> {
  return ready(planted, 'TwinspectGate', (made) => new GatewayWorld({ ...made, trigSeq }));
}

/** A PLC whose own server has the tags. */
export function client(planted: Planted = {}, trigSeq = beforeWrap): Promise<Ready> {
  return ready(planted, 'TwinspectGate', (made) => new ClientWorld({ ...made, trigSeq }));
}

/** The camera opens the parts; the gate stands so many parts behind it. */
export function camera(planted: Planted = {}, distance = 0): Promise<Ready> {
  return ready(planted, 'TwinspectCameraGate', (made) => {
    const world = new CameraWorld({ ...made, distance });
    // A part has gone through, and the next one is a while away.
    for (let step = 0; step < 48; step++) world.next();
    world.disturb('line empty');
    return world;
  });
}
