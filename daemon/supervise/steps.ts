/**
 * Start and stop in order: named steps, each within a bound, stopped in reverse. A step that fails or hangs names
 * itself, and what was started before it is stopped again; a stop goes on with the next step whatever one of them does.
 */
import { fail, messageOf, TwinspectError } from '../../errors.ts';
import type { Clock } from '../clock.ts';

export interface StepLog {
  debug(values: object, text: string): void;
  error(values: object, text: string): void;
}

export interface StepsDeps {
  readonly clock: Clock;
  readonly log: StepLog;
  /** Aborts the start. */
  readonly signal: AbortSignal;
}

export interface Step<T> {
  readonly name: string;
  readonly startMaxMs: number;
  readonly stopMaxMs: number;
  begin(): Promise<T> | T;
  end(begun: T): Promise<void> | void;
}

interface Running {
  readonly name: string;
  readonly stopMaxMs: number;
  stop(): Promise<void>;
}

export class Steps {
  readonly #deps: StepsDeps;
  readonly #running: Running[] = [];
  #stopping: Promise<void> | null = null;
  #starting: string | null = null;

  constructor(deps: StepsDeps) {
    this.#deps = deps;
  }

  /** The step that is being started now; null between two, and once all are. */
  get starting(): string | null {
    return this.#starting;
  }

  get isStopping(): boolean {
    return this.#stopping !== null;
  }

  /** Begins one step after those before it. Rejects with its own operating error, `start/step` or `start/slow`. */
  async start<T>(step: Step<T>): Promise<T> {
    const { log, signal } = this.#deps;
    const { name, startMaxMs: limitMs } = step;
    signal.throwIfAborted();
    this.#starting = name;
    const began = Promise.try(() => step.begin());
    try {
      const begun = await this.#within(began, limitMs, () => fail('start/slow', { step: name, limitMs }), signal);
      this.#running.push({ name, stopMaxMs: step.stopMaxMs, stop: async () => step.end(begun) });
      return begun;
    } catch (error) {
      // Where it comes up after all, nobody wants it any more.
      began
        .then(
          (late) => step.end(late),
          () => undefined,
        )
        .catch((later: unknown) =>
          log.error({ step: name, error: later }, 'a start step that was given up cannot be stopped'),
        );
      if (signal.aborted) throw signal.reason;
      log.error({ step: name, error }, `start failed at step "${name}"`);
      throw error instanceof TwinspectError
        ? error
        : fail('start/step', { step: name, cause: messageOf(error) }, error);
    } finally {
      this.#starting = null;
    }
  }

  /** Stops what runs, last first; never rejects. Safe twice. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stopAll();
    return this.#stopping;
  }

  async #stopAll(): Promise<void> {
    const { log } = this.#deps;
    for (let step = this.#running.pop(); step; step = this.#running.pop()) {
      const { name, stopMaxMs: limitMs } = step;
      log.debug({ step: name }, 'stopping');
      try {
        await this.#within(step.stop(), limitMs, () => new Error(`not within ${limitMs} ms`), null);
      } catch (error) {
        log.error({ step: name, error }, `step "${name}" does not stop: ${messageOf(error)}`);
      }
    }
  }

  async #within<T>(work: Promise<T>, limitMs: number, late: () => Error, signal: AbortSignal | null): Promise<T> {
    const bound = new AbortController();
    const { promise, reject } = Promise.withResolvers<never>();
    this.#deps.clock.after(limitMs, () => reject(late()), bound.signal);
    const abort = (): void => reject(signal?.reason as Error);
    signal?.addEventListener('abort', abort, { once: true });
    try {
      return await Promise.race([work, promise]);
    } finally {
      bound.abort();
      signal?.removeEventListener('abort', abort);
    }
  }
}
