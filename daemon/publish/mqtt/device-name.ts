/**
 * A short random name of this device, made at its first start and kept in the state folder: the end of its client id at
 * the broker, where two devices of one name would throw each other out. It is no secret.
 */
import { fail, messageOf } from '../../../errors.ts';
import type { StateFolder } from '../../state/folder.ts';

/** Linux gives a random UUID at each reading (random(4)). */
const chance = '/proc/sys/kernel/random/uuid';

export async function deviceName(state: StateFolder, readFile: (path: string) => Promise<Uint8Array>): Promise<string> {
  const file = state.file<string>({
    ...{ name: 'mqtt-device', id: 'mqtt-device', show: (name) => `${name}\n` },
    parse(text) {
      const name = /^[0-9a-f]{8}$/.exec(text.trim())?.[0];
      if (name === undefined) throw new Error('expected eight hexadecimal digits');
      return name;
    },
    lost: 'the device has a new client id at the broker',
  });
  const { value } = await file.load();
  if (value !== null) return value;
  const name = new TextDecoder().decode(await readFile(chance)).slice(0, 8);
  try {
    await file.save(name);
  } catch (error) {
    throw fail('start/state', { path: file.path, cause: messageOf(error) }, error);
  }
  return name;
}
