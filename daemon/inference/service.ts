/**
 * A bundle in service: the host it is served from, and another one of the same bundle, after a back-off, whenever that
 * one hangs or dies. Parts that come meanwhile wait for the new host as long as they may.
 */
import { fail, messageOf } from '../../errors.ts';
import type { Clock } from '../clock.ts';
import type { Host } from './host.ts';
import type { PairImages, Reading, ServedBundle } from './port.ts';

/** Waits between restarts double up to this. */
export const restartBackoffMaxMs = 60_000;

export interface Log {
  info(values: object, text: string): void;
  warn(values: object, text: string): void;
  error(values: object, text: string): void;
}

export interface Opened {
  readonly path: string;
  readonly bundle: ServedBundle;
  readonly host: Host;
}

export interface ServiceDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly restartBackoffMs: number;
  /** A new host of exactly this bundle. */
  readonly reopen: (path: string, bundle: ServedBundle) => Promise<Opened>;
  /** A host was lost. */
  readonly died: () => void;
  /** `problem` changed. */
  readonly changed: () => void;
}

export class Service {
  readonly path: string;
  readonly bundle: ServedBundle;
  readonly #deps: ServiceDeps;
  readonly #retired = new AbortController();
  #host: Host | null = null;
  #again = quietPromise<Host>();
  #deathsInRow = 0;
  #problem: string | null = null;

  constructor({ path, bundle, host }: Opened, deps: ServiceDeps) {
    this.path = path;
    this.bundle = bundle;
    this.#deps = deps;
    this.#watch(host);
  }

  /** Why nothing can be judged now; null where it can. */
  get problem(): string | null {
    return this.#problem;
  }

  get host(): Host | null {
    return this.#host;
  }

  async infer(pair: PairImages, signal: AbortSignal): Promise<Reading> {
    requireSize(pair, this.bundle);
    const host = this.#host ?? (await this.#hostAgain(signal));
    const reading = await host.infer(pair, signal);
    this.#deathsInRow = 0;
    return reading;
  }

  /** A golden part through the host that serves. Rejects as `Host.check`, and where there is no host now. */
  async check(signal: AbortSignal): Promise<void> {
    if (this.#host === null) throw fail('inference/down', { cause: this.#problem ?? 'it is starting' });
    await this.#host.check(signal);
  }

  /** Out of service: its host is ended and not replaced. Safe twice. */
  retire(cause: string): void {
    if (this.#retired.signal.aborted) return;
    const gone = fail('inference/down', { cause });
    this.#retired.abort(gone);
    this.#host?.kill(gone);
    this.#again.reject(gone);
  }

  #watch(host: Host): void {
    this.#host = host;
    const died = (): void => this.#lost(host.died.reason as Error);
    if (host.died.aborted) died();
    else host.died.addEventListener('abort', died, { once: true });
  }

  #lost(error: Error): void {
    if (this.#retired.signal.aborted) return;
    if (this.#host !== null) {
      this.#host = null;
      this.#again = quietPromise();
      this.#deps.died();
    }
    const { clock, log, restartBackoffMs, changed } = this.#deps;
    const waitMs = Math.min(restartBackoffMaxMs, restartBackoffMs * 2 ** this.#deathsInRow);
    this.#deathsInRow = Math.min(this.#deathsInRow + 1, 31);
    this.#problem = messageOf(error);
    log.error({ bundle: this.path, error, waitMs }, 'inference host lost; another is started');
    clock.after(waitMs, () => void this.#restart(), this.#retired.signal);
    changed();
  }

  async #restart(): Promise<void> {
    try {
      const { host } = await this.#deps.reopen(this.path, this.bundle);
      if (this.#retired.signal.aborted) {
        host.kill(this.#retired.signal.reason as Error);
        return;
      }
      this.#problem = null;
      this.#watch(host);
      this.#again.resolve(host);
      this.#deps.log.info({ bundle: this.path, pid: host.pid }, 'inference host replaced');
      this.#deps.changed();
    } catch (error) {
      this.#lost(error as Error);
    }
  }

  /** A part may wait for the new host as long as its deadline lets it. */
  async #hostAgain(signal: AbortSignal): Promise<Host> {
    const givenUp = quietPromise<never>();
    const giveUp = (): void => givenUp.reject(fail('inference/down', { cause: this.#problem ?? 'it is starting' }));
    if (signal.aborted) giveUp();
    signal.addEventListener('abort', giveUp, { once: true });
    try {
      return await Promise.race([this.#again.promise, givenUp.promise]);
    } finally {
      signal.removeEventListener('abort', giveUp);
    }
  }
}

/** One that may be rejected though nobody waits for it. */
function quietPromise<T>(): PromiseWithResolvers<T> {
  const made = Promise.withResolvers<T>();
  made.promise.catch(() => undefined);
  return made;
}

/** Refused before it runs: a pair of another size would need another graph. */
function requireSize(pair: PairImages, { widthPx, heightPx }: ServedBundle): void {
  const pixels = widthPx * heightPx;
  const fits = pair.widthPx === widthPx && pair.heightPx === heightPx;
  if (fits && pair.rgb.length === 3 * pixels && pair.depthMm.length === pixels) return;
  const actual = `${pair.widthPx} x ${pair.heightPx} with ${pair.rgb.length} and ${pair.depthMm.length} values`;
  throw fail('image/size', { what: 'The pair', actual, expected: `${widthPx} x ${heightPx}` });
}
