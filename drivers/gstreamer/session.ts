/**
 * One GStreamer pipeline inside its process: its frames become exposures, stamped with the instant the source captured
 * them on the kernel's monotonic clock (base time plus presentation time). Cameras behind it (UVC, CSI) cannot be
 * triggered by an edge in general: each frame is matched with another camera's by time alone, or is a trigger itself.
 */
import { fail, invariant, messageOf } from '../../errors.ts';
import { type Pointer, valueAt, viewOf } from '../native/koffi.ts';
import { monotonicClock } from '../native/monotonic.ts';
import type { DeviceFacts, Plain } from '../native/protocol.ts';
import type { OpenAsk, Say, Session } from '../native/serve.ts';
import type { SlotPool, SlotWriter } from '../native/slot-pool.ts';
import { type Gst, loadGstreamer, messages, messageTypeOf, numberOf, ptsOf, states } from './library.ts';
import type { CheckedGstreamer } from './settings.ts';

/** Ours: RGB (converted where it is none), four frames at most, the oldest given up, none waited for by the clock. */
const sink = 'videoconvert ! video/x-raw,format=RGB ! appsink name=twinspect sync=false max-buffers=4 drop=true';
const pullMs = 100;
/** Opening a camera and negotiating its format. */
const playMaxMs = 10_000;
const beatMs = 250;
const stateFailed = 0;
const mapRead = 1;

interface Size {
  readonly widthPx: number;
  readonly heightPx: number;
  /** GStreamer pads each row to four bytes. */
  readonly strideBytes: number;
}

export class GstreamerSession implements Session {
  readonly #id: string;
  readonly #settings: CheckedGstreamer;
  readonly #say: Say;
  readonly #gst: Gst;
  readonly #clock = monotonicClock();
  readonly #closing = new AbortController();
  #pipeline: Pointer | null = null;
  #sink: Pointer | null = null;
  #first: Pointer | null = null;
  #reading: Promise<void> | null = null;
  #frames = 0;
  #lastNumber: bigint | null = null;
  #missed = 0;

  /** Throws `camera/library`. */
  constructor({ id, settings }: OpenAsk, say: Say) {
    this.#id = id;
    this.#settings = settings as unknown as CheckedGstreamer;
    this.#say = say;
    this.#gst = loadGstreamer();
    this.#gst.init(null, null);
  }

