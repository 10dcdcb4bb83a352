/**
 * The cameras a command is about: one that is named on the command line (an address, serial number or name of `camera
 * list`), else those of the configuration. Opened, not started.
 */
import type { Config } from '../../../config/schema.ts';
import { AravisCamera } from '../../../drivers/aravis/camera.ts';
import { type Camera, type Modality, openCamera } from '../../../drivers/index.ts';
import { fail } from '../../../errors.ts';
import { cameraSettings } from '../../supervise/settings.ts';
import type { Args } from '../args.ts';
import type { Context } from '../command.ts';
import { configFor } from '../config.ts';

export interface Chosen {
  readonly config: Config;
  readonly cameras: readonly Camera[];
}

/** Exposures a command holds at a time: it looks at each and lets go. */
const slots = 8;

/** `name` is the positional that may be a camera's. */
export async function chooseCameras(context: Context, args: Args, name: string | undefined): Promise<Chosen> {
  const { config } = await configFor(context, args.text('config'));
  if (name !== undefined) return { config, cameras: [namedCamera(context, args, name)] };
  const { cwd, clock, files } = context;
  const cameras = cameraSettings(config, cwd).map((settings) => openCamera(settings, clock, files));
  return { config, cameras: await Promise.all(cameras) };
}

/** A camera of the network or a USB port that no configuration needs to know. */
export function namedCamera({ clock }: Context, args: Args, name: string): AravisCamera {
  const trigger = args.text('trigger') ?? 'free';
  const settings = { address: name, library: args.text('library') ?? '', trigger, packetSocket: false };
  const id = name.replace(/[^\w.-]/g, '_');
  return new AravisCamera(settings, { id, modalities: modalitiesOf(args), slots, clock });
}

function modalitiesOf(args: Args): Modality[] {
  const found = args.text('of') ?? 'rgb';
  const names = found.split(',');
  const known = (each: string): each is Modality => each === 'rgb' || each === 'depth';
  if (names.every(known) && new Set(names).size === names.length) return names;
  throw fail('usage/value', { option: 'of', found, expected: 'rgb, depth or rgb,depth' });
}
