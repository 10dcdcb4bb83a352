/**
 * One strip or tile of a TIFF: unpacked (LZW or deflate), the predictor undone, its samples read. Bounded by the size
 * that the block must have: a packed block that claims more is not followed.
 */
import { inflateSync } from 'node:zlib';

export type SampleType = 'uint8' | 'uint16' | 'int16' | 'float32' | 'float64';
export const sampleBytes = { uint8: 1, uint16: 2, int16: 2, float32: 4, float64: 8 } as const;

export interface BlockGrid {
  columns: number;
  rows: number;
  channels: number;
  sample: SampleType;
  little: boolean;
}

export interface Packing {
  compression: number;
  predictor: number;
}

/** The bytes of the samples in the order of the file. Throws where it cannot be read, without naming the file. */
export function unpacked(packed: Uint8Array, grid: BlockGrid, { compression, predictor }: Packing): Uint8Array {
  const most = grid.columns * grid.rows * grid.channels * sampleBytes[grid.sample];
  const bytes = decompressed(packed, compression, most);
  if (predictor === 1) return bytes;
  if (predictor === 2 && !grid.sample.startsWith('float')) return undifferenced(bytes, grid);
  if (predictor === 3 && grid.sample.startsWith('float')) return ungathered(bytes, grid);
  throw new Error(`predictor is ${predictor}, expected 1, 2 for whole numbers or 3 for float`);
}

export function sampleReader(bytes: Uint8Array, { sample, little }: BlockGrid): (index: number) => number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  switch (sample) {
    case 'uint8':
      return (index) => view.getUint8(index);
    case 'uint16':
      return (index) => view.getUint16(index * 2, little);
    case 'int16':
      return (index) => view.getInt16(index * 2, little);
    case 'float32':
      return (index) => view.getFloat32(index * 4, little);
    case 'float64':
      return (index) => view.getFloat64(index * 8, little);
  }
}

function decompressed(packed: Uint8Array, compression: number, mostBytes: number): Uint8Array {
  if (compression === 1) return packed;
  if (compression === 5) return unLzw(packed, mostBytes);
  // 8 is Adobe's number for it, the other the older one
  if (compression === 8 || compression === 32946) {
    return new Uint8Array(inflateSync(packed, { maxOutputLength: mostBytes + 1 }));
  }
  throw new Error(`compression is ${compression}, expected 1 (none), 5 (LZW) or 8 (deflate)`);
}

const lzw = { clear: 256, end: 257, first: 258, leastBits: 9, mostBits: 12 } as const;

/** TIFF's LZW: codes of 9 to 12 bits, highest bit first, one bit wider one code early. */
function unLzw(packed: Uint8Array, mostBytes: number): Uint8Array {
  const out = new Uint8Array(mostBytes);
  // an entry is a piece of what was written already: where it begins and how long it is
  const [starts, lengths] = [new Uint32Array(1 << lzw.mostBits), new Uint32Array(1 << lzw.mostBits)];
  let [at, next, bits, held, holding] = [0, lzw.first as number, lzw.leastBits as number, 0, 0];
  let before: { start: number; length: number } | null = null;
  for (const byte of packed) {
    held = (held << 8) | byte;
    holding += 8;
    if (holding < bits) continue;
    holding -= bits;
    const code = held >> holding;
    held &= (1 << holding) - 1;
    if (code === lzw.end || at === mostBytes) break;
    if (code === lzw.clear) {
      [next, bits, before] = [lzw.first, lzw.leastBits, null];
      continue;
    }
    const start = at;
    if (code < lzw.clear) out[at++] = code;
    else if (code < next || (code === next && before !== null)) {
      // the entry being made is the piece before and the first byte of itself
      const from: { start: number; length: number } =
        code < next ? { start: starts[code]!, length: lengths[code]! } : { ...before!, length: before!.length + 1 };
      for (let k = 0; k < from.length && at < mostBytes; k++) out[at++] = out[from.start + k]!;
    } else throw new Error('its LZW data is damaged');
    if (before !== null && next < 1 << lzw.mostBits) {
      [starts[next], lengths[next]] = [before.start, before.length + 1];
      next++;
    }
    before = { start, length: at - start };
    if (next >= (1 << bits) - 1 && bits < lzw.mostBits) bits++;
  }
  return out.subarray(0, at);
}

/** Predictor 2: each sample is the difference to the one on its left. */
function undifferenced(bytes: Uint8Array, { columns, rows, channels, sample, little }: BlockGrid): Uint8Array {
  const out = bytes.slice();
  const view = new DataView(out.buffer);
  const [width, size] = [columns * channels, sampleBytes[sample]];
  for (let row = 0; row < rows; row++) {
    for (let i = row * width + channels; i < (row + 1) * width; i++) {
      if (size === 1) out[i] = out[i]! + out[i - channels]!;
      else view.setUint16(i * 2, view.getUint16(i * 2, little) + view.getUint16((i - channels) * 2, little), little);
    }
  }
  return out;
}

/** Predictor 3: a row's bytes sorted by their weight, highest first, each the difference to the one on its left. */
function ungathered(bytes: Uint8Array, { columns, rows, channels, sample, little }: BlockGrid): Uint8Array {
  const [samples, size] = [columns * channels, sampleBytes[sample]];
  const out = new Uint8Array(bytes.length);
  for (let row = 0; row < rows; row++) {
    const line = bytes.slice(row * samples * size, (row + 1) * samples * size);
    for (let i = channels; i < line.length; i++) line[i] = line[i]! + line[i - channels]!;
    for (let i = 0; i < samples; i++) {
      for (let b = 0; b < size; b++) {
        const weight = little ? size - 1 - b : b;
        out[(row * samples + i) * size + b] = line[weight * samples + i]!;
      }
    }
  }
  return out;
}
