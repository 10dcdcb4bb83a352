/** The digital output of the configuration, opened, as a control lane; null where there is none. */
import { join } from 'node:path';
import type { Config } from '../../config/schema.ts';
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import type { DeviceSettings } from '../output/device.ts';
import { OkLine } from '../output/ok-line.ts';
import { WatchedOutput } from '../output/watched-output.ts';

export interface OpenOutput {
  readonly lane: OkLine;
  close(): Promise<void>;
}

export async function openOutput(
  { output, line }: Config,
  stateFolder: string,
  deps: { readonly clock: Clock; readonly log: Log },
): Promise<OpenOutput | null> {
  const { driver, chip, pin, activeLow, holdMs } = output;
  if (driver === 'none') return null;
  const device: DeviceSettings =
    driver === 'gpiod'
      ? { kind: driver, chip, pin, activeLow }
      : { kind: 'file', path: join(stateFolder, `ok-${line.id}`) };
  const watched = new WatchedOutput({ device, ...deps });
  await watched.open();
  const lane = new OkLine({ lineId: line.id, output: watched, clock: deps.clock, holdMs });
  return { lane, close: () => watched.close() };
}
