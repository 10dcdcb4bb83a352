/**
 * Reads a recording from its beginning, a piece at a time: a file that was cut by a kill gives everything up to its
 * last whole message, and says that it was cut. Refuses what is no recording of Twinspect, naming what it is instead.
 */
import { zstdDecompressSync } from 'node:zlib';
import { McapStreamReader, type McapTypes } from '@mcap/core';
import { fail, messageOf } from '../../errors.ts';
import type { Modality } from '../frame.ts';
import {
  type CameraEvent,
  calibrationAttachment,
  type RecordedCamera,
  type RecordedStamp,
  type RecordingInfo,
  recordingMetadata,
  recordingVersion,
  type StampEvent,
} from './format.ts';
import { decodeImage, type ImageMessage } from './image-message.ts';

/** One thing a camera said, with the recorder's monotonic clock when it did. */
export type Recorded = RecordedEvent | RecordedFrame;

export interface RecordedEvent {
  readonly cameraId: string;
  readonly atMs: number;
  readonly event: CameraEvent;
}

export interface RecordedFrame {
  readonly cameraId: string;
  readonly atMs: number;
  readonly stamp: RecordedStamp;
  readonly image: ImageMessage;
}

/** Largest record that is waited for: a damaged length must not collect the whole file in memory. */
const recordMaxBytes = 512 * 1024 * 1024;
/** What compressed chunks may grow to. */
const chunkMaxBytes = 512 * 1024 * 1024;

export interface Recording {
  readonly info: RecordingInfo;
  /** In the order they were recorded; once. */
  readonly items: AsyncIterable<Recorded>;
  /** Known when the items are over: what was wrong with the end of the file; null where it is whole. */
  damage(): string | null;
  /** Lets go of the file; the items do it themselves when they are over. */
  close(): Promise<void>;
}

/** `pieces` are the bytes of the file. Throws `recording/unreadable`. */
export async function readRecording(pieces: AsyncIterable<Uint8Array>, path: string): Promise<Recording> {
  const records = new Records(pieces, path);
  const info = await records.head();
  const items = records.items();
  return { info, items, damage: () => records.damage, close: () => records.close() };
}