  /** Plays until the first frame, which tells the size. */
  async open(): Promise<{ facts: DeviceFacts; exposureBytes: number }> {
    const gst = this.#gst;
    const { pipeline } = this.#settings;
    const error: (Pointer | null)[] = [null];
    this.#pipeline = gst.parseLaunch(`${pipeline} ! ${sink}`, error) as Pointer | null;
    if (error[0] || this.#pipeline === null) {
      const cause = error[0] ? (valueAt(error[0], 'GError') as { message: string }).message : 'it is none';
      throw fail('camera/setting', { id: this.#id, setting: 'pipeline', value: pipeline, expected: `one: ${cause}` });
    }
    this.#sink = gst.byName(this.#pipeline, 'twinspect') as Pointer;
    // Some sources bring a clock of their own: the system's is the one the daemon counts.
    gst.pipelineUseClock(this.#pipeline, gst.systemClock());
    if (gst.setState(this.#pipeline, states.playing) === stateFailed) throw new Error(this.#problem());
    for (let waitedMs = 0; this.#first === null; waitedMs += pullMs) {
      if (waitedMs >= playMaxMs || this.#closing.signal.aborted) throw new Error(this.#problem());
      this.#first = await this.#pull();
      this.#throwError();
    }
    const size = this.#sizeOf(this.#first);
    const facts: DeviceFacts = {
      ...{ vendor: 'GStreamer', model: pipeline, serial: '', address: '', library: `GStreamer ${this.#versionText()}` },
      delivers: [{ modality: 'rgb', component: `${size.widthPx} x ${size.heightPx}`, format: 'RGB' }],
    };
    return { facts, exposureBytes: 3 * size.widthPx * size.heightPx };
  }

  async begin(slots: SlotPool): Promise<void> {
    const first = this.#first;
    invariant(first, 'a pipeline plays before it begins');
    // It shows what was there while nobody waited for it.
    this.#gst.unrefMini(first);
    this.#first = null;
    this.#reading = this.#read(slots).catch((error: unknown) => this.#say({ kind: 'lost', reason: messageOf(error) }));
  }

  trigger(): void {
    // A pipeline runs at its own pace.
  }

  async ask(what: string): Promise<Plain> {
    // It has ended, or it flows: a pipeline that stalls says so by itself.
    if (what === 'alive') return null;
    throw new Error(`a GStreamer pipeline has no ${what}`);
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#reading;
    if (this.#pipeline) this.#gst.setState(this.#pipeline, states.null);
  }

  async #read(slots: SlotPool): Promise<void> {
    let frameAtUs = this.#clock.nowUs();
    let beatAtUs = 0;
    while (!this.#closing.signal.aborted) {
      const sample = await this.#pull();
      const nowUs = this.#clock.nowUs();
      if (sample !== null) {
        frameAtUs = nowUs;
        this.#exposed(sample, slots);
        this.#gst.unrefMini(sample);
      }
      this.#throwError();
      const silentMs = (nowUs - frameAtUs) / 1000;
      if (silentMs > this.#settings.stallMs) throw new Error(`no frame came for ${Math.round(silentMs)} ms`);
      if (nowUs - beatAtUs > beatMs * 1000) {
        beatAtUs = nowUs;
        this.#say({ kind: 'beat', counters: { frames: this.#frames, missed: this.#missed } });
      }
    }
  }

  #exposed(sample: Pointer, slots: SlotPool): void {
    const buffer = this.#gst.sampleBuffer(sample) as Pointer;
    const arrivedAtUs = this.#clock.nowUs();
    const frameId = this.#number(numberOf(buffer));
    const { counts } = this.#settings;
    const pts = ptsOf(buffer);
    const baseNs = BigInt(this.#gst.baseTime(this.#pipeline) as number | bigint);
    const writer = slots.take();
    const reason = writer === null ? 'the consumer holds all buffers' : this.#copy(sample, buffer, writer);
    this.#say({
      kind: 'exposure',
      slot: writer?.slot ?? null,
      ...{ frameId, trigger: counts ? frameId : null, edge: counts, arrivedAtUs: this.#clock.nowUs() },
      capturedAtUs: pts === null ? arrivedAtUs : Number(baseNs + pts) / 1000,
      images: reason === null ? (writer?.images ?? []) : [],
      missing: reason === null ? [] : [{ modality: 'rgb', reason }],
    });
  }

  /** Rises by one with each frame of the source, delivered or not, where the source counts. */
  #number(number: bigint | null): number {
    const last = this.#lastNumber;
    this.#lastNumber = number;
    const step = number !== null && last !== null && number > last ? Number(number - last) : 1;
    this.#missed += step - 1;
    this.#frames += step;
    return this.#frames;
  }

  #copy(sample: Pointer, buffer: Pointer, writer: SlotWriter): string | null {
    const { widthPx, heightPx, strideBytes } = this.#sizeOf(sample);
    const out = writer.rgb(widthPx, heightPx);
    if (out === null) return `it is ${widthPx} x ${heightPx}, larger than when the pipeline began`;
    const info = { data: null as Pointer | null, size: 0 };
    if (!this.#gst.bufferMap(buffer, info, mapRead)) return 'its memory could not be mapped';
    try {
      const bytes = strideBytes * (heightPx - 1) + 3 * widthPx;
      if (info.data === null || Number(info.size) < bytes) return `it has ${info.size} bytes, expected ${bytes}`;
      const data = viewOf(info.data, bytes);
      if (strideBytes === 3 * widthPx) out.set(data);
      else {
        for (let row = 0; row < heightPx; row++) {
          out.set(data.subarray(row * strideBytes, row * strideBytes + 3 * widthPx), row * 3 * widthPx);
        }
      }
      return null;
    } finally {
      this.#gst.bufferUnmap(buffer, info);
    }
  }

  #sizeOf(sample: Pointer): Size {
    const structure = this.#gst.capsStructure(this.#gst.sampleCaps(sample), 0);
    const [width, height] = [[0], [0]];
    this.#gst.structureInt(structure, 'width', width);
    this.#gst.structureInt(structure, 'height', height);
    const widthPx = width[0]!;
    return { widthPx, heightPx: height[0]!, strideBytes: Math.ceil((3 * widthPx) / 4) * 4 };
  }

  async #pull(): Promise<Pointer | null> {
    return (await this.#gst.pull.promise(this.#sink, pullMs * 1_000_000)) as Pointer | null;
  }

  #throwError(): void {
    const problem = this.#message();
    if (problem !== null) throw new Error(problem);
  }

  #problem(): string {
    return this.#message() ?? `the pipeline did not play within ${playMaxMs} ms`;
  }

  /** An error of an element, or the end of what it had to give. */
  #message(): string | null {
    const bus = this.#gst.getBus(this.#pipeline) as Pointer;
    const message = this.#gst.popMessage(bus, 0, messages.error | messages.end) as Pointer | null;
    this.#gst.unref(bus);
    if (message === null) return null;
    const error: (Pointer | null)[] = [null];
    const isError = messageTypeOf(message) === messages.error;
    if (isError) this.#gst.parseError(message, error, [null]);
    this.#gst.unrefMini(message);
    if (!isError || !error[0]) return 'the pipeline has ended';
    return (valueAt(error[0], 'GError') as { message: string }).message;
  }

  #versionText(): string {
    const numbers = [[0], [0], [0], [0]];
    this.#gst.version(...numbers);
    return numbers
      .slice(0, 3)
      .map(([number]) => number)
      .join('.');
  }
}
