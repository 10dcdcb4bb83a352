/**
 * Which cameras there are: one search over every interface, which blocks for about a second each. A camera is named by
 * its id, its serial number, its MAC (physical id) or its address; a name that fits none or several is told with what
 * there is.
 */
import type { Aravis } from './library.ts';

export interface FoundDevice {
  /** `Vendor-Model-Serial` or as the device says. */
  readonly id: string;
  readonly physicalId: string;
  readonly address: string;
  readonly vendor: string;
  readonly model: string;
  readonly serial: string;
  /** `GigEVision`, `USB3Vision`. */
  readonly protocol: string;
}

/** More cameras than a plant has on one network: what a broadcast brings in is bounded. */
const maxDevices = 256;

export function searchDevices(arv: Aravis): FoundDevice[] {
  arv.updateDeviceList();
  const count = Math.min(maxDevices, arv.deviceCount() as number);
  const text = (value: unknown): string => (typeof value === 'string' ? value : '');
  return Array.from({ length: count }, (_, at) => ({
    id: text(arv.deviceId(at)),
    physicalId: text(arv.devicePhysicalId(at)),
    address: text(arv.deviceAddress(at)),
    vendor: text(arv.deviceVendor(at)),
    model: text(arv.deviceModel(at)),
    serial: text(arv.deviceSerial(at)),
    protocol: text(arv.deviceProtocol(at)),
  }));
}

/** The one device of this name, or why there is none. */
export function pickDevice(found: readonly FoundDevice[], name: string): FoundDevice | string {
  const fits = found.filter((device) =>
    [device.id, device.physicalId, device.address, device.serial].some((each) => each === name),
  );
  if (fits.length === 1) return fits[0]!;
  if (fits.length > 1) return `${fits.length} cameras are called ${name}: ${shown(fits)}`;
  return `no camera called ${name} answers; found ${found.length === 0 ? 'none' : shown(found)}`;
}

function shown(devices: readonly FoundDevice[]): string {
  return devices.map(({ id, serial, address }) => `${id} (serial ${serial}, ${address})`).join(', ');
}
