/**
 * The synthetic camera: a line of seeded parts in front of one structured-light camera with a colour channel.
 *
 * It keeps a trigger counter of its own and delivers both modalities on one grid, either at a fixed period or when
 * told to (`periodMs: null`). The next part is rendered ahead. Faults can be injected per part.
 */
import { invariant, messageOf } from '../../errors.ts';
import { FrameBuffers, type Stamp } from '../buffers.ts';
import type { Camera, CameraCounters, CameraSink, DriverClock } from '../camera.ts';
import type { Frame, Modality } from '../frame.ts';
import { affects, type Fault, spoilDepth, spoilRgb } from './faults.ts';
import type { PartRequest, RenderedPart } from './part.ts';
import type { PartRenderer } from './renderer.ts';
import { partId } from './schedule.ts';
import { type CheckedSettings, checkSettings, type SyntheticSettings } from './settings.ts';

const bothModalities: readonly Modality[] = ['rgb', 'depth'];

/** The part rendered ahead: its images once they are there, and who waits for them. */
interface Ahead {
  readonly part: number;
  result: RenderedPart | Error | null;
  wanted: (() => void) | null;
}

/** What was delivered last: a stuck camera delivers it again. */
interface Delivered {
  readonly image: RenderedPart;
  readonly stamps: Partial<Record<Modality, Stamp>>;
}

interface Shot {
  readonly trigger: number;
  readonly capturedAtUs: number;
  readonly fault: Fault | null;
}

export class SyntheticCamera implements Camera {
  readonly id: string;
  readonly modalities = bothModalities;
  readonly #settings: CheckedSettings;
  readonly #clock: DriverClock;
  readonly #renderer: PartRenderer;
  readonly #buffers = new FrameBuffers();
  readonly #counters: CameraCounters = { frames: 0, dropped: 0, reconnects: 0 };
  #sink: CameraSink | null = null;
  #stopping = new AbortController();
  #stopped = false;
  #lost = false;
  #triggers = 0;
  #frameId = 0;
  #nextPart: number;
  #ahead: Ahead | null = null;
  #last: Delivered | null = null;

  constructor(settings: SyntheticSettings, clock: DriverClock, renderer: PartRenderer) {
    this.id = settings.id;
    this.#settings = checkSettings(settings);
    this.#nextPart = this.#settings.firstPart;
    this.#clock = clock;
    this.#renderer = renderer;
  }

