/** Changes that must fall between two parts: they wait here while an inference runs, in order, and few. */
import { fail } from '../../errors.ts';

/** One swap waits at most for the part being judged; more than this many is a caller gone wild. */
export const maxWaitingChanges = 8;

export class Gap {
  readonly #lineId: string;
  readonly #waiting: { change: () => void; resolve: () => void; reject: (cause: unknown) => void }[] = [];

  constructor(lineId: string) {
    this.#lineId = lineId;
  }

  /** Resolves when the change was made; rejects with what it threw. */
  ask(change: () => void): Promise<void> {
    if (this.#waiting.length >= maxWaitingChanges) {
      const values = { line: this.#lineId, waiting: this.#waiting.length + 1, limit: maxWaitingChanges };
      return Promise.reject(fail('line/waiting', values));
    }
    return new Promise((resolve, reject) => this.#waiting.push({ change, resolve, reject }));
  }

  /** The line is between two parts now. */
  open(): void {
    for (const { change, resolve, reject } of this.#waiting.splice(0)) {
      try {
        change();
        resolve();
      } catch (error) {
        reject(error);
      }
    }
  }
}
