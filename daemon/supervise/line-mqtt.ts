/** The MQTT settings of the daemon's line, with what they need of the machine; null without a broker. */
import type { Config } from '../../config/schema.ts';
import type { FileReader } from '../../drivers/index.ts';
import { deviceName } from '../publish/mqtt/device-name.ts';
import type { LineMqtt } from '../publish/mqtt/settings.ts';
import { mqttSettings } from './settings.ts';

export interface MqttOf {
  readonly config: Config;
  readonly cwd: string;
  readonly credentials?: string | null;
  readonly files: FileReader;
}

export async function lineMqtt(
  { config, cwd, credentials = null, files }: MqttOf,
  stateFolder: string,
  url: string | null,
): Promise<LineMqtt | null> {
  if (url === null) return null;
  const readFile = (path: string): Promise<Uint8Array> => files.read(path);
  const device = await deviceName(stateFolder, readFile);
  return mqttSettings(config, { url, places: { cwd, credentials }, readFile, device });
}
