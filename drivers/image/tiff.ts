/**
 * Reads depth from TIFF: float or 16-bit, one channel (a depth image) or three (the xyz images of MVTec 3D-AD).
 *
 * sharp clips or scales such samples, and the kept decoders in JavaScript read planes, tiles of several channels and
 * predicted floats wrongly or not at all, so it is read here. Takes classic TIFF of either byte order; strips or tiles;
 * channels interleaved or in planes; plain, LZW or deflate, with either predictor. Refuses by name what it does not
 * read (BigTIFF, other compressions and sample types, several pages) and any block that leaves the file.
 */
import { fail, messageOf, TwinspectError } from '../../errors.ts';
import { expectUpright } from './colours.ts';
import { maxImagePx } from './png.ts';
import { type SampleType, sampleBytes, sampleReader, unpacked } from './tiff-blocks.ts';

export interface TiffImage {
  widthPx: number;
  heightPx: number;
  channels: number;
  sample: SampleType;
  /** [heightPx, widthPx, channels], row-major. */
  values: Float32Array;
}

const tags = {
  width: 256,
  height: 257,
  bitsPerSample: 258,
  compression: 259,
  photometric: 262,
  stripOffsets: 273,
  orientation: 274,
  samplesPerPixel: 277,
  rowsPerStrip: 278,
  stripByteCounts: 279,
  planarConfig: 284,
  predictor: 317,
  tileWidth: 322,
  tileHeight: 323,
  tileOffsets: 324,
  tileByteCounts: 325,
  sampleFormat: 339,
} as const;
type Fields = ReadonlyMap<number, readonly number[]>;

/** Three channels of floats: x, y and z. Throws `image/unreadable` or `image/turned`. */
export function decodeXyzTiff(bytes: Uint8Array, path: string): TiffImage {
  return decoding(bytes, path, ({ channels, sample }) => {
    if (channels !== 3) throw new Error(`samplesPerPixel is ${channels}, expected 3 (x, y, z)`);
    if (!sample.startsWith('float')) throw new Error(`its samples are ${sample}, expected float`);
  });
}

/** One channel of distances. Throws `image/unreadable`, `image/turned`, or `image/eightBit` where it has only 8 bit. */
export function decodeDepthTiff(bytes: Uint8Array, path: string): TiffImage {
  return decoding(bytes, path, ({ channels, sample }) => {
    if (sample === 'uint8') throw fail('image/eightBit', { path });
    if (channels !== 1) throw new Error(`samplesPerPixel is ${channels}, expected 1 (the distance)`);
  });
}

type Kind = Pick<TiffImage, 'channels' | 'sample'>;

function decoding(bytes: Uint8Array, path: string, expect: (kind: Kind) => void): TiffImage {
  try {
    return decode(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), path, expect);
  } catch (error) {
    if (error instanceof TwinspectError) throw error;
    const cause = error instanceof RangeError ? 'it is truncated' : messageOf(error);
    throw fail('image/unreadable', { path, cause }, error);
  }
}

function decode(file: DataView, path: string, expect: (kind: Kind) => void): TiffImage {
  const little = byteOrder(file);
  const fields = readDirectory(file, little);
  expectUpright(fields.get(tags.orientation)?.[0], path);
  const [widthPx, heightPx] = [one(fields, 'width'), one(fields, 'height')];
  if (widthPx < 1 || heightPx < 1 || widthPx * heightPx > maxImagePx) {
    throw new Error(`its size is ${widthPx} x ${heightPx}, expected 1 to ${maxImagePx} pixels`);
  }
  const channels = optional(fields, 'samplesPerPixel', 1);
  const sample = sampleType(fields);
  expect({ channels, sample });
  const photometric = optional(fields, 'photometric', 1);
  // 0 is "white is zero": whether such numbers are distances or their opposite, nobody can tell
  if (photometric === 0) throw new Error('photometric is 0 (white is zero), expected 1 or 2');
  const planar = optional(fields, 'planarConfig', 1);
  if (planar !== 1 && planar !== 2) throw new Error(`planarConfig is ${planar}, expected 1 or 2`);
  const shape = { widthPx, heightPx, channels, planes: planar === 2 ? channels : 1, sample };
  return { widthPx, heightPx, channels, sample, values: readBlocks(file, little, fields, shape) };
}

function byteOrder(file: DataView): boolean {
  const mark = file.getUint16(0);
  if (mark !== 0x4949 && mark !== 0x4d4d) throw new Error('it is not a TIFF');
  const little = mark === 0x4949;
  const magic = file.getUint16(2, little);
  if (magic === 43) throw new Error('it is a BigTIFF, expected classic TIFF');
  if (magic !== 42) throw new Error('it is not a TIFF');
  return little;
}

