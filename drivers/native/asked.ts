/**
 * Questions to a camera's process and who waits for the answers. Few at a time, each bounded: a device that has gone
 * blocks its process for seconds.
 */
import { fail } from '../../errors.ts';
import type { DriverClock } from '../camera.ts';
import { type FromCamera, fromWire, type Plain } from './protocol.ts';

/** Reading every feature of a large camera takes a second or two. */
const answerMaxMs = 20_000;
/** A person at a command line asks one at a time; more than this is a caller gone wild. */
const maxAsked = 16;

interface Waiting {
  resolve(value: Plain): void;
  reject(error: Error): void;
}

export class Asked {
  readonly #id: string;
  readonly #clock: DriverClock;
  readonly #waiting = new Map<number, Waiting>();
  #asked = 0;

  constructor(id: string, clock: DriverClock) {
    this.#id = id;
    this.#clock = clock;
  }

  async ask(send: (ask: number) => void): Promise<Plain> {
    if (this.#waiting.size >= maxAsked) throw this.#away(`${maxAsked} questions wait already`);
    const ask = ++this.#asked;
    const { promise, resolve, reject } = Promise.withResolvers<Plain>();
    const bound = new AbortController();
    this.#waiting.set(ask, { resolve, reject });
    this.#clock.after(answerMaxMs, () => reject(this.#away(`no answer within ${answerMaxMs} ms`)), bound.signal);
    send(ask);
    try {
      return await promise;
    } finally {
      bound.abort();
      this.#waiting.delete(ask);
    }
  }

  answered({ ask, value, error }: Extract<FromCamera, { kind: 'answer' }>): void {
    const waiting = this.#waiting.get(ask);
    if (error) waiting?.reject(fromWire(error));
    else waiting?.resolve(value ?? null);
  }

  rejectAll(cause: string): void {
    for (const { reject } of this.#waiting.values()) reject(this.#away(cause));
  }

  #away(cause: string): Error {
    return fail('camera/away', { id: this.#id, cause });
  }
}
