/**
 * The replay camera: recorded parts as if they came by now. One trigger per part, both modalities, the sample's id as
 * part id; a file that cannot be read becomes a dropped modality of that part, never the end of the line.
 *
 * Pace: `original` (as recorded; parts without a recorded instant follow at the period), `fixed`, or `stepped` (one
 * part per `trigger()`). The next part is read ahead. At the end it says `ended`, or begins again (`loop`).
 */
import { fail, invariant, messageOf } from '../../errors.ts';
import { FrameBuffers, type Stamp } from '../buffers.ts';
import type { Camera, CameraCounters, CameraSink, DriverClock } from '../camera.ts';
import type { Modality } from '../frame.ts';
import type { DepthImage, RgbImage, Sample } from './sample.ts';

export const paces = ['original', 'fixed', 'stepped'] as const;
export type Pace = (typeof paces)[number];

export interface ReplaySettings {
  id: string;
  samples: readonly Sample[];
  pace?: Pace;
  periodMs?: number;
  loop?: boolean;
}

export const defaultReplayPeriodMs = 1000;
/** The fastest period: 200 parts per second are beyond any line and still let other work happen in between. */
export const minReplayPeriodMs = 5;
/** Longest pause that is replayed as recorded: a night between two parts is not waited for. */
export const longestGapMs = 60_000;

/** Parts triggered and still being read; beyond, a part is dropped: the disk is slower than the pace. */
export const maxPendingParts = 8;

/** What reading a part gave: its images, or why not. */
interface Loaded {
  rgb: RgbImage | Error;
  depth: DepthImage | Error;
}

export class ReplayCamera implements Camera {
  readonly id: string;
  readonly modalities: readonly Modality[] = ['rgb', 'depth'];
  readonly #samples: readonly Sample[];
  readonly #pace: Pace;
  readonly #periodMs: number;
  readonly #loop: boolean;
  readonly #clock: DriverClock;
  readonly #buffers = new FrameBuffers();
  readonly #counters: CameraCounters = { frames: 0, dropped: 0, reconnects: 0 };
  readonly #stopping = new AbortController();
  #sink: CameraSink | null = null;
  #stopped = false;
  #finished = false;
  #triggers = 0;
  #pending = 0;
  #ahead: Promise<Loaded> | null = null;
  /** Deliveries in the order of their triggers, however long each file takes. */
  #delivering: Promise<void> = Promise.resolve();

  constructor(settings: ReplaySettings, clock: DriverClock) {
    const { id, samples, pace = 'fixed', periodMs = defaultReplayPeriodMs, loop = false } = settings;
    if (!paces.includes(pace)) {
      throw fail('camera/setting', { id, setting: 'pace', value: pace, expected: paces.join(', ') });
    }
    if (!(periodMs >= minReplayPeriodMs)) {
      throw fail('camera/setting', {
        id,
        setting: 'periodMs',
        value: periodMs,
        expected: `${minReplayPeriodMs} or more`,
      });
    }
    invariant(samples.length > 0, `replay camera ${id} has parts`);
    this.id = id;
    this.#samples = samples;
    this.#pace = pace;
    this.#periodMs = periodMs;
    this.#loop = loop;
    this.#clock = clock;
  }

