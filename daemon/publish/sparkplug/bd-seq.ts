/**
 * The birth/death number of the next CONNECT, 0 to 255 (Sparkplug 3.0, 6.4.19): kept over restarts, so that the death
 * of an earlier run that comes late is not taken for this one's.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '../../../errors.ts';
import type { Log } from '../lane.ts';

const fileName = 'sparkplug-bdseq';

export class BdSeq {
  readonly #path: string;
  readonly #log: Log;
  #last: number;
  #writing: Promise<void> = Promise.resolve();

  constructor(path: string, last: number, log: Log) {
    this.#path = path;
    this.#last = last;
    this.#log = log;
  }

  get current(): number {
    return this.#last;
  }

  /** For a new CONNECT. */
  next(): number {
    this.#last = (this.#last + 1) % 256;
    const text = `${this.#last}\n`;
    this.#writing = this.#writing
      .then(() => writeFile(this.#path, text))
      .catch((error: unknown) => {
        // The number is right all the same; only a restart would use it again.
        this.#log.warn({ cause: messageOf(error) }, 'the Sparkplug birth number could not be kept');
      });
    return this.#last;
  }
}

export async function openBdSeq(stateFolder: string, log: Log): Promise<BdSeq> {
  const path = join(stateFolder, fileName);
  const kept = await readFile(path, 'utf8').then(
    (text) => /^\d{1,3}$/.exec(text.trim())?.[0],
    () => undefined, // the first start
  );
  return new BdSeq(path, kept === undefined ? -1 : Number(kept) % 256, log);
}
