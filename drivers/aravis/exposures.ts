/**
 * A buffer of libaravis becomes an exposure: its parts are told apart, checked for size, and decoded straight into
 * shared memory, the only copy on their way. What is missing is named; a buffer is never read beyond what it holds.
 */
import type { Modality } from '../frame.ts';
import type { Pointer, Views } from '../native/koffi.ts';
import type { Missing } from '../native/protocol.ts';
import type { SlotWriter } from '../native/slot-pool.ts';
import { type Component, type Delivery, type Role, roleOf } from './components.ts';
import type { Aravis } from './library.ts';
import { formatName, type PixelFormat, pixelFormatOf, toRgb } from './pixel-formats.ts';
import type { Doubt } from './scan3d.ts';

const success = 0;
const empty = 1;
/** `ArvBufferStatus`, in words. */
const statusWords: Readonly<Record<number, string>> = {
  2: 'packets did not come in time',
  3: 'packets are missing',
  4: 'packets came with wrong numbers',
  5: 'it is larger than the camera announced',
  6: 'it was not finished',
  7: 'the acquisition was stopped within it',
  8: 'its payload type is not supported by libaravis',
};

interface Part {
  readonly format: PixelFormat;
  readonly widthPx: number;
  readonly heightPx: number;
  readonly data: Uint8Array;
}

/**
 * No frame at all: between its socket and the filter of it, libaravis takes foreign packets of the network for a frame,
 * once, when a stream begins.
 */
export function isStray(arv: Aravis, buffer: Pointer): boolean {
  return arv.bufferStatus(buffer) === empty;
}

/** Null where all of it is there. */
export function flawOf(arv: Aravis, buffer: Pointer): string | null {
  const status = arv.bufferStatus(buffer) as number;
  return status === success ? null : (statusWords[status] ?? `libaravis calls it status ${status}`);
}

/** A buffer without a flaw, and the views of the stream's memory. */
export interface Filled {
  readonly arv: Aravis;
  readonly buffer: Pointer;
  readonly views: Views;
}

/** Decodes what is asked for into the slot; answers what could not be. */
export function decode(filled: Filled, delivery: Delivery, confidenceMin: number, writer: SlotWriter): Missing[] {
  const parts = partsOf(filled, delivery);
  const missing: Missing[] = [];
  const each = (modality: Modality, wanted: Component | null, write: (part: Part) => string | null): void => {
    if (wanted === null) return;
    const part = parts.get(modality);
    const reason =
      part === undefined ? `the frame has no ${wanted.name}` : typeof part === 'string' ? part : write(part);
    if (reason !== null) missing.push({ modality, reason });
  };
  each('rgb', delivery.rgb, ({ format, widthPx, heightPx, data }) => {
    const out = writer.rgb(widthPx, heightPx);
    if (out === null) return tooLarge(widthPx, heightPx);
    toRgb(format, data, widthPx, out);
    return null;
  });
  each('depth', delivery.depth, ({ format, widthPx, heightPx, data }) => {
    // What a word means was fixed when the camera was opened.
    if (format !== delivery.depth?.format) return `it is ${format.name}, opened as ${delivery.depth?.format.name}`;
    const out = writer.depth(widthPx, heightPx);
    if (out === null || delivery.decodeDepth === null) return tooLarge(widthPx, heightPx);
    const confidence = parts.get('confidence');
    let doubt: Doubt | null = null;
    if (confidence !== undefined && typeof confidence !== 'string' && confidenceMin > 0) {
      if (confidence.widthPx !== widthPx || confidence.heightPx !== heightPx) return 'confidence has another size';
      doubt = { ...confidence, least: confidenceMin };
    }
    delivery.decodeDepth(data, doubt, out);
    return null;
  });
  return missing;
}

function tooLarge(widthPx: number, heightPx: number): string {
  return `it is ${widthPx} x ${heightPx}, larger than when the camera was opened`;
}

/** By role; text where a part of this role is there and broken. Where several have a role, the wanted component. */
function partsOf(filled: Filled, delivery: Delivery): Map<Role, Part | string> {
  const { arv, buffer } = filled;
  const found = new Map<Role, Part | string>();
  const count = arv.partCount(buffer) as number;
  for (let at = 0; at < count; at++) {
    const code = arv.partFormat(buffer, at) as number;
    const componentId = arv.partComponent(buffer, at) as number;
    const format = pixelFormatOf(code);
    const role = format === null ? null : roleOf(format, componentId);
    if (format === null || role === null) continue;
    const wanted = role === 'confidence' ? delivery.confidence : delivery[role];
    const isWanted = wanted === null || wanted.componentId === 0 || wanted.componentId === componentId;
    if (!isWanted && (count > 1 || found.has(role))) continue;
    if (!found.has(role)) found.set(role, partAt(filled, at, format));
  }
  return found;
}

function partAt({ arv, buffer, views }: Filled, at: number, format: PixelFormat): Part | string {
  const bytes = [0];
  const pointer = arv.partData(buffer, at, bytes) as Pointer | null;
  const [widthPx, heightPx] = [arv.partWidth(buffer, at) as number, arv.partHeight(buffer, at) as number];
  const expected = widthPx * heightPx * format.bytesPerPx;
  const has = Number(bytes[0]);
  // What follows the pixels is a chunk trailer; fewer bytes than pixels are none of ours to read.
  if (pointer === null || !(expected > 0) || has < expected) {
    return `its ${formatName(format.code)} of ${widthPx} x ${heightPx} has ${has} bytes, expected ${expected}`;
  }
  return { format, widthPx, heightPx, data: views.of(pointer, expected) };
}
