/**
 * Reads depth from NumPy's `.npy`, versions 1 to 3: [h, w] of distances, or [h, w, 3] of x, y, z. Takes uint16, int16,
 * int32, float32 and float64 of either byte order in rows; refuses columns first, other types, and a file cut short.
 */
import { fail, messageOf } from '../../errors.ts';
import { maxImagePx } from '../image/png.ts';
import type { RawDepth } from '../replay/depth-signs.ts';

type Read = (view: DataView, at: number, little: boolean) => number;
const types: Readonly<Record<string, { bytes: number; read: Read }>> = {
  u1: { bytes: 1, read: (view, at) => view.getUint8(at) },
  u2: { bytes: 2, read: (view, at, little) => view.getUint16(at, little) },
  i2: { bytes: 2, read: (view, at, little) => view.getInt16(at, little) },
  i4: { bytes: 4, read: (view, at, little) => view.getInt32(at, little) },
  f4: { bytes: 4, read: (view, at, little) => view.getFloat32(at, little) },
  f8: { bytes: 8, read: (view, at, little) => view.getFloat64(at, little) },
};

/** Throws `image/unreadable`, or `image/eightBit`. */
export function decodeNpy(bytes: Uint8Array, path: string): RawDepth {
  const refuse = (cause: string): Error => fail('image/unreadable', { path, cause });
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (file.toString('latin1', 0, 6) !== '\x93NUMPY') throw refuse('it is not a .npy file');
  const long = (file[6] ?? 0) > 1;
  const dataAt = long ? 12 + read32(file, 8) : 10 + (file.length >= 10 ? file.readUInt16LE(8) : 0);
  const header = file.toString('latin1', long ? 12 : 10, dataAt);
  const descr = /'descr':\s*'([<>|=]?)(\w\d)'/.exec(header);
  const shape = /'shape':\s*\(([^)]*)\)/.exec(header)?.[1]?.match(/\d+/g)?.map(Number);
  if (descr === null || shape === undefined) {
    const said = /'descr':\s*('[^']*'|\[.{0,60})/.exec(header)?.[1] ?? 'not there';
    throw refuse(`its type is ${said}, expected one of ${Object.keys(types).join(', ')} and a shape`);
  }
  const type = types[descr[2]!];
  if (type === undefined) throw refuse(`its type is ${descr[2]}, expected one of ${Object.keys(types).join(', ')}`);
  if (type.bytes === 1) throw fail('image/eightBit', { path });
  if (/'fortran_order':\s*True/.test(header)) throw refuse('its columns come first (fortran_order), expected rows');
  const [heightPx = 0, widthPx = 0, channels = 1, ...more] = shape;
  const pixels = heightPx * widthPx;
  if (more.length > 0 || (channels !== 1 && channels !== 3) || !(pixels > 0) || pixels > maxImagePx) {
    throw refuse(`its shape is (${shape.join(', ')}), expected (height, width) or (height, width, 3)`);
  }
  const needed = dataAt + pixels * channels * type.bytes;
  if (file.length < needed) throw refuse(`it is truncated: ${file.length} bytes of ${needed}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset + dataAt);
  const little = descr[1] !== '>';
  const z = channels - 1;
  const at = (i: number): number => type.read(view, (i * channels + z) * type.bytes, little);
  const units = descr[2] === 'u2' ? new Uint16Array(pixels) : new Float32Array(pixels);
  for (let i = 0; i < pixels; i++) units[i] = at(i);
  return { widthPx, heightPx, units };
}

function read32(file: Buffer, at: number): number {
  return file.length >= at + 4 ? file.readUInt32LE(at) : 0;
}

/** What a text format throws while it is read, with the file's name. */
export function unreadable(path: string, error: unknown): Error {
  const cause = error instanceof RangeError ? 'it is truncated' : messageOf(error);
  return fail('image/unreadable', { path, cause }, error);
}
