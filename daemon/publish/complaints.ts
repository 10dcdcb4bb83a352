/** The same trouble said once a while: a broker that is away for a night must not fill the log. */
import type { Clock } from '../clock.ts';
import type { Log } from './lane.ts';

export class Complaints {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #everyMs: number;
  #text = '';
  #atMs = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock, log: Log, everyMs: number) {
    this.#clock = clock;
    this.#log = log;
    this.#everyMs = everyMs;
  }

  say(values: object, text: string): void {
    const nowMs = this.#clock.nowMs();
    if (text === this.#text && nowMs - this.#atMs < this.#everyMs) return;
    this.#text = text;
    this.#atMs = nowMs;
    this.#log.warn(values, text);
  }

  /** It is over: the next time is news. */
  forget(): void {
    this.#atMs = Number.NEGATIVE_INFINITY;
  }
}
