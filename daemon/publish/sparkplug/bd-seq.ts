/**
 * The birth/death number of the next CONNECT, 0 to 255 (Sparkplug 3.0, 6.4.19): kept over restarts, so that the death
 * of an earlier run that comes late is not taken for this one's.
 */
import { messageOf } from '../../../errors.ts';
import type { StateFolder } from '../../state/folder.ts';
import type { StateFile } from '../../state/state-file.ts';
import type { Log } from '../lane.ts';

export class BdSeq {
  readonly #file: Pick<StateFile<number>, 'save'>;
  readonly #log: Log;
  #last: number;
  #writing: Promise<void> = Promise.resolve();

  constructor(file: Pick<StateFile<number>, 'save'>, last: number, log: Log) {
    this.#file = file;
    this.#last = last;
    this.#log = log;
  }

  get current(): number {
    return this.#last;
  }

  /** For a new CONNECT. */
  next(): number {
    this.#last = (this.#last + 1) % 256;
    const kept = this.#last;
    this.#writing = this.#writing
      .then(() => this.#file.save(kept))
      .catch((error: unknown) => {
        // The number is right all the same; only a restart would use it again.
        this.#log.warn({ cause: messageOf(error) }, 'the Sparkplug birth number could not be kept');
      });
    return this.#last;
  }
}

export async function openBdSeq(state: StateFolder, log: Log): Promise<BdSeq> {
  const file = state.file<number>({
    ...{ name: 'sparkplug-bdseq', id: 'sparkplug-bdseq', show: (number) => `${number}\n` },
    parse(text) {
      // With its line end: half of 12 would be 1.
      const number = Number(/^(\d{1,3})\n$/.exec(text)?.[1] ?? Number.NaN);
      if (!(number < 256)) throw new Error('expected a number from 0 to 255');
      return number;
    },
    lost: 'the birth number begins at 0 again',
  });
  return new BdSeq(file, (await file.load()).value ?? -1, log);
}