class Records {
  readonly #pieces: AsyncIterator<Uint8Array>;
  readonly #path: string;
  readonly #mcap = new McapStreamReader({
    decompressHandlers: {
      zstd: (bytes) => zstdDecompressSync(bytes, { maxOutputLength: chunkMaxBytes }),
    },
  });
  readonly #channels = new Map<number, { cameraId: string; what: string }>();
  #bytes = 0;
  #begun = false;
  #calibration: string | null = null;
  /** The first message, read while looking for the head. */
  #first: McapTypes.Message | null = null;
  damage: string | null = null;

  constructor(pieces: AsyncIterable<Uint8Array>, path: string) {
    this.#pieces = pieces[Symbol.asyncIterator]();
    this.#path = path;
  }

  /** Everything that stands before the first message. */
  async head(): Promise<RecordingInfo> {
    try {
      return await this.#head();
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  async close(): Promise<void> {
    await this.#pieces.return?.();
  }

  async #head(): Promise<RecordingInfo> {
    let metadata: Map<string, string> | null = null;
    for (let record = await this.#next(); record; record = await this.#next()) {
      if (record.type === 'Metadata' && record.name === recordingMetadata) metadata = record.metadata;
      else if (record.type === 'Attachment' && record.name === calibrationAttachment) {
        this.#calibration = new TextDecoder().decode(record.data);
      } else if (record.type === 'Channel') this.#heed(record);
      else if (record.type === 'Message') {
        this.#first = record;
        break;
      }
    }
    if (metadata === null) throw this.#refuse(this.damage ?? this.#foreign());
    const version = metadata.get('version');
    if (version !== recordingVersion) throw this.#refuse(`its version is ${version}, expected ${recordingVersion}`);
    return {
      cameras: this.#cameras(metadata.get('cameras') ?? ''),
      beganAtMs: Number(metadata.get('beganAtMs')),
      beganAtMonotonicMs: Number(metadata.get('beganAtMonotonicMs')),
      calibration: this.#calibration,
    };
  }

  async *items(): AsyncGenerator<Recorded> {
    try {
      let stamp: { cameraId: string; atMs: number; sequence: number; stamp: RecordedStamp } | null = null;
      for (let message = this.#first ?? (await this.#message()); message; message = await this.#message()) {
        const channel = this.#channels.get(message.channelId);
        if (!channel) continue;
        const { cameraId, what } = channel;
        if (what === 'events') {
          const { atMs, ...event } = this.#event(message.data);
          if (event.kind !== 'frame') yield { cameraId, atMs, event };
          else {
            const { kind: _, ...rest } = event;
            stamp = { cameraId, atMs, sequence: message.sequence, stamp: rest };
          }
        } else if (stamp && stamp.sequence === message.sequence && stamp.cameraId === cameraId) {
          yield { cameraId, atMs: stamp.atMs, stamp: stamp.stamp, image: this.#image(message.data) };
          stamp = null;
        }
      }
    } finally {
      await this.close();
    }
  }

  async #message(): Promise<McapTypes.Message | null> {
    this.#first = null;
    for (let record = await this.#next(); record; record = await this.#next()) {
      if (record.type === 'Channel') this.#heed(record);
      if (record.type === 'Message') return record;
    }
    return null;
  }

  /** Null at the end of what can be read, whole or not. */
  async #next(): Promise<McapTypes.TypedMcapRecord | null> {
    if (this.damage !== null) return null;
    for (;;) {
      let record: McapTypes.TypedMcapRecord | undefined;
      try {
        record = this.#mcap.nextRecord();
      } catch (error) {
        return this.#broken(!this.#begun ? 'it is no MCAP file' : `damaged: ${messageOf(error)}`);
      }
      if (record) {
        this.#begun = true;
        return record;
      }
      if (this.#mcap.done()) return null;
      if (this.#mcap.bytesRemaining() > recordMaxBytes) return this.#broken('damaged: a record without an end');
      const piece = await this.#pieces.next();
      if (piece.done) {
        return this.#broken(this.#bytes === 0 ? 'it is empty' : 'it is cut: the recording was not ended');
      }
      this.#bytes += piece.value.length;
      this.#mcap.append(piece.value);
    }
  }

  #broken(damage: string): null {
    this.damage = damage;
    return null;
  }

  #heed({ id, topic }: McapTypes.Channel): void {
    const found = /^\/(.+)\/(events|rgb|depth)$/.exec(topic);
    if (found) this.#channels.set(id, { cameraId: found[1]!, what: found[2]! });
  }

  #event(data: Uint8Array): (CameraEvent | StampEvent) & { atMs: number } {
    try {
      return JSON.parse(new TextDecoder().decode(data)) as (CameraEvent | StampEvent) & { atMs: number };
    } catch (error) {
      throw this.#refuse(`an event that is no JSON: ${messageOf(error)}`);
    }
  }

  #image(data: Uint8Array): ImageMessage {
    try {
      return decodeImage(data);
    } catch (error) {
      throw this.#refuse(messageOf(error));
    }
  }

  #cameras(text: string): RecordedCamera[] {
    const modalities: readonly Modality[] = ['rgb', 'depth'];
    try {
      const cameras = JSON.parse(text) as RecordedCamera[];
      const fits = cameras.every(
        ({ id, modalities: of }) => typeof id === 'string' && of.every((each) => modalities.includes(each)),
      );
      if (fits && cameras.length > 0) return cameras;
    } catch {
      // said below, with what stands there
    }
    throw this.#refuse(`its cameras are ${text.slice(0, 80)}`);
  }

  #foreign(): string {
    return 'an MCAP file of another program: it has no metadata "twinspect.recording"';
  }

  #refuse(problem: string): Error {
    return fail('recording/unreadable', { path: this.#path, problem });
  }
}
