/**
 * The memory that daemon and host share: a file in /dev/shm without a name, so that it is gone with the last of the
 * two. Read and written at offsets: two copies of half a megabyte take a tenth of a millisecond, where the process
 * channel took up to 15 ms at the 99th percentile; and a host that is stopped cannot block the writer.
 */
import { closeSync, openSync, readSync, unlinkSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { fail, invariant, messageOf } from '../../errors.ts';
import type { PairImages, Reading } from './port.ts';

const folder = '/dev/shm';

export interface GridSize {
  readonly widthPx: number;
  readonly heightPx: number;
}

/** What a reading is besides its maps, in the order of its numbers in the file. */
const numberNames = [
  ...['score', 'judgedShare', 'offsetMm', 'tiltMmAcross', 'inferMs', 'rssBytes'],
  ...['rgbShare', 'rgbContrast', 'rgbGrain', 'depthShare', 'depthContrast', 'depthGrain'],
] as const;
export type ReadingNumbers = Record<(typeof numberNames)[number], number>;
const numbersBytes = 8 * numberNames.length;

/** Opens the file and takes its name away. Throws `inference/room`. `name` is unique on this machine. */
export function openExchange(name: string): number {
  const path = join(folder, name);
  try {
    const fd = openSync(path, 'wx+', 0o600);
    unlinkSync(path);
    return fd;
  } catch (error) {
    throw fail('inference/room', { folder, cause: messageOf(error) }, error);
  }
}

/** One end of it. Not for two at a time: who may read and write when is said by the messages. */
export class Exchange {
  readonly #fd: number;

  constructor(fd: number) {
    this.#fd = fd;
  }

  writePair({ rgb, depthMm }: PairImages): void {
    this.#write(rgb, numbersBytes);
    this.#write(depthMm, numbersBytes + rgb.byteLength);
  }

  /** Into the reader's own memory, which must have the size of the pair. */
  readPair({ rgb, depthMm }: { rgb: Uint8Array; depthMm: Float32Array }): void {
    this.#read(rgb, numbersBytes);
    this.#read(depthMm, numbersBytes + rgb.byteLength);
  }

  writeReading({ map, judged }: { map: Float32Array; judged: Uint8Array }, numbers: ReadingNumbers): void {
    this.#write(map, numbersBytes);
    this.#write(judged, numbersBytes + map.byteLength);
    this.writeNumbers(numbers);
  }

  /** In memory of its own: the reading outlives the next one. */
  readMaps({ widthPx, heightPx }: GridSize): Pick<Reading, 'map' | 'judged'> {
    const map = new Float32Array(widthPx * heightPx);
    const judged = new Uint8Array(widthPx * heightPx);
    this.#read(map, numbersBytes);
    this.#read(judged, numbersBytes + map.byteLength);
    return { map, judged };
  }

  writeNumbers(numbers: ReadingNumbers): void {
    this.#write(
      Float64Array.from(numberNames, (name) => numbers[name]),
      0,
    );
  }

  readNumbers(): ReadingNumbers {
    const numbers = new Float64Array(numberNames.length);
    this.#read(numbers, 0);
    return Object.fromEntries(numberNames.map((name, at) => [name, numbers[at]])) as ReadingNumbers;
  }

  close(): void {
    closeSync(this.#fd);
  }

  #write(data: NodeJS.ArrayBufferView, at: number): void {
    try {
      const written = writeSync(this.#fd, data, 0, data.byteLength, at);
      // Less than all is a full file system.
      if (written < data.byteLength) throw new Error(`${written} of ${data.byteLength} bytes written`);
    } catch (error) {
      throw fail('inference/room', { folder, cause: messageOf(error) }, error);
    }
  }

  #read(data: NodeJS.ArrayBufferView, at: number): void {
    const read = readSync(this.#fd, data, 0, data.byteLength, at);
    invariant(read === data.byteLength, `${read} of ${data.byteLength} bytes were shared`);
  }
}
