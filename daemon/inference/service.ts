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
/** A killed process ends within moments, unless a driver holds it in the kernel. */
export const goneMaxMs = 10_000;

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
  #fault: string | null = null;

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

  /** A person is needed: a process that cannot be killed holds the device. Null where none is. */
  get fault(): string | null {
    return this.#fault;
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
    const died = (): void => this.#lost(host.died.reason as Error, host);
    if (host.died.aborted) died();
    else host.died.addEventListener('abort', died, { once: true });
  }

  /** `host` is the one that was lost; null where another one did not come up. */
  #lost(error: Error, host: Host | null): void {
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
    clock.after(waitMs, () => void this.#restart(host), this.#retired.signal);
    changed();
  }

  async #restart(before: Host | null): Promise<void> {
    if (before) await this.#untilGone(before);
    if (this.#retired.signal.aborted) return;
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
      this.#lost(error as Error, null);
    }
  }

  /** Beside one that does not end no other is started: it would hang at the same device, and the next one too. */
  async #untilGone({ gone, pid }: Host): Promise<void> {
    const { clock, log, changed } = this.#deps;
    const ended = new AbortController();
    const late = (): void => {
      const error = fail('inference/unkillable', { pid: pid ?? 0, limitMs: goneMaxMs });
      this.#fault = messageOf(error);
      this.#problem = this.#fault;
      log.error({ bundle: this.path, error }, this.#fault);
      changed();
    };
    clock.after(goneMaxMs, late, ended.signal);
    await gone;
    ended.abort();
    if (this.#fault === null) return;
    this.#fault = null;
    changed();
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