  async start(sink: CameraSink, signal: AbortSignal): Promise<void> {
    invariant(this.#sink === null && !this.#stopped, `camera ${this.id} is started once`);
    this.#sink = sink;
    if (signal.aborted) return this.stop();
    signal.addEventListener('abort', () => void this.stop(), { once: true, signal: this.#stopping.signal });
    // the first part takes longest (the product is drawn once): the line starts when the camera is warm
    await new Promise<void>((ready) => {
      this.#stopping.signal.addEventListener('abort', () => ready(), { once: true });
      this.#renderAhead(ready);
    });
    const { periodMs } = this.#settings;
    if (periodMs !== null) this.#beat(this.#clock.nowMs() + periodMs, periodMs);
  }

  trigger(): boolean {
    if (this.#settings.periodMs !== null || !this.#sink || this.#stopped || this.#lost) return false;
    this.#expose();
    return true;
  }

  async probe(): Promise<string | null> {
    if (this.#stopped || !this.#sink) return 'it is not started';
    if (this.#lost) return 'injected: the camera is gone';
    return this.#ahead?.result instanceof Error ? this.#ahead.result.message : null;
  }

  counters(): CameraCounters {
    return { ...this.#counters };
  }

  /** What is rendered for a part: `renderPart` gives its truth. */
  requestOf(part: number): PartRequest {
    const { seed, schedule, grid } = this.#settings;
    return { seed, part, defect: schedule(part), grid };
  }

  /** Frames delivered and not yet released. */
  get held(): number {
    return this.#buffers.held;
  }

  async stop(): Promise<void> {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#stopping.abort();
    await this.#renderer.close();
  }

  /** Keeps the pace by due times, so that late callbacks do not add up; a long pause is not caught up. */
  #beat(dueMs: number, periodMs: number): void {
    this.#after(Math.max(0, dueMs - this.#clock.nowMs()), () => {
      if (!this.#lost) this.#expose();
      this.#beat(Math.max(dueMs + periodMs, this.#clock.nowMs()), periodMs);
    });
  }

  #expose(): void {
    const part = this.#nextPart++;
    const fault = this.#settings.faults(part);
    if (fault?.kind === 'disconnect') {
      this.#disconnect(fault.forMs);
      return;
    }
    const shot: Shot = {
      trigger: ++this.#triggers,
      capturedAtUs: Math.round(this.#clock.nowMs() * 1000),
      fault,
    };
    this.#sink?.triggered(shot.trigger, partId(part));
    const ahead = this.#ahead;
    if (ahead?.wanted) {
      // the part before is not rendered yet: this exposure is lost, as in a camera that is read out too slowly
      for (const modality of bothModalities) this.#drop(modality, shot.trigger, 'overrun: the last part is not ready');
      return;
    }
    invariant(ahead?.part === part, `camera ${this.id} rendered part ${ahead?.part}, expected ${part}`);
    if (ahead.result === null) ahead.wanted = () => this.#deliver(ahead, shot);
    else this.#deliver(ahead, shot);
  }

  #deliver({ result }: Ahead, shot: Shot): void {
    if (this.#stopped) return;
    const before = this.#last;
    if (result === null || result instanceof Error) {
      for (const modality of bothModalities) this.#drop(modality, shot.trigger, messageOf(result));
    } else {
      this.#last = { image: result, stamps: {} };
      for (const modality of bothModalities) this.#send(modality, result, before, shot);
    }
    this.#renderAhead();
  }

  #send(
    modality: Modality,
    image: RenderedPart,
    before: Delivered | null,
    { trigger, capturedAtUs, fault }: Shot,
  ): void {
    this.#frameId++;
    if (affects(fault, 'vanish', modality)) return;
    if (affects(fault, 'lose', modality)) {
      this.#drop(modality, trigger, 'injected: lost');
      return;
    }
    const stuck = affects(fault, 'stuckId', modality) ? before?.stamps[modality] : undefined;
    const source = stuck || affects(fault, 'repeat', modality) ? (before?.image ?? image) : image;
    const frameId = Math.ceil(this.#frameId / bothModalities.length);
    const complete = !affects(fault, 'incomplete', modality);
    const deliver = (): void => {
      const stamp: Stamp = stuck ?? {
        cameraId: this.id,
        frameId,
        trigger,
        capturedAtUs,
        arrivedAtMs: this.#clock.nowMs(),
        complete,
      };
      this.#emit(modality, stamp, source, fault);
    };
    if (fault?.kind === 'delay' && fault.of.includes(modality)) this.#after(fault.delayMs, deliver);
    else deliver();
  }

  #emit(modality: Modality, stamp: Stamp, image: RenderedPart, fault: Fault | null): void {
    if (this.#buffers.isFull()) {
      this.#drop(modality, stamp.trigger, 'overrun: the consumer holds all buffers');
      return;
    }
    if (this.#last) this.#last.stamps[modality] = stamp;
    this.#counters.frames++;
    const frame: Frame =
      modality === 'rgb'
        ? this.#buffers.rgb(stamp, spoilRgb(image, fault))
        : this.#buffers.depth(stamp, spoilDepth(image, fault));
    this.#sink?.frame(frame);
  }

  #drop(modality: Modality, trigger: number | null, reason: string): void {
    this.#counters.dropped++;
    this.#sink?.dropped(modality, trigger, reason);
  }

  #disconnect(forMs: number): void {
    this.#lost = true;
    this.#sink?.lost('injected: the camera is gone');
    // the part that was rendered for this exposure goes by unseen
    if (!this.#ahead?.wanted) this.#renderAhead();
    this.#after(forMs, () => {
      this.#lost = false;
      this.#counters.reconnects++;
      this.#sink?.recovered();
    });
  }

  #renderAhead(ready?: () => void): void {
    const ahead: Ahead = { part: this.#nextPart, result: null, wanted: null };
    this.#ahead = ahead;
    this.#renderer.render(this.requestOf(ahead.part), (result) => {
      ahead.result = result;
      ahead.wanted?.();
      ahead.wanted = null;
      ready?.();
    });
  }

  #after(delayMs: number, callback: () => void): void {
    this.#clock.after(
      delayMs,
      () => {
        if (!this.#stopped) callback();
      },
      this.#stopping.signal,
    );
  }
}
