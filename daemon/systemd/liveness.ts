/**
 * Feeds the watchdog of systemd while this process is alive: its main loop turns, and each part that could hang beside
 * it has answered or its fault was declared. It is not the heartbeat of the plant: a lost camera, broker, PLC or
 * bundle, or a disk that is stuck, is a fault the plant hears of, and a restart would mend none of them.
 */
import { messageOf } from '../../errors.ts';
import type { Clock } from '../clock.ts';
import type { Notifier } from './notifier.ts';

/** Something that works beside the main loop and may hang. */
export interface Watched {
  readonly name: string;
  /** Resolves when it works; a rejection is an answer too. */
  answers(): Promise<unknown>;
  /** It did not answer: the plant hears of it, and no part passes until it does. */
  declare(problem: string): void;
}

export interface LivenessDeps {
  readonly notifier: Pick<Notifier, 'alive' | 'watchdogMs'>;
  readonly clock: Pick<Clock, 'after'>;
  readonly log: { error(values: object, text: string): void };
  readonly watched: readonly Watched[];
  readonly signal: AbortSignal;
}

/** Proofs of life in one watchdog period: one may be late, and one lost. */
const proofsPerPeriod = 4;

/** Begins to feed; does nothing where no watchdog was asked for. */
export function keepAlive(deps: LivenessDeps): void {
  const { notifier, clock, signal } = deps;
  if (notifier.watchdogMs === null) return;
  const everyMs = notifier.watchdogMs / proofsPerPeriod;
  const watches = deps.watched.map((each) => new Watch(each, deps, everyMs));
  const turn = (): void => {
    // Whatever does not answer is declared within the turn, so that the main loop alone decides.
    for (const watch of watches) watch.ask();
    notifier.alive();
    clock.after(everyMs, turn, signal);
  };
  turn();
}

/** One question at a time: whoever hangs is not asked again until the answer comes. */
class Watch {
  readonly #watched: Watched;
  readonly #deps: LivenessDeps;
  readonly #limitMs: number;
  #asking = false;

  constructor(watched: Watched, deps: LivenessDeps, limitMs: number) {
    this.#watched = watched;
    this.#deps = deps;
    this.#limitMs = limitMs;
  }

  ask(): void {
    if (this.#asking) return;
    this.#asking = true;
    const { clock, log } = this.#deps;
    const { name } = this.#watched;
    const answered = new AbortController();
    const late = (): void => {
      const problem = `${name} did not answer within ${this.#limitMs} ms`;
      log.error({ watched: name, limitMs: this.#limitMs }, problem);
      this.#watched.declare(problem);
    };
    clock.after(this.#limitMs, late, answered.signal);
    const done = (): void => {
      answered.abort();
      this.#asking = false;
    };
    this.#watched.answers().then(done, (error: unknown) => {
      log.error({ watched: name, error }, `${name}: ${messageOf(error)}`);
      done();
    });
  }
}
