/**
 * One inference host as the daemon sees it: loads one bundle, judges one pair at a time, and is killed when it does
 * not answer. A host that died is never used again; whoever waits for it is told.
 */
import { type ChildProcess, fork } from 'node:child_process';
import process from 'node:process';
import { fail, invariant, messageOf } from '../../errors.ts';
import type { Clock } from '../clock.ts';
import { Exchange, openExchange, type ReadingNumbers } from './exchange.ts';
import type { PairImages, Reading, ServedBundle } from './port.ts';
import { fromWire, type HostAnswer, type HostAsk, hostFds, type LoadAsk } from './protocol.ts';

export interface HostLimits {
  /** An inference that takes longer is hung. */
  readonly inferMaxMs: number;
  /** A run that nobody waits for any more may still end by itself for so long, or twice a warm run if that is more. */
  readonly graceMs: number;
}

/** Hosts of this process so far: makes names of shared memory unique. */
let hostsMade = 0;

interface Waiting {
  readonly id: number;
  resolve(): void;
  reject(error: Error): void;
}

export class Host {
  readonly #clock: Clock;
  readonly #limits: HostLimits;
  readonly #child: ChildProcess;
  readonly #exchange: Exchange;
  readonly #ended = new AbortController();
  readonly #gone = Promise.withResolvers<void>();
  readonly #loading = Promise.withResolvers<ServedBundle>();
  #waiting: Waiting | null = null;
  #bundle: ServedBundle | null = null;
  #warmMs = 0;
  #loadedShare = 0;
  #rssBytes = 0;
  #nextId = 1;
  #cause: Error | null = null;

