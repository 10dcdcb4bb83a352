/**
 * The parts of a recording, paired as a running line pairs them: by the same `Pairing`, with the settings of the
 * configuration, on the clock of the recording. What the line would not judge is no part here either, and is counted.
 */
import type { Config } from '../../../config/schema.ts';
import { FrameBuffers, type Stamp } from '../../../drivers/buffers.ts';
import type { DepthFrame, Frame, RgbFrame } from '../../../drivers/frame.ts';
import type { Recorded, RecordedFrame, Recording } from '../../../drivers/recording/reader.ts';
import type { Finding } from '../../line/finding.ts';
import { Pairing } from '../../line/pairing.ts';
import { lineSettings } from '../../supervise/settings.ts';

export interface RecordedPart {
  /** Counts parts of the recording from 1. */
  readonly ordinal: number;
  readonly partId: string | null;
  /** Wall clock of its trigger, ms. */
  readonly openedAtMs: number;
  readonly rgb: RgbFrame;
  readonly depth: DepthFrame;
}

export interface PartCounts {
  opened: number;
  paired: number;
  /** Why the others are none, by reason. */
  readonly faults: Record<string, number>;
}

interface Opened {
  readonly partId: string | null;
  readonly atMs: number;
}

/** Frames are the caller's until it asks for the next part. */
export async function* recordedParts(
  recording: Recording,
  config: Config,
  counts: PartCounts,
): AsyncGenerator<RecordedPart> {
  const parts = new Parts(recording, config, counts);
  for await (const item of recording.items) {
    for (const part of parts.heed(item)) {
      yield part;
      part.rgb.release();
      part.depth.release();
    }
  }
  parts.end();
}

class Parts {
  readonly #pairing: Pairing;
  readonly #opener: string;
  readonly #config: Config;
  readonly #counts: PartCounts;
  readonly #wallShiftMs: number;
  readonly #buffers = new FrameBuffers();
  readonly #open = new Map<number, Opened>();
  #ordinal = 0;

  constructor({ info }: Recording, config: Config, counts: PartCounts) {
    const modalities = [...new Set(info.cameras.flatMap((camera) => camera.modalities))];
    const [first] = info.cameras;
    this.#opener = first!.id;
    const camera = { id: this.#opener, modalities };
    this.#pairing = new Pairing({ ...lineSettings(config, [camera]), cameras: info.cameras });
    this.#config = config;
    this.#counts = counts;
    this.#wallShiftMs = info.beganAtMs - info.beganAtMonotonicMs;
  }

  heed(item: Recorded): RecordedPart[] {
    this.#expire(item.atMs);
    if ('stamp' in item) return this.#apply(this.#pairing.frame(this.#frameOf(item), item.atMs));
    const { cameraId, event, atMs } = item;
    switch (event.kind) {
      case 'triggered':
        return this.#apply(
          cameraId === this.#opener
            ? this.#opened(event.count, event.partId, atMs)
            : this.#pairing.confirmingEdge(cameraId, event.count, atMs),
        );
      case 'dropped':
        return this.#apply(this.#pairing.dropped(cameraId, event.modality, event.trigger, event.reason));
      case 'recovered':
        return this.#apply(this.#pairing.newEpoch(cameraId, atMs));
      default:
        return [];
    }
  }

  end(): void {
    for (const ordinal of [...this.#open.keys()]) this.#close(ordinal, 'unpaired');
    this.#pairing.stop();
  }

  #opened(count: number, partId: string | null, atMs: number): Finding[] {
    const { open, findings } = this.#pairing.openingEdge(this.#opener, count, atMs);
    const all = [...findings];
    for (let left = open; left > 0; left--) {
      this.#ordinal++;
      this.#counts.opened++;
      this.#open.set(this.#ordinal, { partId: left === 1 ? partId : null, atMs });
      all.push(...this.#pairing.open(this.#ordinal, atMs));
    }
    return all;
  }

  #apply(findings: readonly Finding[]): RecordedPart[] {
    const found: RecordedPart[] = [];
    for (const finding of findings) {
      const { ordinal } = finding;
      const opened = this.#open.get(ordinal);
      if (!opened) continue;
      if (finding.kind === 'fault') this.#close(ordinal, finding.reason);
      if (finding.kind !== 'paired') continue;
      const openedAtMs = Math.round(opened.atMs + this.#wallShiftMs);
      found.push({ ordinal, partId: opened.partId, openedAtMs, ...this.#pairing.take(ordinal) });
      this.#counts.paired++;
      this.#open.delete(ordinal);
      this.#pairing.close(ordinal, false);
    }
    return found;
  }

  /** Parts whose frames did not come within the window. */
  #expire(nowMs: number): void {
    for (const [ordinal, { atMs }] of this.#open) {
      if (nowMs - atMs <= this.#config.pairing.windowMs) break;
      this.#close(ordinal, 'unpaired');
    }
  }

  #close(ordinal: number, reason: string): void {
    this.#open.delete(ordinal);
    this.#counts.faults[reason] = (this.#counts.faults[reason] ?? 0) + 1;
    this.#pairing.close(ordinal, reason === 'unpaired');
  }

  #frameOf({ cameraId, stamp, image }: RecordedFrame): Frame {
    const { modality, ...rest } = stamp;
    const whole: Stamp = { ...rest, cameraId };
    const { widthPx, heightPx, data } = image;
    return modality === 'rgb'
      ? this.#buffers.rgb(whole, { widthPx, heightPx, pixels: data })
      : this.#buffers.depth(whole, { widthPx, heightPx, depthMm: new Float32Array(data.buffer as ArrayBuffer) });
  }
}
