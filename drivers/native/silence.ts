/**
 * Notices when somebody says nothing for too long. One timer runs however often they are heard: a camera's process says
 * a word with every frame, and a timer made and thrown away for each would cost more than the word.
 */
import type { DriverClock } from '../camera.ts';

export class Silence {
  readonly #clock: DriverClock;
  readonly #silent: (limitMs: number) => void;
  #limitMs = 0;
  #heardAtMs = 0;
  #watch: AbortController | null = null;

  constructor(clock: DriverClock, silent: (limitMs: number) => void) {
    this.#clock = clock;
    this.#silent = silent;
  }

  /** Heard now; from here on nothing may be missing for longer than the limit. */
  heard(limitMs: number): void {
    this.#heardAtMs = this.#clock.nowMs();
    if (this.#watch !== null && limitMs === this.#limitMs) return;
    this.end();
    this.#limitMs = limitMs;
    this.#watch = new AbortController();
    this.#wait(limitMs, this.#watch.signal);
  }

  /** Nothing is expected any more, until it is heard again. */
  end(): void {
    this.#watch?.abort();
    this.#watch = null;
  }

  #wait(forMs: number, signal: AbortSignal): void {
    const look = (): void => {
      const leftMs = this.#heardAtMs + this.#limitMs - this.#clock.nowMs();
      if (leftMs > 0) this.#wait(leftMs, signal);
      else {
        this.end();
        this.#silent(this.#limitMs);
      }
    };
    this.#clock.after(forMs, look, signal);
  }
}
