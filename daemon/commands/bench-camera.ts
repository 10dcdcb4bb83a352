/**
 * The camera of the bench: the bundle's own golden parts, one for each call. No picture repeats (one pixel counts), so
 * that none is stale, and nothing is rendered or decoded while the time runs.
 */
import { FrameBuffers } from '../../drivers/buffers.ts';
import type { Camera, CameraCounters, CameraSink, Modality } from '../../drivers/index.ts';
import type { Clock } from '../clock.ts';
import { cameraId } from '../supervise/settings.ts';

export interface BenchImages {
  readonly widthPx: number;
  readonly heightPx: number;
  readonly rgb: Uint8Array;
  readonly depthMm: Float32Array;
}

/** The pixel of the depth that counts: one reading among thousands, wherever it is. */
const nearMm = 500;

export class BenchCamera implements Camera {
  /** It stands where the configured one would, which is the one that opens parts. */
  readonly id = cameraId;
  readonly modalities: readonly Modality[] = ['rgb', 'depth'];
  readonly #images: readonly BenchImages[];
  readonly #clock: Clock;
  readonly #stamped: boolean;
  readonly #buffers = new FrameBuffers();
  readonly #counters: CameraCounters = { frames: 0, dropped: 0, reconnects: 0 };
  #sink: CameraSink | null = null;
  #triggers = 0;

  /** `stamped`: the first pixel carries the number, so that no frame repeats another; else images must differ. */
  constructor(images: readonly BenchImages[], clock: Clock, { stamped } = { stamped: true }) {
    this.#images = images;
    this.#stamped = stamped;
    this.#clock = clock;
  }

  async start(sink: CameraSink): Promise<void> {
    this.#sink = sink;
  }

  /** One part, both frames at once. */
  trigger(): boolean {
    const sink = this.#sink;
    if (!sink) return false;
    const nowMs = this.#clock.nowMs();
    const trigger = ++this.#triggers;
    const { widthPx, heightPx, rgb, depthMm } = this.#images[trigger % this.#images.length]!;
    if (this.#stamped) {
      new DataView(rgb.buffer, rgb.byteOffset).setUint32(0, trigger);
      depthMm[0] = nearMm + (trigger % 64) / 64;
    }
    const capturedAtUs = Math.round(nowMs * 1000);
    const stamp = { cameraId: this.id, frameId: trigger, trigger, capturedAtUs, arrivedAtMs: nowMs, complete: true };
    sink.triggered(trigger, null);
    sink.frame(this.#buffers.rgb(stamp, { widthPx, heightPx, pixels: rgb }));
    sink.frame(this.#buffers.depth(stamp, { widthPx, heightPx, depthMm }));
    this.#counters.frames += 2;
    return true;
  }

  counters(): CameraCounters {
    return { ...this.#counters };
  }

  async stop(): Promise<void> {
    this.#sink = null;
  }
}
