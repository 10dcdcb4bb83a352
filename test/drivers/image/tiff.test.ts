import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { decodeDepthTiff, decodeXyzTiff } from '../../../drivers/image/tiff.ts';
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
    expect(decodeXyzTiff(written(shape), 'a.tiff')).toEqual({
      widthPx,
      heightPx,
      channels: 3,
      sample: 'float32',
      values: Float32Array.from(values),
    });
  });

  it('reads from the middle of a larger buffer', () => {
    const bytes = written();
    const larger = new Uint8Array(bytes.length + 3);
    larger.set(bytes, 3);
    expect(decodeXyzTiff(larger.subarray(3), 'a.tiff').values).toEqual(Float32Array.from(values));
  });

  it('refuses every truncation, naming the file', () => {
    const bytes = written({ rowsPerStrip: 2 });
    for (let length = 0; length < bytes.length; length++) {
      expect(() => decodeXyzTiff(bytes.subarray(0, length), 'cut.tiff')).toThrow('Cannot decode cut.tiff: it is');
    }
  });

  it.each([
    ['compression', { 259: [7] }, 'compression is 7, expected 1 (none), 5 (LZW) or 8 (deflate)'],
    ['what is no deflate', { 259: [8] }, 'Cannot decode a.tiff'],
    ['32-bit integers', { 339: [1, 1, 1] }, 'its samples are 32,32,32 bit of format 1,1,1, expected'],
    ['one channel', { 277: [1] }, 'samplesPerPixel is 1, expected 3'],
    ['white is zero', { 262: [0] }, 'photometric is 0'],
    ['a predictor of the wrong type', { 317: [2] }, 'predictor is 2, expected 1, 2 for whole numbers or 3 for float'],
    ['tiles without their places', { 322: [16], 323: [16] }, 'it has no tileOffsets'],
    ['no size', { 256: null }, 'it has no width'],
    ['a forged size', { 256: [1_000_000], 257: [1_000_000] }, 'its size is 1000000 x 1000000'],
    ['short strips', { 279: [3] }, 'block 0 has 3 bytes'],
  ] as [string, Record<number, number[] | null>, string][])('refuses %s', (_name, tags, text) => {
    expect(() => decodeXyzTiff(written({ tags }), 'a.tiff')).toThrow(text);
  });

  it('refuses what is no TIFF', () => {
    expect(() => decodeXyzTiff(new Uint8Array(100), 'a.tiff')).toThrow('Cannot decode a.tiff: it is not a TIFF');
  });
});

interface Written {
  name: string;
  channels: number;
  sample: string;
  file: string;
}
const samples = JSON.parse(readFileSync(new URL('tiff-samples.json', import.meta.url), 'utf8')) as Written[];

describe('TIFF of another writer', () => {
  it.each(samples)('$name', ({ channels, sample, file }) => {
    const decode = channels === 1 ? decodeDepthTiff : decodeXyzTiff;
    const image = decode(Buffer.from(file, 'base64'), 'a.tif');
    const wanted = Float32Array.from({ length: 21 * 37 * channels }, (_, i) => {
      const [c, x, y] = [i % channels, Math.floor(i / channels) % 37, Math.floor(i / channels / 37)];
      return ((x * 7 + y * 31 + c * 5) % 50) * 20 + 4000;
    });
    expect(image).toEqual({ widthPx: 37, heightPx: 21, channels, sample, values: wanted });
  });

  it('damaged in any byte is decoded or refused by name, never worse', () => {
    const packed = samples.filter(({ name }) => /^uint16.*(lzw|deflate)\+ (strips|tiles) </.test(name));
    expect(packed).toHaveLength(4);
    for (const { file } of packed) {
      const bytes = Buffer.from(file, 'base64');
      for (let at = 0; at < bytes.length; at += 7) {
        const damaged = Uint8Array.from(bytes, (byte, i) => (i === at ? byte ^ 0xff : byte));
        try {
          decodeDepthTiff(damaged, 'damaged.tif');
        } catch (error) {
          expect(error).toMatchObject({ name: 'TwinspectError', values: { path: 'damaged.tif' } });
        }
      }
    }
  });
});
