/**
 * Calls to one device, one after the other: libaravis is not safe for two at a time. Those that may block run on
 * another thread while this one goes on hearing; few wait, and more are refused.
 */
import { invariant } from '../../errors.ts';

/** A heartbeat, a clock sample, a few commands: more waiting calls mean a device that does not answer. */
const maxWaiting = 64;

export class Turns {
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  get waiting(): number {
    return this.#waiting;
  }

  /** Rejects as the call does; the next one is run all the same. */
  async run<T>(work: () => Promise<T> | T): Promise<T> {
    invariant(this.#waiting < maxWaiting, `${maxWaiting} calls wait for the camera`);
    this.#waiting++;
    const mine = this.#last.then(work);
    this.#last = mine.then(
      () => this.#waiting--,
      () => this.#waiting--,
    );
    return mine;
  }
}
