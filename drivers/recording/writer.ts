/**
 * Writes a recording as MCAP. Each message is a chunk of its own with its checksum, so that after a kill every message
 * that reached the file is whole; `sync` puts them on the disk. One call at a time: whoever has more waits in
 * `recorder.ts`.
 */
import { McapWriter } from '@mcap/core';
import type { Frame, Modality } from '../frame.ts';
import {
  type CameraEvent,
  calibrationAttachment,
  eventSchema,
  profile,
  type RecordingInfo,
  recordingMetadata,
  recordingVersion,
  type StampEvent,
  topicOf,
} from './format.ts';
import { encodeImage, imageSchema } from './image-message.ts';

/** A new file, open for writing at its end. */
export interface RecordingFile {
  write(bytes: Uint8Array): Promise<void>;
  /** What was written is on the disk when it resolves. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

const mediaType = 'application/json';

export class RecordingWriter {
  readonly #file: RecordingFile;
  readonly #info: RecordingInfo;
  readonly #mcap: McapWriter;
  readonly #channels = new Map<string, number>();
  #bytes = 0;
  #sequence = 0;

  private constructor(file: RecordingFile, info: RecordingInfo) {
    this.#file = file;
    this.#info = info;
    this.#mcap = new McapWriter({
      // nothing waits for a fuller chunk
      chunkSize: 0,
      writable: {
        write: async (bytes) => {
          await file.write(bytes);
          this.#bytes += bytes.length;
        },
        position: () => BigInt(this.#bytes),
      },
    });
  }

  static async begin(file: RecordingFile, info: RecordingInfo): Promise<RecordingWriter> {
    const writer = new RecordingWriter(file, info);
    await writer.#begin();
    return writer;
  }

  /** Bytes of the file so far. */
  get bytes(): number {
    return this.#bytes;
  }

  async event(cameraId: string, atMs: number, event: CameraEvent): Promise<void> {
    await this.#event(cameraId, atMs, atMs, event, this.#sequence++);
  }

  /** Does not release the frame. */
  async frame(frame: Frame): Promise<void> {
    const { cameraId, modality, arrivedAtMs, capturedAtUs, frameId, trigger, complete, widthPx, heightPx } = frame;
    const sequence = this.#sequence++;
    const capturedAtMs = capturedAtUs / 1000;
    const stamp: StampEvent = { kind: 'frame', modality, frameId, trigger, capturedAtUs, arrivedAtMs, complete };
    await this.#event(cameraId, arrivedAtMs, capturedAtMs, stamp, sequence);
    const { encoding, data } = modality === 'rgb' ? rgbData(frame.pixels) : depthData(frame.depthMm);
    const publishTime = this.#wallNs(capturedAtMs);
    const image = { stampNs: publishTime, frameId: cameraId, widthPx, heightPx, encoding, data };
    await this.#message(topicOf(cameraId, modality), sequence, arrivedAtMs, publishTime, encodeImage(image));
  }

  sync(): Promise<void> {
    return this.#file.sync();
  }

  /** Writes the index, syncs and closes. */
  async end(): Promise<void> {
    await this.#mcap.end();
    await this.#file.sync();
    await this.#file.close();
  }

  /** Leaves the file as it is: readable up to its last whole message. */
  abandon(): Promise<void> {
    return this.#file.close();
  }

  async #begin(): Promise<void> {
    const { cameras, beganAtMs, beganAtMonotonicMs, calibration } = this.#info;
    await this.#mcap.start({ profile, library: 'twinspect' });
    await this.#mcap.addMetadata({
      name: recordingMetadata,
      metadata: new Map([
        ['version', recordingVersion],
        ['cameras', JSON.stringify(cameras)],
        ['beganAtMs', String(beganAtMs)],
        ['beganAtMonotonicMs', String(beganAtMonotonicMs)],
      ]),
    });
    if (calibration !== null) {
      const time = this.#wallNs(beganAtMonotonicMs);
      const data = new TextEncoder().encode(calibration);
      await this.#mcap.addAttachment({ name: calibrationAttachment, mediaType, data, logTime: time, createTime: time });
    }
    const events = await this.#schema(eventSchema);
    const images = await this.#schema(imageSchema);
    for (const { id, modalities } of cameras) {
      await this.#channel(topicOf(id, 'events'), events, 'json', new Map());
      for (const modality of modalities) {
        await this.#channel(topicOf(id, modality), images, 'cdr', new Map(imageFacts(modality)));
      }
    }
    await this.#file.sync();
  }

  #schema({ name, encoding, text }: { name: string; encoding: string; text: string }): Promise<number> {
    return this.#mcap.registerSchema({ name, encoding, data: new TextEncoder().encode(text) });
  }

  async #channel(
    topic: string,
    schemaId: number,
    messageEncoding: string,
    metadata: Map<string, string>,
  ): Promise<void> {
    this.#channels.set(topic, await this.#mcap.registerChannel({ topic, schemaId, messageEncoding, metadata }));
  }

  async #event(
    cameraId: string,
    atMs: number,
    capturedAtMs: number,
    event: CameraEvent | StampEvent,
    sequence: number,
  ): Promise<void> {
    const data = new TextEncoder().encode(JSON.stringify({ ...event, atMs }));
    await this.#message(topicOf(cameraId, 'events'), sequence, atMs, this.#wallNs(capturedAtMs), data);
  }

  async #message(topic: string, sequence: number, atMs: number, publishTime: bigint, data: Uint8Array): Promise<void> {
    const channelId = this.#channels.get(topic)!;
    const logTime = this.#wallNs(atMs);
    // 32 bits in the file; a stamp and its image are neighbours, so a wrap cannot confuse them
    await this.#mcap.addMessage({ channelId, sequence: sequence % 2 ** 32, logTime, publishTime, data });
  }

  #wallNs(monotonicMs: number): bigint {
    const { beganAtMs, beganAtMonotonicMs } = this.#info;
    return BigInt(Math.round((beganAtMs + monotonicMs - beganAtMonotonicMs) * 1000)) * 1000n;
  }
}

function imageFacts(modality: Modality): [string, string][] {
  return modality === 'depth' ? [['unit', 'mm']] : [];
}

function rgbData(data: Uint8Array): { encoding: 'rgb8'; data: Uint8Array } {
  return { encoding: 'rgb8', data };
}

function depthData(depthMm: Float32Array): { encoding: '32FC1'; data: Uint8Array } {
  return {
    encoding: '32FC1',
    data: new Uint8Array(depthMm.buffer, depthMm.byteOffset, depthMm.byteLength),
  };
}
