import { describe, expect, it } from 'vitest';
import { decodeFloatTiff } from '../../../drivers/image/tiff.ts';
import { type TiffShape, writeTiff } from './tiff-writer.ts';

const widthPx = 5;
const heightPx = 4;
const values = Array.from({ length: widthPx * heightPx * 3 }, (_, i) => Math.fround(i * 0.37 - 3));
values[7] = Number.NaN;
values[8] = Number.POSITIVE_INFINITY;
const written = (shape: Partial<TiffShape> = {}): Uint8Array => writeTiff(values, { widthPx, heightPx, ...shape });

describe('float TIFF', () => {
  it.each([
    ['one strip', {}],
    ['big-endian', { little: false }],
    ['a strip per row', { rowsPerStrip: 1 }],
    ['a short last strip', { rowsPerStrip: 3 }],
    ['planes', { planar: true, rowsPerStrip: 3 }],
    ['rowsPerStrip larger than the image', { tags: { 278: [4_294_967_295] } }],
  ] as [string, Partial<TiffShape>][])('reads %s bit by bit', (_name, shape) => {
    expect(decodeFloatTiff(written(shape), 'a.tiff')).toEqual({
      widthPx,
      heightPx,
      values: Float32Array.from(values),
    });
  });

  it('reads from the middle of a larger buffer', () => {
    const bytes = written();
    const larger = new Uint8Array(bytes.length + 3);
    larger.set(bytes, 3);
    expect(decodeFloatTiff(larger.subarray(3), 'a.tiff').values).toEqual(Float32Array.from(values));
  });

  it('refuses every truncation, naming the file', () => {
    const bytes = written({ rowsPerStrip: 2 });
    for (let length = 0; length < bytes.length; length++) {
      expect(() => decodeFloatTiff(bytes.subarray(0, length), 'cut.tiff')).toThrow('Cannot decode cut.tiff: it is');
    }
  });

  it.each([
    ['compression', { 259: [5] }, 'compression is 5, expected 1 (none)'],
    ['integers', { 339: [1, 1, 1] }, 'sampleFormat is 1,1,1, expected 3 (float)'],
    ['one channel', { 277: [1] }, 'samplesPerPixel is 1, expected 3'],
    ['doubles', { 258: [64, 64, 64] }, 'bitsPerSample is 64,64,64, expected 32 bit'],
    ['tiles', { 322: [16] }, 'it is tiled, expected strips'],
    ['no size', { 256: null }, 'it has no width'],
    ['a forged size', { 256: [1_000_000], 257: [1_000_000] }, 'its size is 1000000 x 1000000'],
    ['short strips', { 279: [3] }, 'strip 0 has 3 bytes'],
  ] as [string, Record<number, number[] | null>, string][])('refuses %s', (_name, tags, text) => {
    expect(() => decodeFloatTiff(written({ tags }), 'a.tiff')).toThrow(text);
  });

  it('refuses what is no TIFF', () => {
    expect(() => decodeFloatTiff(new Uint8Array(100), 'a.tiff')).toThrow('Cannot decode a.tiff: it is not a TIFF');
  });
});
