/**
 * One opened device: found, connected, and certainly ours to control. While it cannot be opened for reasons that pass
 * (it does not answer, another host has it) that is said, and tried again.
 */
import { messageOf } from '../../errors.ts';
import { type Pointer, valueAt } from '../native/koffi.ts';
import type { ProcessClock } from '../native/monotonic.ts';
import { pickDevice, searchDevices } from './discover.ts';
import { Features } from './features.ts';
import { Gvcp } from './gvcp.ts';
import { type Aravis, call, DeviceError } from './library.ts';

const knockMs = 100;
/** Silence of an address that is worth telling. */
const silentTellMs = 1000;
const searchAgainMs = 1000;

export interface Device {
  readonly camera: Pointer;
  readonly device: Pointer;
  readonly features: Features;
  /** Of a network camera; null for one on USB. */
  readonly gvcp: Gvcp | null;
  readonly address: string;
}

export interface Opening {
  readonly id: string;
  readonly arv: Aravis;
  readonly clock: ProcessClock;
  /** IP address, serial number or name. */
  readonly name: string;
  readonly closing: AbortSignal;
  waiting(reason: string): void;
}

/** Resolves with the device, or null when closed first. Never gives up by itself. */
export async function openDevice(opening: Opening): Promise<Device | null> {
  const { name, clock, closing, waiting } = opening;
  while (!closing.aborted) {
    const found = Gvcp.isAddress(name) ? await answering(opening) : await searched(opening);
    if (found === null) continue;
    const opened = attempt(opening, found);
    if (typeof opened !== 'string') return opened;
    waiting(opened);
    await clock.sleep(searchAgainMs / 2);
  }
  return null;
}

/** An address is knocked at until it answers: connecting to one that does not blocks for seconds. */
async function answering({ name, clock, closing, waiting }: Opening): Promise<string | null> {
  const gvcp = new Gvcp(name);
  try {
    for (let silentMs = 0; !closing.aborted; silentMs += knockMs) {
      gvcp.ask();
      await clock.sleep(knockMs);
      if (gvcp.heard() !== null) return name;
      if (silentMs >= silentTellMs) {
        const why = gvcp.problem === null ? '' : ` (${gvcp.problem})`;
        waiting(`no camera answers at ${name}${why}`);
        silentMs = 0;
      }
    }
    return null;
  } finally {
    gvcp.close();
  }
}

async function searched({ arv, name, clock, waiting }: Opening): Promise<string | null> {
  const picked = pickDevice(searchDevices(arv), name);
  if (typeof picked !== 'string') return picked.id;
  waiting(picked);
  await clock.sleep(searchAgainMs);
  return null;
}

function attempt({ id, arv, name }: Opening, found: string): Device | string {
  try {
    const camera = call<Pointer | null>(arv, arv.cameraNew, found);
    if (camera === null) return `${name} could not be opened`;
    const device = arv.cameraDevice(camera) as Pointer;
    const isNetwork = arv.isGv(camera) as boolean;
    if (isNetwork && !arv.isController(device)) {
      arv.unref(camera);
      return `${name} is controlled by another host or program`;
    }
    const address = isNetwork ? addressOf(arv, device) : '';
    const gvcp = isNetwork ? new Gvcp(address) : null;
    return { camera, device, features: new Features(id, arv, device), gvcp, address };
  } catch (error) {
    if (error instanceof DeviceError) return `${name}: ${messageOf(error)}`;
    throw error;
  }
}

function addressOf(arv: Aravis, device: Pointer): string {
  const socketAddress = arv.gvAddress(device) as Pointer;
  const text = arv.gio.inetText(arv.gio.inetAddress(socketAddress)) as Pointer;
  const shown = textAt(text);
  arv.glib.free(text);
  return shown;
}

function textAt(pointer: Pointer): string {
  const bytes: number[] = [];
  // The longest is an IPv6 address with a scope.
  for (let at = 0; at < 64; at++) {
    const byte = valueAt(pointer, 'uint8_t', at) as number;
    if (byte === 0) break;
    bytes.push(byte);
  }
  return String.fromCharCode(...bytes);
}
