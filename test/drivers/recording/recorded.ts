/** A recording of a few synthetic parts, made in memory, with everything the camera said beside it. */
import type { CameraSink } from '../../../drivers/camera.ts';
import type { Frame } from '../../../drivers/frame.ts';
import type { RecordingInfo } from '../../../drivers/recording/format.ts';
import { type Recorded, readRecording } from '../../../drivers/recording/reader.ts';
import { Recorder, type RecorderLimits, type RecordingSummary } from '../../../drivers/recording/recorder.ts';
import { type RecordingFile, RecordingWriter } from '../../../drivers/recording/writer.ts';
import { SyntheticCamera } from '../../../drivers/synthetic/camera.ts';
import { inlineRenderer } from '../../../drivers/synthetic/renderer.ts';
import type { SyntheticSettings } from '../../../drivers/synthetic/settings.ts';
import { RecordingSink } from '../recording-sink.ts';
import { SimulatedClock } from '../simulated-clock.ts';

export const grid = { widthPx: 48, heightPx: 32 };
export const periodMs = 100;
export const unlimited: RecorderLimits = { bytesMax: Number.MAX_SAFE_INTEGER, forMs: null, partsMax: null };

export class MemoryFile implements RecordingFile {
  readonly pieces: Uint8Array[] = [];
  /** Bytes at each sync. */
  readonly synced: number[] = [];
  closed = false;
  bytes = 0;

  async write(bytes: Uint8Array): Promise<void> {
    this.pieces.push(bytes.slice());
    this.bytes += bytes.length;
  }
  async sync(): Promise<void> {
    this.synced.push(this.bytes);
  }
  async close(): Promise<void> {
    this.closed = true;
  }
  contents(): Uint8Array {
    return Buffer.concat(this.pieces);
  }
}

/** Lets writes that wait for one another go on. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 200; i++) await Promise.resolve();
}

export interface Made {
  readonly file: MemoryFile;
  readonly heard: RecordingSink;
  readonly summary: RecordingSummary;
  readonly recorder: Recorder;
  readonly camera: SyntheticCamera;
}

export async function record(
  forMs: number,
  {
    limits = unlimited,
    synthetic = {},
    calibration = null,
    file = new MemoryFile(),
  }: {
    limits?: RecorderLimits;
    synthetic?: Partial<SyntheticSettings>;
    calibration?: string | null;
    file?: MemoryFile;
  } = {},
): Promise<Made> {
  const clock = new SimulatedClock();
  const camera = new SyntheticCamera({ id: 'cam', grid, periodMs, seed: 4, ...synthetic }, clock, inlineRenderer());
  const cameras = [{ id: camera.id, modalities: camera.modalities }];
  const info: RecordingInfo = { cameras, beganAtMs: 1.7e12, beganAtMonotonicMs: clock.nowMs(), calibration };
  const recorder = new Recorder(await RecordingWriter.begin(file, info), cameras, clock, limits);
  const heard = new RecordingSink();
  const sink = recorder.sinkFor(camera.id);
  await camera.start(both(heard, sink), new AbortController().signal);
  for (let passed = 0; passed < forMs; passed += 10) {
    clock.advance(10);
    await settle();
  }
  await camera.stop();
  const summary = await recorder.stop();
  return { file, heard, summary, recorder, camera };
}

/** The frames go to the recorder, which releases them; what was said is kept with copies of the pixels. */
function both(heard: RecordingSink, sink: CameraSink): CameraSink {
  const twice =
    <A extends unknown[]>(first: (...args: A) => void, second: (...args: A) => void) =>
    (...args: A): void => {
      first.apply(heard, args);
      second.apply(sink, args);
    };
  const copy = (frame: Frame): Frame =>
    frame.modality === 'rgb'
      ? { ...frame, pixels: frame.pixels.slice() }
      : { ...frame, depthMm: frame.depthMm.slice() };
  return {
    triggered: twice(heard.triggered, sink.triggered),
    frame: twice((frame: Frame) => heard.frame(copy(frame)), sink.frame),
    dropped: twice(heard.dropped, sink.dropped),
    lost: twice(heard.lost, sink.lost),
    recovered: twice(heard.recovered, sink.recovered),
    ended: twice(heard.ended, sink.ended),
  };
}

export async function* inPieces(bytes: Uint8Array, size = 5000): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.slice(at, at + size);
}

export async function readAll(bytes: Uint8Array): Promise<{ items: Recorded[]; damage: string | null }> {
  const recording = await readRecording(inPieces(bytes), 'a.mcap');
  const items: Recorded[] = [];
  for await (const item of recording.items) items.push(item);
  return { items, damage: recording.damage() };
}
