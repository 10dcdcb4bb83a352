/**
 * Plays a recording through the line: triggers, frames, drops and losses in the order and at the distances they were
 * recorded, moved to now. Frames keep their exposure against one another to the microsecond.
 *
 * Pace: `original`; `fixed`, a part each period with its frames at their recorded distance behind it; `stepped`, the
 * next part at `trigger()`. Where several cameras were recorded, parts are opened by the first; frames of the others
 * carry no count and find their part by their exposure. A file that was cut is played up to where it is whole.
 */
import { invariant, messageOf } from '../../../errors.ts';
import { FrameBuffers, type Stamp } from '../../buffers.ts';
import type { Camera, CameraCounters, CameraSink, DriverClock } from '../../camera.ts';
import type { Frame, Modality } from '../../frame.ts';
import type { RecordingInfo } from '../../recording/format.ts';
import type { Recorded, RecordedFrame, Recording } from '../../recording/reader.ts';
import { longestGapMs, type Pace } from '../camera.ts';

export interface RecordingSettings {
  readonly id: string;
  readonly info: RecordingInfo;
  /** Begins the file again. */
  open(): Promise<Recording>;
  readonly pace: Pace;
  readonly periodMs: number;
  readonly loop: boolean;
}

/** What a second round adds to the numbers of the first: they go on rising. */
interface Offsets {
  count: number;
  frameId: number;
}

export class RecordingCamera implements Camera {
  readonly id: string;
  readonly modalities: readonly Modality[];
  /** Of the recording: its text, or null. */
  readonly calibration: string | null;
  readonly #settings: RecordingSettings;
  readonly #opener: string;
  readonly #clock: DriverClock;
  readonly #buffers = new FrameBuffers();
  readonly #counters: CameraCounters = { frames: 0, dropped: 0, reconnects: 0 };
  readonly #stopping = new AbortController();
  #sink: CameraSink | null = null;
  #playing: Promise<void> = Promise.resolve();
  /** Added to recorded instants, ms. */
  #shiftMs = 0;
  #dueMs = 0;
  #offsets: Offsets = { count: 0, frameId: 0 };
  #highest: Offsets = { count: 0, frameId: 0 };
  #step: (() => void) | null = null;

  constructor(settings: RecordingSettings, clock: DriverClock) {
    const { id, info } = settings;
    this.id = id;
    this.modalities = [...new Set(info.cameras.flatMap(({ modalities }) => modalities))];
    this.calibration = info.calibration;
    this.#settings = settings;
    this.#opener = info.cameras[0]!.id;
    this.#clock = clock;
  }

  async start(sink: CameraSink, signal: AbortSignal): Promise<void> {
    invariant(this.#sink === null, `camera ${this.id} is started once`);
    this.#sink = sink;
    if (signal.aborted) return this.stop();
    signal.addEventListener('abort', () => void this.stop(), { once: true, signal: this.#stopping.signal });
    this.#dueMs = this.#clock.nowMs();
    this.#playing = this.#play(sink);
  }

  trigger(): boolean {
    const step = this.#step;
    this.#step = null;
    step?.();
    return step !== null;
  }

  counters(): CameraCounters {
    return { ...this.#counters };
  }

  /** Frames delivered and not yet released. */
  get held(): number {
    return this.#buffers.held;
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#playing;
  }

  async #play(sink: CameraSink): Promise<void> {
    const { signal } = this.#stopping;
    try {
      do {
        await this.#round(sink);
        this.#offsets = { ...this.#highest };
      } while (this.#settings.loop && !signal.aborted);
    } catch (error) {
      if (!signal.aborted) this.#drop('depth', null, messageOf(error));
    }
    if (!signal.aborted) sink.ended();
  }

  async #round(sink: CameraSink): Promise<void> {
    const { signal } = this.#stopping;
    const recording = await this.#settings.open();
    let before: number | null = null;
    for await (const item of recording.items) {
      await this.#pace(item, before);
      before = item.atMs;
      if (signal.aborted) return;
      this.#deliver(sink, item);
    }
    const damage = recording.damage();
    if (damage !== null) this.#drop('depth', null, `the recording ends early: ${damage}`);
  }

  /** Waits until an item is due. `before` is when the one before it was recorded. */
  async #pace(item: Recorded, before: number | null): Promise<void> {
    const { pace, periodMs } = this.#settings;
    const opens = this.#opens(item);
    if (opens && pace === 'stepped') {
      await this.#stepped();
      this.#shiftMs = this.#clock.nowMs() - item.atMs;
      return;
    }
    if (opens && pace === 'fixed') {
      this.#dueMs = Math.max(this.#dueMs + periodMs, this.#clock.nowMs());
      this.#shiftMs = this.#dueMs - item.atMs;
    } else if (before === null) {
      this.#shiftMs = this.#clock.nowMs() + (pace === 'original' ? periodMs : 0) - item.atMs;
    } else {
      // a night between two parts is not waited for
      this.#shiftMs -= Math.max(0, item.atMs - before - longestGapMs);
    }
    await this.#until(item.atMs + this.#shiftMs);
  }

  /** A part begins with its trigger; a recording without triggers keeps its own pace. */
  #opens(item: Recorded): boolean {
    return 'event' in item && item.event.kind === 'triggered' && item.cameraId === this.#opener;
  }

  #stepped(): Promise<void> {
    const { signal } = this.#stopping;
    return new Promise((resolve) => {
      if (signal.aborted) return resolve();
      this.#step = resolve;
      signal.addEventListener('abort', () => resolve(), { once: true });
    });
  }