  /** Starts the process; `load` is asked of it next. Throws `inference/room`. */
  constructor(clock: Clock, limits: HostLimits) {
    this.#clock = clock;
    this.#limits = limits;
    const fd = openExchange(`twinspect-${process.pid}-${hostsMade++}`);
    this.#exchange = new Exchange(fd);
    this.#child = fork(new URL('./host-process.ts', import.meta.url), {
      // Not the flags of the program around us: a test runner's loaders are not for the host.
      execArgv: [],
      stdio: ['ignore', 'ignore', 'inherit', 'ipc', fd, 'pipe'],
    });
    invariant(hostFds.exchange === 4 && hostFds.lifeline === 5, 'the host finds its descriptors where they are put');
    this.#child.on('message', (word: HostAnswer) => this.#heard(word));
    this.#child.once('error', (error) => {
      this.#end(messageOf(error));
      if (this.#child.pid === undefined) this.#gone.resolve();
    });
    this.#child.once('exit', (code, signal) => {
      this.#end(signal ? `killed by ${signal}` : `it exited with ${code}`);
      this.#gone.resolve();
    });
    // Nobody may wait for it: an unanswered load is told through `died`.
    this.#loading.promise.catch(() => undefined);
  }

  /** Aborts when the host is gone; the reason is the error that says why. */
  get died(): AbortSignal {
    return this.#ended.signal;
  }

  /** Resolves when the process has ended: later than `died` where even SIGKILL has to wait for the kernel. */
  get gone(): Promise<void> {
    return this.#gone.promise;
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Resident memory of the process at its last answer. */
  get rssBytes(): number {
    return this.#rssBytes;
  }

  /** How far it has come in loading, 0..1. */
  get loadedShare(): number {
    return this.#loadedShare;
  }

  /** Within the limit, from the start of the process. Rejects with why the bundle is refused; the host is dead then. */
  async load(ask: Omit<LoadAsk, 'kind'>, limitMs: number): Promise<ServedBundle> {
    const bound = new AbortController();
    this.#clock.after(limitMs, () => this.kill(fail('inference/slow', { path: ask.path, limitMs })), bound.signal);
    this.#send({ kind: 'load', ...ask });
    try {
      return await this.#loading.promise;
    } catch (error) {
      this.kill(error as Error);
      throw error;
    } finally {
      bound.abort();
    }
  }

  /** Judges a pair of the bundle's size. Given up by the signal, it ends by itself or is killed, but soon. */
  async infer(pair: PairImages, signal: AbortSignal): Promise<Reading> {
    const bundle = this.#bundle;
    invariant(bundle, 'a pair was given to a host without a bundle');
    // The number of a closed descriptor may be another file's by now.
    this.#ended.signal.throwIfAborted();
    this.#exchange.writePair(pair);
    await this.#run('infer', signal);
    const { widthPx, heightPx, datumLimits } = bundle;
    const { score, judgedShare, offsetMm, tiltMmAcross, inferMs, ...of } = this.#numbers();
    const datum = datumLimits === null ? null : { offsetMm, tiltMmAcross };
    const vitals = {
      rgb: { share: of.rgbShare, contrast: of.rgbContrast, grain: of.rgbGrain },
      depth: { share: of.depthShare, contrast: of.depthContrast, grain: of.depthGrain },
    };
    return { score, judgedShare, vitals, datum, inferMs, widthPx, heightPx, ...this.#exchange.readMaps(bundle) };
  }

  /** How long a bare run on the last pair takes, nothing of ours around it. */
  async measure(signal: AbortSignal): Promise<number> {
    await this.#run('measure', signal);
    return this.#numbers().inferMs;
  }

  /** Judges a golden part of its bundle. Rejects with `bundle/drift` where it is judged otherwise than when taught. */
  async check(signal: AbortSignal): Promise<void> {
    await this.#run('check', signal);
  }

  /** Ends the process; there is nothing in it to save. */
  kill(cause: Error): void {
    this.#cause ??= cause;
    this.#child.kill('SIGKILL');
    this.#end(messageOf(cause));
  }

  #numbers(): ReadingNumbers {
    const numbers = this.#exchange.readNumbers();
    this.#rssBytes = numbers.rssBytes;
    return numbers;
  }

  async #run(kind: 'infer' | 'measure' | 'check', signal: AbortSignal): Promise<void> {
    this.#ended.signal.throwIfAborted();
    invariant(this.#waiting === null, 'a host judges one pair at a time');
    const id = this.#nextId++;
    const done = Promise.withResolvers<void>();
    this.#waiting = { id, ...done };
    const bound = new AbortController();
    const { inferMaxMs } = this.#limits;
    this.#clock.after(inferMaxMs, () => this.kill(fail('inference/hung', { limitMs: inferMaxMs })), bound.signal);
    const givenUp = (): void => this.#giveUp(bound.signal);
    signal.addEventListener('abort', givenUp, { once: true });
    if (signal.aborted) givenUp();
    try {
      this.#send({ kind, id });
      await done.promise;
    } finally {
      this.#waiting = null;
      bound.abort();
      signal.removeEventListener('abort', givenUp);
    }
  }

  /** The part is closed. A run that is merely late ends soon; starting a host anew for it would cost more parts. */
  #giveUp(ended: AbortSignal): void {
    const limitMs = Math.max(this.#limits.graceMs, 2 * this.#warmMs);
    this.#clock.after(limitMs, () => this.kill(fail('inference/hung', { limitMs })), ended);
  }

  #send(ask: HostAsk): void {
    this.#child.send(ask, (error) => {
      if (error) this.#end(messageOf(error));
    });
  }

  #heard(word: HostAnswer): void {
    if (word.kind === 'loaded') {
      this.#bundle = word.bundle;
      this.#warmMs = word.warmMs;
      this.#loading.resolve(word.bundle);
    } else if (word.kind === 'refused') this.#loading.reject(fromWire(word.error));
    else if (word.kind === 'loading') this.#loadedShare = word.share;
    else if (word.kind !== 'started' && word.id === this.#waiting?.id) {
      if (word.kind === 'done') this.#waiting.resolve();
      else this.#waiting.reject(fromWire(word.error));
    }
  }

  #end(cause: string): void {
    if (this.#ended.signal.aborted) return;
    const error = this.#cause ?? fail('inference/died', { cause });
    this.#loading.reject(error);
    this.#waiting?.reject(error);
    this.#exchange.close();
    this.#ended.abort(error);
  }
}
