/**
 * A camera whose driver is native code: the driver runs in a process of its own, which may hang, crash or lose its
 * device without taking the daemon along. It is started, heard, killed and started again with a back-off, each time
 * with the whole configuration, until the camera is stopped. Refuses at its start only what waiting cannot mend.
 */
import process from 'node:process';
import { fail, invariant, messageOf } from '../../errors.ts';
import type { Camera, CameraCounters, CameraSink, DriverClock } from '../camera.ts';
import type { Modality } from '../frame.ts';
import { Asked } from './asked.ts';
import { CameraChild } from './child.ts';
import { type DeviceFacts, type Exposure, type FromCamera, fromWire, type Plain } from './protocol.ts';
import { Silence } from './silence.ts';
import { FrameSlots } from './slots.ts';

export interface NativeLimits {
  /** A running process that says nothing for so long is hung: it has a beat at least twice a second. */
  readonly silentMaxMs: number;
  /** The same while it opens the device: connecting to a dead one blocks for seconds, and so does a search. */
  readonly openingMaxMs: number;
  /** Waits between restarts double from the first up to the second. */
  readonly backoffMs: number;
  readonly backoffMaxMs: number;
}

export const nativeLimits: NativeLimits = {
  silentMaxMs: 4000,
  openingMaxMs: 30_000,
  backoffMs: 250,
  backoffMaxMs: 5000,
};

export interface NativeOptions {
  readonly id: string;
  readonly modalities: readonly Modality[];
  /** The file that runs as the camera's process. */
  readonly entry: URL;
  /** What that process needs to know, checked. */
  readonly settings: Plain;
  /** Exposures that may be held at a time; then the camera drops, and says so. */
  readonly slots: number;
  readonly clock: DriverClock;
  readonly limits?: NativeLimits;
}

/** Memory files of this process so far. */
let filesMade = 0;

export class NativeCamera implements Camera {
  readonly id: string;
  readonly modalities: readonly Modality[];
  readonly #options: NativeOptions;
  readonly #limits: NativeLimits;
  readonly #counters: CameraCounters = { frames: 0, dropped: 0, reconnects: 0 };
  readonly #stopping = new AbortController();
  readonly #first = Promise.withResolvers<void>();
  readonly #asked: Asked;
  readonly #silence: Silence;
  #sink: CameraSink | null = null;
  #slots: FrameSlots | null = null;
  #child: CameraChild | null = null;
  #facts: DeviceFacts | null = null;
  #libraryCounters: Readonly<Record<string, number>> = {};
  #running = false;
  /** It ran before, or was told to be lost: the next time it runs is a return. */
  #problem: string | null = null;
  #failuresInRow = 0;

  constructor(options: NativeOptions) {
    this.id = options.id;
    this.modalities = options.modalities;
    this.#options = options;
    this.#limits = options.limits ?? nativeLimits;
    this.#asked = new Asked(options.id, options.clock);
    this.#silence = new Silence(options.clock, (limitMs) => this.#lost(`its process said nothing for ${limitMs} ms`));
  }