  #until(atMs: number): Promise<void> {
    const { signal } = this.#stopping;
    const waitMs = atMs - this.#clock.nowMs();
    if (!(waitMs > 0) || signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const over = (): void => {
        signal.removeEventListener('abort', over);
        resolve();
      };
      signal.addEventListener('abort', over, { once: true });
      this.#clock.after(waitMs, over, signal);
    });
  }

  #deliver(sink: CameraSink, item: Recorded): void {
    const own = item.cameraId === this.#opener;
    if ('stamp' in item) {
      this.#frame(sink, item, own);
      return;
    }
    const { event } = item;
    if (event.kind === 'triggered') {
      if (own) sink.triggered(this.#counted(event.count), event.partId);
    } else if (event.kind === 'dropped') {
      this.#drop(event.modality, own && event.trigger !== null ? this.#counted(event.trigger) : null, event.reason);
    } else if (event.kind === 'lost') sink.lost(event.reason);
    else if (event.kind === 'recovered') {
      this.#counters.reconnects++;
      sink.recovered();
    }
    // that a recorded camera ended is no end of this one before the file's
  }

  #frame(sink: CameraSink, { stamp, image }: RecordedFrame, own: boolean): void {
    const { modality, trigger, frameId, capturedAtUs, complete } = stamp;
    const count = own && trigger !== null ? this.#counted(trigger) : null;
    if (this.#buffers.isFull()) {
      this.#drop(modality, count, 'overrun: the consumer holds all buffers');
      return;
    }
    this.#highest.frameId = Math.max(this.#highest.frameId, this.#offsets.frameId + frameId);
    this.#counters.frames++;
    const moved: Stamp = {
      cameraId: this.id,
      frameId: this.#offsets.frameId + frameId,
      trigger: count,
      capturedAtUs: capturedAtUs + this.#shiftMs * 1000,
      arrivedAtMs: this.#clock.nowMs(),
      complete,
    };
    const { widthPx, heightPx, data } = image;
    const frame: Frame =
      modality === 'rgb'
        ? this.#buffers.rgb(moved, { widthPx, heightPx, pixels: data })
        : this.#buffers.depth(moved, { widthPx, heightPx, depthMm: new Float32Array(data.buffer as ArrayBuffer) });
    sink.frame(frame);
  }

  #counted(count: number): number {
    const counted = this.#offsets.count + count;
    this.#highest.count = Math.max(this.#highest.count, counted);
    return counted;
  }

  #drop(modality: Modality, trigger: number | null, reason: string): void {
    this.#counters.dropped++;
    this.#sink?.dropped(modality, trigger, reason);
  }
}
