/**
 * `twinspect camera show`: one camera as it is when it is opened: who made it, what it delivers and how, and what it
 * says of its clock. Opening takes control of it, so it is refused while another host owns it.
 */
import { AravisCamera } from '../../../drivers/aravis/camera.ts';
import type { Camera } from '../../../drivers/index.ts';
import { NativeCamera } from '../../../drivers/native/camera.ts';
import { fail } from '../../../errors.ts';
import type { Args } from '../args.ts';
import type { Context } from '../command.ts';
import { chooseCameras } from './chosen.ts';
import { listening, nothingHeard, whileRunning } from './listening.ts';

/** What matters to synchronisation and the network, where a camera has it. */
const shownFeatures = [
  ...['TriggerMode', 'TriggerSource', 'AcquisitionFrameRate', 'ExposureTime', 'DeviceTemperature'],
  ...['GevSCPSPacketSize', 'GevSCPD', 'DeviceLinkSpeed', 'PtpEnable', 'PtpStatus', 'PtpOffsetFromMaster'],
  ...['Scan3dDistanceUnit', 'Scan3dOutputMode', 'Scan3dCoordinateScale', 'Scan3dCoordinateOffset'],
];

export async function showCamera(context: Context, args: Args): Promise<void> {
  args.atMost(2);
  const { cameras } = await chooseCameras(context, args, args.positionals[1]);
  for (const camera of cameras) {
    const shown = await whileRunning(
      [camera],
      () => listening(nothingHeard(), () => {}),
      async () => describe(camera),
    );
    if (args.flag('json')) context.stdout(JSON.stringify(Object.fromEntries(shown), null, 2));
    else for (const [name, value] of shown) context.stdout(`${name.padEnd(24)}${value}`);
  }
}

async function describe(camera: Camera): Promise<[string, string][]> {
  const rows: [string, string][] = [
    ['camera', camera.id],
    ['modalities', camera.modalities.join(', ')],
  ];
  if (!(camera instanceof NativeCamera)) return rows;
  requireRunning(camera);
  const { facts } = camera;
  if (facts) {
    const { vendor, model, serial, address, library, delivers } = facts;
    rows.push(['vendor', vendor], ['model', model], ['serial', serial], ['address', address], ['library', library]);
    for (const { modality, component, format } of delivers) rows.push([modality, `${component}, ${format}`]);
  }
  if (camera instanceof AravisCamera) {
    for (const { name, value } of await camera.features()) {
      if (value !== null && shownFeatures.includes(name)) rows.push([name, value]);
    }
  }
  return rows;
}

/** A native camera starts even where its device does not answer: it would go on trying. A command does not wait. */
export function requireRunning(camera: Camera): void {
  if (camera instanceof NativeCamera && camera.problem !== null) {
    throw fail('camera/away', { id: camera.id, cause: camera.problem });
  }
}