/** The one directory: tag -> numbers. Only SHORT and LONG are kept; no tag needed here has another type. */
function readDirectory(file: DataView, little: boolean): Fields {
  const fields = new Map<number, number[]>();
  const start = file.getUint32(4, little);
  const count = file.getUint16(start, little);
  for (let i = 0; i < count; i++) {
    const entry = start + 2 + i * 12;
    const type = file.getUint16(entry + 2, little);
    const n = file.getUint32(entry + 4, little);
    const size = type === 3 ? 2 : type === 4 ? 4 : 0;
    if (size === 0) continue;
    const at = n * size <= 4 ? entry + 8 : file.getUint32(entry + 8, little);
    if (at + n * size > file.byteLength) throw new RangeError('field beyond the end');
    fields.set(
      file.getUint16(entry, little),
      Array.from({ length: n }, (_, k) =>
        size === 2 ? file.getUint16(at + k * 2, little) : file.getUint32(at + k * 4, little),
      ),
    );
  }
  if (file.getUint32(start + 2 + count * 12, little) !== 0) throw new Error('it has several pages, expected one');
  return fields;
}

/** By bits and format: 1 whole numbers, 2 with a sign, 3 float. */
const sampleTypes: Readonly<Record<string, SampleType>> = {
  '8/1': 'uint8',
  '16/1': 'uint16',
  '16/2': 'int16',
  '32/3': 'float32',
  '64/3': 'float64',
};

function sampleType(fields: Fields): SampleType {
  const kinds = new Set(all(fields, 'bitsPerSample').map((bits, i) => `${bits}/${sampleFormat(fields, i)}`));
  const [kind = ''] = kinds;
  const found = kinds.size === 1 ? sampleTypes[kind] : undefined;
  if (found !== undefined) return found;
  const [bits, formats] = [all(fields, 'bitsPerSample').join(','), fields.get(tags.sampleFormat)?.join(',') ?? '1'];
  throw new Error(
    `its samples are ${bits} bit of format ${formats}, expected 16-bit whole numbers, or 32 or 64 bit float`,
  );
}

function sampleFormat(fields: Fields, channel: number): number {
  const formats = fields.get(tags.sampleFormat) ?? [1];
  return formats[channel] ?? formats[0]!;
}

interface Shape {
  widthPx: number;
  heightPx: number;
  channels: number;
  planes: number;
  sample: SampleType;
}

/** Strips are tiles as wide as the image whose last one is cut short. */
function readBlocks(file: DataView, little: boolean, fields: Fields, shape: Shape): Float32Array {
  const { widthPx, heightPx, channels, planes, sample } = shape;
  const tiled = fields.has(tags.tileWidth);
  const wide = tiled ? one(fields, 'tileWidth') : widthPx;
  const high = tiled ? one(fields, 'tileHeight') : Math.min(optional(fields, 'rowsPerStrip', heightPx), heightPx);
  if (wide < 1 || high < 1 || wide * high > maxImagePx) throw new Error(`its blocks are ${wide} x ${high}`);
  const [across, down] = [Math.ceil(widthPx / wide), Math.ceil(heightPx / high)];
  const offsets = all(fields, tiled ? 'tileOffsets' : 'stripOffsets');
  const counts = all(fields, tiled ? 'tileByteCounts' : 'stripByteCounts');
  const blocks = across * down * planes;
  if (offsets.length !== blocks || counts.length !== blocks) {
    throw new Error(`it has ${offsets.length} blocks of ${counts.length} byte counts, expected ${blocks}`);
  }
  const packing = { compression: optional(fields, 'compression', 1), predictor: optional(fields, 'predictor', 1) };
  const each = channels / planes;
  const values = new Float32Array(widthPx * heightPx * channels);
  for (let block = 0; block < blocks; block++) {
    const plane = Math.floor(block / (across * down));
    const [left, top] = [(block % across) * wide, (Math.floor(block / across) % down) * high];
    const rows = tiled ? high : Math.min(high, heightPx - top);
    if (offsets[block]! + counts[block]! > file.byteLength) throw new RangeError('block beyond the end');
    const packed = new Uint8Array(file.buffer, file.byteOffset + offsets[block]!, counts[block]!);
    const grid = { columns: wide, rows, channels: each, sample, little };
    const bytes = unpacked(packed, grid, packing);
    const expected = wide * rows * each * sampleBytes[sample];
    if (bytes.byteLength < expected) {
      throw new Error(`block ${block} has ${bytes.byteLength} bytes, expected ${expected}`);
    }
    const read = sampleReader(bytes, grid);
    const [lastX, lastY] = [Math.min(wide, widthPx - left), Math.min(rows, heightPx - top)];
    for (let y = 0; y < lastY; y++) {
      for (let x = 0; x < lastX; x++) {
        const to = ((top + y) * widthPx + left + x) * channels + plane;
        for (let c = 0; c < each; c++) values[to + c] = read((y * wide + x) * each + c);
      }
    }
  }
  return values;
}

function all(fields: Fields, tag: keyof typeof tags): readonly number[] {
  const values = fields.get(tags[tag]);
  if (!values || values.length === 0) throw new Error(`it has no ${tag}`);
  return values;
}

function one(fields: Fields, tag: keyof typeof tags): number {
  return all(fields, tag)[0]!;
}

function optional(fields: Fields, tag: keyof typeof tags, otherwise: number): number {
  return fields.get(tags[tag])?.[0] ?? otherwise;
}