  async start(sink: CameraSink, signal: AbortSignal): Promise<void> {
    invariant(this.#sink === null, `camera ${this.id} is started once`);
    this.#sink = sink;
    if (signal.aborted || this.#stopped) return this.stop();
    signal.addEventListener('abort', () => void this.stop(), { once: true, signal: this.#stopping.signal });
    this.#readAhead();
    if (this.#pace !== 'stepped') this.#beat(this.#clock.nowMs() + this.#periodMs);
  }

  trigger(): boolean {
    if (this.#pace !== 'stepped' || !this.#sink || this.#stopped || this.#finished) return false;
    this.#expose();
    return true;
  }

  async probe(): Promise<string | null> {
    if (this.#stopped || !this.#sink) return 'it is not started';
    return this.#finished ? 'the recording is over' : null;
  }

  counters(): CameraCounters {
    return { ...this.#counters };
  }

  /** Frames delivered and not yet released. */
  get held(): number {
    return this.#buffers.held;
  }

  /** Resolves when every part triggered so far is delivered. */
  async settled(): Promise<void> {
    await this.#delivering;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#stopping.abort();
    await this.#delivering;
  }

  #beat(dueMs: number): void {
    this.#clock.after(
      Math.max(0, dueMs - this.#clock.nowMs()),
      () => {
        if (this.#stopped) return;
        const gapMs = this.#gapAfter(this.#triggers);
        this.#expose();
        if (!this.#finished) this.#beat(Math.max(dueMs + gapMs, this.#clock.nowMs()));
      },
      this.#stopping.signal,
    );
  }

  /** Pause between a part and the next. */
  #gapAfter(index: number): number {
    if (this.#pace !== 'original') return this.#periodMs;
    const now = this.#sampleAt(index).capturedAtMs;
    const next = this.#sampleAt(index + 1).capturedAtMs;
    // a recording that begins again, or goes back in time, has no recorded pause
    if (now === null || next === null || next <= now) return this.#periodMs;
    return Math.min(next - now, longestGapMs);
  }

  #sampleAt(index: number): Sample {
    return this.#samples[index % this.#samples.length]!;
  }

  #expose(): void {
    const sample = this.#sampleAt(this.#triggers);
    const trigger = ++this.#triggers;
    const capturedAtUs = Math.round(this.#clock.nowMs() * 1000);
    this.#finished = !this.#loop && trigger === this.#samples.length;
    this.#sink?.triggered(trigger, sample.id);
    const loading = this.#ahead ?? Promise.resolve(tooSlow());
    const last = this.#finished;
    this.#pending++;
    this.#ahead = null;
    if (!last && this.#pending < maxPendingParts) this.#readAhead();
    this.#delivering = this.#delivering.then(async () => {
      const loaded = await loading;
      this.#pending--;
      if (this.#stopped) return;
      this.#deliver(loaded, trigger, capturedAtUs);
      if (last) this.#sink?.ended();
      else if (this.#ahead === null && !this.#finished) this.#readAhead();
    });
  }

  #readAhead(): void {
    const sample = this.#sampleAt(this.#triggers);
    this.#ahead = Promise.all([
      sample.loadRgb().catch((error: unknown) => new Error(messageOf(error))),
      sample.loadDepth().catch((error: unknown) => new Error(messageOf(error))),
    ]).then(([rgb, depth]) => ({ rgb, depth }));
  }

  #deliver({ rgb, depth }: Loaded, trigger: number, capturedAtUs: number): void {
    const stamp: Stamp = {
      cameraId: this.id,
      frameId: trigger,
      trigger,
      capturedAtUs,
      arrivedAtMs: this.#clock.nowMs(),
      complete: true,
    };
    if (this.#admit('rgb', rgb, trigger)) {
      const { widthPx, heightPx, rgb: pixels } = rgb as RgbImage;
      this.#sink?.frame(this.#buffers.rgb(stamp, { widthPx, heightPx, pixels }));
    }
    if (this.#admit('depth', depth, trigger)) this.#sink?.frame(this.#buffers.depth(stamp, depth as DepthImage));
  }

  #admit(modality: Modality, image: RgbImage | DepthImage | Error, trigger: number): boolean {
    const reason =
      image instanceof Error
        ? image.message
        : this.#buffers.isFull()
          ? 'overrun: the consumer holds all buffers'
          : null;
    if (reason === null) {
      this.#counters.frames++;
      return true;
    }
    this.#counters.dropped++;
    this.#sink?.dropped(modality, trigger, reason);
    return false;
  }
}

function tooSlow(): Loaded {
  const reason = new Error(`overrun: ${maxPendingParts} parts are still being read`);
  return { rgb: reason, depth: reason };
}
