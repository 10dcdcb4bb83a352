/**
 * A short random name of this device, made at its first start and kept in the state folder: the end of its client id at
 * the broker, where two devices of one name would throw each other out. It is no secret.
 */
import { join } from 'node:path';
import { fail, messageOf } from '../../../errors.ts';
import { writeWhole } from '../../write-whole.ts';

const fileName = 'mqtt-device';
/** Linux gives a random UUID at each reading (random(4)). */
const chance = '/proc/sys/kernel/random/uuid';

export async function deviceName(
  stateFolder: string,
  readFile: (path: string) => Promise<Uint8Array>,
): Promise<string> {
  const path = join(stateFolder, fileName);
  const kept = await readFile(path).then(
    (bytes) => /^[0-9a-f]{8}$/.exec(new TextDecoder().decode(bytes).trim())?.[0],
    () => undefined, // not there yet
  );
  if (kept !== undefined) return kept;
  const name = new TextDecoder().decode(await readFile(chance)).slice(0, 8);
  try {
    await writeWhole(path, `${name}\n`);
  } catch (error) {
    throw fail('start/state', { path, cause: messageOf(error) }, error);
  }
  return name;
}
