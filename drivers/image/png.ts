/**
 * PNG in and out, and resizing at the edges: the only importer of sharp.
 *
 * Refuses: anything that is not a whole PNG (a cut file is an error, never a half-grey picture), the wrong bit depth
 * (a 16-bit depth read as 8-bit looks plausible and is wrong by 256), and images larger than `maxImagePx`.
 */
import sharp, { type Sharp } from 'sharp';
import { fail, invariant, messageOf } from '../../errors.ts';

/** Pixels of the largest image decoded: 64 Mpx, above any area camera; a forged header must not take the memory. */
export const maxImagePx = 64 * 1024 * 1024;

export interface Image8 {
  widthPx: number;
  heightPx: number;
  channels: 1 | 3;
  /** [heightPx, widthPx, channels], row-major. */
  pixels: Uint8Array;
}

export interface DepthGrid16 {
  widthPx: number;
  heightPx: number;
  /** [heightPx, widthPx], raw units of the file. */
  units: Uint16Array;
}

/** Decodes an 8-bit PNG: grey stays one channel, everything else becomes R G B; alpha is dropped. */
export async function decodePng8(bytes: Uint8Array, path: string): Promise<Image8> {
  return decoding(path, async () => {
    const image = openPng(bytes);
    const meta = await image.metadata();
    if (meta.depth !== 'uchar') throw new Error(`it has ${meta.depth} samples, expected 8 bit`);
    const grey = meta.space === 'b-w';
    const { data, info } = await image
      .removeAlpha()
      .toColourspace(grey ? 'b-w' : 'srgb')
      .raw()
      .toBuffer({ resolveWithObject: true });
    const channels = grey ? 1 : 3;
    if (info.channels !== channels) throw new Error(`it decodes to ${info.channels} channels, expected ${channels}`);
    return { widthPx: info.width, heightPx: info.height, channels, pixels: ownBytes(data) };
  });
}

/** Decodes an 8-bit PNG as a picture: grey is spread over R G B. */
export async function decodeRgbPng(bytes: Uint8Array, path: string): Promise<Image8 & { channels: 3 }> {
  const image = await decodePng8(bytes, path);
  if (image.channels === 3) return { ...image, channels: 3 };
  const pixels = new Uint8Array(image.pixels.length * 3);
  for (let i = 0; i < image.pixels.length; i++) pixels.fill(image.pixels[i]!, i * 3, i * 3 + 3);
  return { ...image, channels: 3, pixels };
}

/** Decodes an 8-bit PNG as a truth mask: 1 where any channel is above 0 (datasets encode the class in the value). */
export async function decodeMaskPng(
  bytes: Uint8Array,
  path: string,
): Promise<{ widthPx: number; heightPx: number; mask: Uint8Array }> {
  const { widthPx, heightPx, channels, pixels } = await decodePng8(bytes, path);
  const mask = new Uint8Array(widthPx * heightPx);
  for (let i = 0; i < pixels.length; i++) if (pixels[i]! > 0) mask[Math.floor(i / channels)] = 1;
  return { widthPx, heightPx, mask };
}

/** Decodes a 16-bit grey PNG exactly. */
export async function decodeDepthPng16(bytes: Uint8Array, path: string): Promise<DepthGrid16> {
  return decoding(path, async () => {
    const image = openPng(bytes);
    const meta = await image.metadata();
    if (meta.depth !== 'ushort' || meta.channels !== 1) {
      throw new Error(`it has ${meta.channels} channels of ${meta.depth}, expected one channel of 16 bit`);
    }
    const { data, info } = await image
      .toColourspace('grey16')
      .raw({ depth: 'ushort' })
      .toBuffer({ resolveWithObject: true });
    if (info.channels !== 1) throw new Error(`it decodes to ${info.channels} channels, expected 1`);
    const copy = ownBytes(data);
    return { widthPx: info.width, heightPx: info.height, units: new Uint16Array(copy.buffer, 0, copy.length / 2) };
  });
}

/** Encodes 8-bit grey (a mask) or R G B, told apart by the length of `pixels`. */
export async function encodePng(pixels: Uint8Array, widthPx: number, heightPx: number): Promise<Uint8Array> {
  const channels = pixels.length / (widthPx * heightPx);
  invariant(channels === 1 || channels === 3, `encodePng: ${pixels.length} bytes for ${widthPx} x ${heightPx}`);
  const image = sharp(pixels, { raw: { width: widthPx, height: heightPx, channels } });
  return (channels === 1 ? image.toColourspace('b-w') : image).png().toBuffer();
}

/** Encodes a depth grid as 16-bit grey; both the type and the colour space are needed, or sharp writes 8 bit. */
export async function encodeDepthPng16(units: Uint16Array, widthPx: number, heightPx: number): Promise<Uint8Array> {
  invariant(units.length === widthPx * heightPx, `encodeDepthPng16: ${units.length} for ${widthPx} x ${heightPx}`);
  return sharp(units, { raw: { width: widthPx, height: heightPx, channels: 1 } })
    .toColourspace('grey16')
    .png()
    .toBuffer();
}

/** Resizes a picture for the eye: `area` averages (smaller previews), `nearest` keeps hard edges (magnified masks). */
export async function resizeRgb(
  rgb: Uint8Array,
  from: { widthPx: number; heightPx: number },
  to: { widthPx: number; heightPx: number },
  kernel: 'nearest' | 'area',
): Promise<Uint8Array> {
  invariant(rgb.length === from.widthPx * from.heightPx * 3, `resizeRgb: ${rgb.length} bytes`);
  const data = await sharp(rgb, { raw: { width: from.widthPx, height: from.heightPx, channels: 3 } })
    .resize(to.widthPx, to.heightPx, { fit: 'fill', kernel: kernel === 'nearest' ? 'nearest' : 'linear' })
    .raw()
    .toBuffer();
  return ownBytes(data);
}

const pngHead = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
const pngTail = Buffer.from([0x49, 0x45, 0x4e, 0x44, 0xae, 0x42, 0x60, 0x82]);

function openPng(bytes: Uint8Array): Sharp {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (!view.subarray(0, 8).equals(pngHead)) throw new Error('it is not a PNG');
  // The decoder accepts a file whose last chunk is cut off; a writer that died there may have died earlier too.
  if (view.lastIndexOf(pngTail) < 0) throw new Error('it is truncated (no IEND chunk)');
  return sharp(view, { failOn: 'error', limitInputPixels: maxImagePx });
}

async function decoding<T>(path: string, decode: () => Promise<T>): Promise<T> {
  try {
    return await decode();
  } catch (error) {
    throw fail('image/unreadable', { path, cause: messageOf(error) }, error);
  }
}

/** Out of the shared pool into memory of its own, aligned, so that typed views and transfers are safe. */
function ownBytes(data: Buffer): Uint8Array<ArrayBuffer> {
  const copy = new Uint8Array(data.length);
  copy.set(data);
  return copy;
}
