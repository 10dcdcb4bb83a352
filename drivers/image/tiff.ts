/**
 * Reads float32 TIFF with three channels: the xyz images of MVTec 3D-AD. sharp clips or scales them.
 *
 * Takes classic TIFF of either byte order, uncompressed, in strips, channels interleaved or in planes. Refuses by name
 * what it does not read (compression, tiles, BigTIFF, other sample types) and any strip that leaves the file.
 */
import { fail, messageOf, TwinspectError } from '../../errors.ts';
import { expectUpright } from './colours.ts';
import { maxImagePx } from './png.ts';

export interface FloatImage3 {
  widthPx: number;
  heightPx: number;
  /** [heightPx, widthPx, 3], row-major. */
  values: Float32Array;
}

const tags = {
  width: 256,
  height: 257,
  bitsPerSample: 258,
  compression: 259,
  stripOffsets: 273,
  orientation: 274,
  samplesPerPixel: 277,
  rowsPerStrip: 278,
  stripByteCounts: 279,
  planarConfig: 284,
  tileWidth: 322,
  sampleFormat: 339,
} as const;

const bytesPerSample = 4;
const channels = 3;

export function decodeFloatTiff(bytes: Uint8Array, path: string): FloatImage3 {
  try {
    return decode(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), path);
  } catch (error) {
    if (error instanceof TwinspectError) throw error;
    const cause = error instanceof RangeError ? 'it is truncated' : messageOf(error);
    throw fail('image/unreadable', { path, cause }, error);
  }
}

function decode(file: DataView, path: string): FloatImage3 {
  const little = byteOrder(file);
  const fields = readDirectory(file, little);
  expectUpright(fields.get(tags.orientation)?.[0], path);
  const widthPx = one(fields, 'width');
  const heightPx = one(fields, 'height');
  if (widthPx < 1 || heightPx < 1 || widthPx * heightPx > maxImagePx) {
    throw new Error(`its size is ${widthPx} x ${heightPx}, expected 1 to ${maxImagePx} pixels`);
  }
  if (fields.has(tags.tileWidth)) throw new Error('it is tiled, expected strips');
  expectField(fields, 'compression', 1, '1 (none)');
  expectField(fields, 'samplesPerPixel', channels, '3');
  expectField(fields, 'bitsPerSample', 32, '32 bit');
  expectField(fields, 'sampleFormat', 3, '3 (float)');
  const planar = fields.get(tags.planarConfig)?.[0] ?? 1;
  if (planar !== 1 && planar !== 2) throw new Error(`planarConfig is ${planar}, expected 1 or 2`);
  const raw = joinStrips(file, little, fields, { widthPx, heightPx, planes: planar === 2 ? channels : 1 });
  return { widthPx, heightPx, values: planar === 1 ? raw : interleave(raw, widthPx * heightPx) };
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

/** The first directory: tag -> numbers. Only SHORT and LONG are kept; no tag needed here has another type. */
function readDirectory(file: DataView, little: boolean): Map<number, number[]> {
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
  return fields;
}

function joinStrips(
  file: DataView,
  little: boolean,
  fields: Map<number, number[]>,
  shape: { widthPx: number; heightPx: number; planes: number },
): Float32Array {
  const offsets = all(fields, 'stripOffsets');
  const counts = all(fields, 'stripByteCounts');
  const rowsPerStrip = Math.min(fields.get(tags.rowsPerStrip)?.[0] ?? shape.heightPx, shape.heightPx);
  if (rowsPerStrip < 1) throw new Error('rowsPerStrip is 0, expected at least 1');
  const stripsPerPlane = Math.ceil(shape.heightPx / rowsPerStrip);
  const strips = stripsPerPlane * shape.planes;
  if (offsets.length !== strips || counts.length !== strips) {
    throw new Error(`it has ${offsets.length} strips of ${counts.length} byte counts, expected ${strips}`);
  }
  const samplesPerRow = (shape.widthPx * channels) / shape.planes;
  const values = new Float32Array(shape.widthPx * shape.heightPx * channels);
  let at = 0;
  for (let strip = 0; strip < strips; strip++) {
    const rows = Math.min(rowsPerStrip, shape.heightPx - (strip % stripsPerPlane) * rowsPerStrip);
    const samples = rows * samplesPerRow;
    const offset = offsets[strip]!;
    if (counts[strip]! < samples * bytesPerSample) {
      throw new Error(`strip ${strip} has ${counts[strip]} bytes, expected ${samples * bytesPerSample}`);
    }
    if (offset + samples * bytesPerSample > file.byteLength) throw new RangeError('strip beyond the end');
    for (let k = 0; k < samples; k++) values[at++] = file.getFloat32(offset + k * bytesPerSample, little);
  }
  return values;
}

function interleave(planes: Float32Array, pixels: number): Float32Array {
  const values = new Float32Array(planes.length);
  for (let i = 0; i < pixels; i++) {
    for (let c = 0; c < channels; c++) values[i * channels + c] = planes[c * pixels + i]!;
  }
  return values;
}

function all(fields: Map<number, number[]>, tag: keyof typeof tags): number[] {
  const values = fields.get(tags[tag]);
  if (!values || values.length === 0) throw new Error(`it has no ${tag}`);
  return values;
}

function one(fields: Map<number, number[]>, tag: keyof typeof tags): number {
  return all(fields, tag)[0]!;
}

function expectField(fields: Map<number, number[]>, tag: keyof typeof tags, value: number, text: string): void {
  const values = all(fields, tag);
  if (values.some((actual) => actual !== value)) throw new Error(`${tag} is ${values.join(',')}, expected ${text}`);
}
