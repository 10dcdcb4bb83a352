/**
 * The .safetensors format: 8 bytes of header length, a JSON header, raw little-endian values. Written as float32; read
 * as float32, float16 and bfloat16 into float32; anything else is refused by name.
 */
import { fail } from '../../errors.ts';

export interface NamedTensor {
  shape: readonly number[];
  data: Float32Array;
}
/** A header larger than this is no header, bytes. */
const largestHeader = 16 * 1024 * 1024;
/** What is read: bytes of a value, and how its bits become a number. */
const types: ReadonlyMap<string, { bytes: number; read(values: ArrayBuffer): Float32Array }> = new Map([
  ['F32', { bytes: 4, read: (values) => new Float32Array(values) }],
  ['F16', { bytes: 2, read: (values) => halves(new Uint16Array(values)) }],
  ['BF16', { bytes: 2, read: (values) => brainHalves(new Uint16Array(values)) }],
]);

/** One tensor in the header; offsets from the end of the header. */
interface Entry {
  dtype: string;
  shape: number[];
  data_offsets: [number, number];
}

/** Throws `weights/unusable` naming the file and what is wrong with it. */
export function readSafetensors(
  bytes: Uint8Array,
  path: string,
): { tensors: Map<string, NamedTensor>; metadata: Record<string, string> } {
  const wrong = (problem: string): never => {
    throw fail('weights/unusable', { path, problem });
  };
  if (bytes.byteLength < 8) wrong(`${bytes.byteLength} bytes long, too short for a .safetensors file`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const headerLength = Number(view.getBigUint64(0, true));
  if (headerLength > largestHeader || 8 + headerLength > bytes.byteLength)
    wrong(`its header length is impossible: ${looksLike(bytes)}`);
  let header: Record<string, Entry>;
  try {
    header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + headerLength)));
  } catch (error) {
    return wrong(`its header is not JSON: ${(error as Error).message}`);
  }
  if (typeof header !== 'object' || header === null || Array.isArray(header)) return wrong('its header is no object');
  const { __metadata__: metadata = {}, ...entries } = header as typeof header & {
    __metadata__?: Record<string, string>;
  };
  const tensors = new Map<string, NamedTensor>();
  for (const [name, entry] of Object.entries(entries)) {
    if (!isEntry(entry)) return wrong(`its header does not say where tensor ${name} lies`);
    const {
      dtype,
      shape,
      data_offsets: [from, to],
    } = entry;
    const start = 8 + headerLength + from;
    const end = 8 + headerLength + to;
    const count = shape.reduce((product, length) => product * length, 1);
    if (end > bytes.byteLength) wrong(`tensor ${name} ends at byte ${end}, the file at ${bytes.byteLength}: truncated`);
    if (dtype === 'I64') continue; // counters such as num_batches_tracked
    const type = types.get(dtype) ?? wrong(`tensor ${name} is ${dtype}, expected ${[...types.keys()].join(', ')}`);
    if (end - start !== count * type.bytes) wrong(`tensor ${name} has ${end - start} bytes for shape [${shape}]`);
    const copy = new Uint8Array(bytes.subarray(start, end)).buffer; // a copy: the values are not aligned in the file
    tensors.set(name, { shape, data: type.read(copy) });
  }
  return { tensors, metadata: metadata as Record<string, string> };
}

/** Files that are taken for weights most often, by how they begin. */
function looksLike(bytes: Uint8Array): string {
  const begins = (text: string): boolean => [...text].every((letter, i) => bytes[i] === letter.charCodeAt(0));
  if (begins('PK')) return 'a PyTorch archive (.pt, .pth), or another zip; save its tensors as .safetensors';
  if (begins('\x80')) return 'a Python pickle (.pkl, old .pth); save its tensors as .safetensors';
  if (begins('\x89HDF')) return 'an HDF5 file (.h5); save its tensors as .safetensors';
  return 'not a .safetensors file, or truncated';
}

function isEntry(value: unknown): value is Entry {
  const { dtype, shape, data_offsets: offsets } = (value ?? {}) as Partial<Entry>;
  const counts = (list: unknown): boolean =>
    Array.isArray(list) && list.every((count) => Number.isSafeInteger(count) && count >= 0);
  return typeof dtype === 'string' && counts(shape) && counts(offsets) && offsets!.length === 2;
}

/** The same tensors and metadata give the same bytes. */
export function writeSafetensors(
  tensors: ReadonlyMap<string, NamedTensor>,
  metadata: Record<string, string>,
): Uint8Array {
  const header: Record<string, unknown> = { __metadata__: metadata };
  let offset = 0;
  for (const [name, { shape, data }] of tensors) {
    header[name] = { dtype: 'F32', shape, data_offsets: [offset, offset + data.byteLength] };
    offset += data.byteLength;
  }
  const text = new TextEncoder().encode(JSON.stringify(header));
  const head = new Uint8Array(Math.ceil(text.length / 8) * 8).fill(' '.charCodeAt(0));
  head.set(text);
  const bytes = new Uint8Array(8 + head.length + offset);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(head.length), true);
  bytes.set(head, 8);
  let at = 8 + head.length;
  for (const { data } of tensors.values()) {
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    at += data.byteLength;
  }
  return bytes;
}

/** IEEE half precision bits to numbers. */
function halves(bits: Uint16Array): Float32Array {
  return Float32Array.from(bits, (half) => {
    const sign = half & 0x8000 ? -1 : 1;
    const exponent = (half >> 10) & 0x1f;
    const fraction = half & 0x3ff;
    if (exponent === 0) return sign * fraction * 2 ** -24;
    if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
    return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
  });
}

/** bfloat16 is the upper half of a float32. */
function brainHalves(bits: Uint16Array): Float32Array {
  return new Float32Array(Uint32Array.from(bits, (half) => half << 16).buffer);
}
