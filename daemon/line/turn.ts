/**
 * The turn at the model: one inference at a time, and the gap between two of them, in which a bundle may be swapped.
 *
 * A turn that was given up (its part closed) is told so by its signal and waited for at most `abandonAfterMs`; then
 * the next one begins anyway, so a promise that never settles cannot stop the line. The pair's memory is in use until
 * the turn is over: settled or abandoned.
 */
import { messageOf } from '../../errors.ts';
import type { Clock } from '../clock.ts';

/** What becomes of one turn: at most one of done and failed, then over, exactly once; late perhaps after that. */
export interface TurnEnd<T> {
  done(result: T): void;
  failed(cause: string, error: unknown): void;
  over(): void;
  /** It was given up and ended well all the same. */
  late(result: T): void;
}

interface Running {
  readonly over: () => void;
  readonly abort: AbortController;
  readonly patience: AbortController;
  givenUp: boolean;
}

export class InferenceTurn {
  /** Readings whose part was closed already, and turns that did not end when told to. */
  readonly counters = { lateReadings: 0, abandonedInferences: 0 };
  readonly #clock: Clock;
  readonly #abandonAfterMs: number;
  #running: Running | null = null;

  constructor(clock: Clock, abandonAfterMs: number) {
    this.#clock = clock;
    this.#abandonAfterMs = abandonAfterMs;
  }

  get busy(): boolean {
    return this.#running !== null;
  }

  begin<T>(work: (signal: AbortSignal) => Promise<T>, end: TurnEnd<T>): void {
    const over = (): void => end.over();
    const running: Running = { over, abort: new AbortController(), patience: new AbortController(), givenUp: false };
    this.#running = running;
    Promise.try(() => work(running.abort.signal)).then(
      (result) =>
        this.#settled(
          running,
          () => end.done(result),
          () => end.late(result),
        ),
      (error: unknown) => this.#settled(running, () => end.failed(messageOf(error), error), null),
    );
  }

  /** The part of the running turn was closed: nobody waits for its reading any more. */
  giveUp(cause: string): void {
    const running = this.#running;
    if (!running || running.givenUp) return;
    running.givenUp = true;
    const abandon = (): void => {
      if (this.#running !== running) return;
      this.counters.abandonedInferences++;
      this.#over(running);
    };
    this.#clock.after(this.#abandonAfterMs, abandon, running.patience.signal);
    running.abort.abort(new Error(cause));
  }

  #settled(running: Running, tell: () => void, late: (() => void) | null): void {
    if (this.#running !== running || running.givenUp) late?.();
    else tell();
    if (this.#running === running) this.#over(running);
  }

  #over(running: Running): void {
    running.patience.abort('the turn is over');
    this.#running = null;
    running.over();
  }
}