  /** Resolves when it runs or has said why it cannot yet; it goes on trying then. */
  async start(sink: CameraSink, signal: AbortSignal): Promise<void> {
    invariant(this.#sink === null && !this.#stopping.signal.aborted, `camera ${this.id} is started once`);
    this.#sink = sink;
    if (signal.aborted) return this.stop();
    signal.addEventListener('abort', () => void this.stop(), { once: true, signal: this.#stopping.signal });
    this.#stopping.signal.addEventListener('abort', () => this.#first.resolve(), { once: true });
    this.#open();
    try {
      await this.#first.promise;
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  /** True where the device took or will take the command; its frame tells. */
  trigger(): boolean {
    if (!this.#running) return false;
    this.#child?.send({ kind: 'trigger' });
    return true;
  }

  counters(): CameraCounters {
    return { ...this.#counters };
  }

  /** What the driver's library counts (lost and resent packets ...), by its own names, since the device was opened. */
  get libraryCounters(): Readonly<Record<string, number>> {
    return this.#libraryCounters;
  }

  /** The device as it was last opened; null before. */
  get facts(): DeviceFacts | null {
    return this.#facts;
  }

  /** Why it does not run; null while it does. */
  get problem(): string | null {
    return this.#problem;
  }

  /** Frames delivered and not yet released. */
  get held(): number {
    return this.#slots?.held ?? 0;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Asks the camera's process; what, depends on the driver. Rejects with its error, or where it does not run. */
  ask(what: string, of: Plain = null): Promise<Plain> {
    const child = this.#running ? this.#child : null;
    if (child === null)
      return Promise.reject(fail('camera/away', { id: this.id, cause: this.#problem ?? 'not started' }));
    return this.#asked.ask((ask) => child.send({ kind: 'ask', ask, what, of }));
  }

  /** Null where the device answers now, else why not. */
  async probe(): Promise<string | null> {
    if (!this.#running) return this.#problem ?? 'it is not started';
    const answer = await this.ask('alive');
    return typeof answer === 'string' ? answer : null;
  }

  async stop(): Promise<void> {
    if (this.#stopping.signal.aborted) return;
    this.#stopping.abort();
    this.#silence.end();
    this.#running = false;
    this.#asked.rejectAll('the camera was stopped');
    await this.#child?.close();
    this.#child = null;
    this.#slots?.close();
  }

  #open(): void {
    const { entry, clock, id, settings, modalities } = this.#options;
    try {
      this.#slots ??= new FrameSlots(id, `twinspect-camera-${process.pid}-${filesMade++}`, (slot) =>
        this.#child?.send({ kind: 'free', slot }),
      );
      this.#child = new CameraChild({
        entry,
        memoryFd: this.#slots.fd,
        clock,
        heard: (word) => this.#heard(word),
        ended: (cause) => this.#lost(cause),
      });
    } catch (error) {
      this.#lost(messageOf(error));
      return;
    }
    this.#silence.heard(this.#limits.openingMaxMs);
    this.#child.send({ kind: 'open', id, modalities, settings });
  }

  #heard(word: FromCamera): void {
    this.#silence.heard(this.#running ? this.#limits.silentMaxMs : this.#limits.openingMaxMs);
    switch (word.kind) {
      case 'exposure':
        this.#exposed(word);
        return;
      case 'edge':
        this.#sink?.triggered(word.count, null, word.atUs / 1000);
        return;
      case 'waiting':
        this.#away(word.reason);
        return;
      case 'opened':
        this.#begin(word.facts, word.exposureBytes);
        return;
      case 'running':
        this.#runs();
        return;
      case 'refused':
        void this.#refused(fromWire(word.error));
        return;
      case 'lost':
        this.#lost(word.reason);
        return;
      case 'epoch':
        this.#sink?.recovered();
        return;
      case 'beat':
        this.#libraryCounters = word.counters;
        return;
      case 'answer':
        this.#asked.answered(word);
        return;
      case 'started':
    }
  }

  #exposed(exposure: Exposure): void {
    const { trigger, edge, capturedAtUs, missing } = exposure;
    const sink = this.#sink;
    const frames = this.#slots?.frames(exposure) ?? [];
    if (sink === null) {
      for (const frame of frames) frame.release();
      return;
    }
    if (edge && trigger !== null) sink.triggered(trigger, null, capturedAtUs / 1000);
    for (const { modality, reason } of missing) {
      this.#counters.dropped++;
      sink.dropped(modality, trigger, reason);
    }
    for (const frame of frames) {
      this.#counters.frames++;
      sink.frame(frame);
    }
  }

  /** The device is open: gives its process the memory for its pictures. */
  #begin(facts: DeviceFacts, exposureBytes: number): void {
    this.#facts = facts;
    try {
      const layout = this.#slots?.fit(exposureBytes, this.#options.slots) ?? null;
      if (layout !== null) {
        this.#child?.send({ kind: 'begin', inUse: this.#slots?.inUse ?? [], ...layout });
        return;
      }
      // Its pictures have grown: memory that fits is made with a new process; frames of the old one stay whole.
      this.#slots?.close();
      this.#slots = null;
      this.#lost(`its pictures have grown to ${exposureBytes} bytes; it is opened anew`);
    } catch (error) {
      this.#lost(messageOf(error));
    }
  }

  #runs(): void {
    this.#running = true;
    this.#failuresInRow = 0;
    const back = this.#problem !== null;
    this.#problem = null;
    if (back) {
      this.#counters.reconnects++;
      this.#sink?.recovered();
    }
    this.#first.resolve();
  }

  /** At the start a refusal ends the start; later the device has become another, and may become the old one again. */
  async #refused(error: Error): Promise<void> {
    const child = this.#child;
    this.#child = null;
    this.#silence.end();
    // It is open and lives: the next one who wants it need not wait until it forgets this one.
    await child?.close();
    this.#first.reject(error);
    // Nobody may wait for the first run any more.
    this.#first.promise.catch(() => undefined);
    this.#lost(messageOf(error));
  }

  #lost(reason: string): void {
    this.#silence.end();
    this.#child?.kill();
    this.#child = null;
    if (this.#stopping.signal.aborted) return;
    this.#running = false;
    this.#asked.rejectAll(reason);
    this.#away(reason);
    const waitMs = Math.min(this.#limits.backoffMaxMs, this.#limits.backoffMs * 2 ** this.#failuresInRow);
    this.#failuresInRow = Math.min(this.#failuresInRow + 1, 16);
    this.#options.clock.after(waitMs, () => this.#open(), this.#stopping.signal);
  }

  /** Told once for each reason: it may wait for hours. */
  #away(reason: string): void {
    if (this.#problem !== reason) this.#sink?.lost(reason);
    this.#problem = reason;
    this.#first.resolve();
  }
}
