/**
 * Reads depth from a PLY whose points are an organised grid, row by row: their z. The grid's size is taken from the
 * file (`obj_info num_cols`, `num_rows`, or `width`, `height`), or from whoever knows it. Takes ascii and binary
 * little-endian; a file without a point for every pixel has lost its grid and is refused.
 */
import type { RawDepth } from '../replay/depth-signs.ts';
import { unreadable } from './npy.ts';

interface Property {
  name: string;
  type: string;
}

type Read = (view: DataView, at: number) => number;
const types: Readonly<Record<string, { bytes: number; read: Read }>> = {
  char: { bytes: 1, read: (view, at) => view.getInt8(at) },
  uchar: { bytes: 1, read: (view, at) => view.getUint8(at) },
  short: { bytes: 2, read: (view, at) => view.getInt16(at, true) },
  ushort: { bytes: 2, read: (view, at) => view.getUint16(at, true) },
  int: { bytes: 4, read: (view, at) => view.getInt32(at, true) },
  uint: { bytes: 4, read: (view, at) => view.getUint32(at, true) },
  float: { bytes: 4, read: (view, at) => view.getFloat32(at, true) },
  double: { bytes: 8, read: (view, at) => view.getFloat64(at, true) },
};
const aliases: Readonly<Record<string, string>> = {
  ...{ int8: 'char', uint8: 'uchar', int16: 'short', uint16: 'ushort' },
  ...{ int32: 'int', uint32: 'uint', float32: 'float', float64: 'double' },
};

/** Throws `image/unreadable`. `size` is the grid where the file does not say. */
export function decodePly(
  bytes: Uint8Array,
  path: string,
  size: { widthPx: number; heightPx: number } | null,
): RawDepth {
  try {
    return decode(bytes, size);
  } catch (error) {
    throw unreadable(path, error);
  }
}

interface Header {
  binary: boolean;
  points: number;
  properties: Property[];
  size: { widthPx: number; heightPx: number } | null;
  dataAt: number;
}

function decode(bytes: Uint8Array, given: { widthPx: number; heightPx: number } | null): RawDepth {
  const header = readHeader(bytes);
  const size = header.size ?? given;
  if (size === null) throw new Error('it does not say how wide its grid is; give the size with --grid');
  const { widthPx, heightPx } = size;
  if (widthPx * heightPx !== header.points) {
    throw new Error(`it has ${header.points} points, expected ${widthPx} x ${heightPx}: one for each pixel`);
  }
  const z = header.properties.findIndex(({ name }) => name === 'z');
  if (z < 0) throw new Error('its points have no z');
  const units = new Float32Array(header.points);
  if (header.binary) readBinary(bytes, header, z, units);
  else readAscii(bytes, header, z, units);
  return { widthPx, heightPx, units };
}

/** Longest header: a few dozen lines of text. */
const headerMaxBytes = 64 * 1024;

function readHeader(bytes: Uint8Array): Header {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.byteLength, headerMaxBytes)).toString(
    'latin1',
  );
  const end = /^end_header\r?\n/m.exec(text);
  if (!/^ply\r?\n/.test(text) || end === null) throw new Error('it is not a PLY');
  const lines = text.slice(0, end.index).split(/\r?\n/);
  const format = lines.find((line) => line.startsWith('format '))?.split(/\s+/)[1] ?? 'none';
  if (format !== 'ascii' && format !== 'binary_little_endian') {
    throw new Error(`its format is ${format}, expected ascii or binary_little_endian`);
  }
  const elements = lines.filter((line) => line.startsWith('element '));
  const [, first, count] = elements[0]?.split(/\s+/) ?? [];
  if (first !== 'vertex') throw new Error('its first element is not vertex');
  const from = lines.indexOf(elements[0]!) + 1;
  const to = elements[1] === undefined ? lines.length : lines.indexOf(elements[1]);
  const properties = lines.slice(from, to).flatMap((line) => {
    const [word, type = '', name = ''] = line.trim().split(/\s+/);
    return word === 'property' ? [{ name, type: aliases[type] ?? type }] : [];
  });
  const unknown = properties.find(({ type }) => !Object.hasOwn(types, type));
  if (unknown !== undefined) throw new Error(`its points have a property of type ${unknown.type}`);
  const said = (...names: string[]): number => {
    const pattern = new RegExp(`^(?:obj_info|comment)\\s+(?:${names.join('|')})\\s*[:=]?\\s*(\\d+)`, 'm');
    return Number(pattern.exec(text.slice(0, end.index))?.[1] ?? 0);
  };
  const [widthPx, heightPx] = [said('num_cols', 'width'), said('num_rows', 'height')];
  const size = widthPx > 0 && heightPx > 0 ? { widthPx, heightPx } : null;
  const dataAt = end.index + end[0].length;
  return { binary: format !== 'ascii', points: Number(count), properties, size, dataAt };
}

function readBinary(bytes: Uint8Array, { properties, dataAt }: Header, z: number, units: Float32Array): void {
  const sizes = properties.map(({ type }) => types[type]!.bytes);
  const stride = sizes.reduce((sum, size) => sum + size, 0);
  const offset = sizes.slice(0, z).reduce((sum, size) => sum + size, 0);
  const { read } = types[properties[z]!.type]!;
  const view = new DataView(bytes.buffer, bytes.byteOffset + dataAt, bytes.byteLength - dataAt);
  if (view.byteLength < stride * units.length) throw new RangeError('points beyond the end');
  for (let i = 0; i < units.length; i++) units[i] = read(view, i * stride + offset);
}

function readAscii(bytes: Uint8Array, { properties, dataAt }: Header, z: number, units: Float32Array): void {
  const lines = new TextDecoder('latin1').decode(bytes.subarray(dataAt)).split(/\r?\n/);
  for (let i = 0; i < units.length; i++) {
    const cells = lines[i]?.trim().split(/\s+/) ?? [];
    if (cells.length < properties.length) throw new RangeError('points beyond the end');
    units[i] = /^[+-]?(nan|inf|infinity)(\(.*\))?$/i.test(cells[z]!) ? Number.NaN : Number(cells[z]);
    if (Number.isNaN(units[i]) && !/nan|inf/i.test(cells[z]!)) {
      throw new Error(`the z of its point ${i} is ${cells[z]}, expected a number`);
    }
  }
}
