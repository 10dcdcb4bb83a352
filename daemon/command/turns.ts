/** Changes of recipe or threshold, one after the other: each may load a bundle. */
import { fail } from '../../errors.ts';

/** Changes that wait for the one under way. */
const waitingMax = 8;

export class Turns {
  readonly #lineId: string;
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  constructor(lineId: string) {
    this.#lineId = lineId;
  }

  /** Resolves when it is made; rejects as it does, with `problem` at once, or with `command/waiting`. */
  async take(change: () => Promise<void>, problem: Error | null = null): Promise<void> {
    if (problem) throw problem;
    if (this.#waiting >= waitingMax) throw fail('command/waiting', { line: this.#lineId, limit: waitingMax });
    this.#waiting++;
    const done = this.#last.then(change).finally(() => {
      this.#waiting--;
    });
    this.#last = done.catch(() => undefined);
    await done;
  }
}
