/**
 * Pictures in and out, and resizing at the edges: the only importer of sharp, and the only place that decodes PNG,
 * JPEG and pictures in TIFF.
 *
 * Pixels are taken as they are stored: no colour profile and no gamma is applied (`noticed` is told of one), and a turn
 * is refused, not carried out. Refuses too: a file that is not whole (a cut file is an error, never a half-grey
 * picture), the wrong bit depth (a 16-bit depth read as 8-bit looks plausible and is wrong by 256), colours other than
 * grey and RGB, and images larger than `maxImagePx`.
 */
import sharp, { type Metadata, type Sharp } from 'sharp';
import { fail, invariant, messageOf, TwinspectError } from '../../errors.ts';
import { expectUpright, type Noticed, namesOtherColours, pngOrientation, remarks } from './colours.ts';

/** Pixels of the largest image decoded: 64 Mpx, above any area camera; a forged header must not take the memory. */
export const maxImagePx = 64 * 1024 * 1024;

export interface Image8 {
  widthPx: number;
  heightPx: number;
  channels: 1 | 3;
  /** [heightPx, widthPx, channels], row-major. */
  pixels: Uint8Array;
}

export type RgbImage8 = Image8 & { channels: 3 };

export interface DepthGrid16 {
  widthPx: number;
  heightPx: number;
  /** [heightPx, widthPx], raw units of the file. */
  units: Uint16Array;
}

/** Decodes an 8-bit PNG: grey stays one channel, everything else becomes R G B; alpha is dropped. */
export async function decodePng8(bytes: Uint8Array, path: string, noticed?: Noticed): Promise<Image8> {
  return decoding(path, async () => decode8(openPng(bytes), bytes, path, noticed));
}

/** Decodes an 8-bit PNG as a picture: grey is spread over R G B. */
export async function decodeRgbPng(bytes: Uint8Array, path: string, noticed?: Noticed): Promise<RgbImage8> {
  return spread(await decodePng8(bytes, path, noticed));
}

/** Decodes an 8-bit picture, PNG, JPEG or TIFF by its first bytes, whatever its name ends in; grey is spread. */
export async function decodeRgb(bytes: Uint8Array, path: string, noticed?: Noticed): Promise<RgbImage8> {
  return spread(await decoding(path, async () => decode8(openPicture(bytes), bytes, path, noticed)));
}

/**
 * Decodes an 8-bit picture as a truth mask: 1 where any channel is above 0 (datasets encode the class in the value).
 * Throws `dataset/truth` where the marks are drawn in transparency alone: the colours say nothing then.
 */
export async function decodeMask(
  bytes: Uint8Array,
  path: string,
  noticed?: Noticed,
): Promise<{ widthPx: number; heightPx: number; mask: Uint8Array }> {
  const { widthPx, heightPx, channels, pixels } = await decoding(path, async () =>
    decode8(openPicture(bytes), bytes, path, noticed),
  );
  const mask = new Uint8Array(widthPx * heightPx);
  for (let i = 0; i < pixels.length; i++) if (pixels[i]! > 0) mask[Math.floor(i / channels)] = 1;
  const even = mask.every((mark) => mark === mask[0]);
  if (even && (await decoding(path, () => alphaVaries(openPicture(bytes))))) {
    throw fail('dataset/truth', { path, problem: 'is drawn in its transparency alone, its colours mark nothing' });
  }
  return { widthPx, heightPx, mask };
}

async function alphaVaries(image: Sharp): Promise<boolean> {
  if (!(await image.metadata()).hasAlpha) return false;
  const alpha = await image.extractChannel('alpha').raw().toBuffer();
  return alpha.some((value) => value !== alpha[0]);
}

/** Decodes a 16-bit grey PNG exactly. */
export async function decodeDepthPng16(bytes: Uint8Array, path: string, noticed?: Noticed): Promise<DepthGrid16> {
  return decoding(path, async () => {
    const image = openPng(bytes);
    const meta = await image.metadata();
    expectUpright(orientationOf(meta, bytes), path);
    if (meta.depth === 'uchar') throw fail('image/eightBit', { path });
    if (meta.depth !== 'ushort' || meta.channels !== 1) {
      throw new Error(`it has ${meta.channels} channels of ${meta.depth}, expected one channel of 16 bit`);
    }
    const { data, info } = await image
      .toColourspace('grey16')
      .raw({ depth: 'ushort' })
      .toBuffer({ resolveWithObject: true });
    if (info.channels !== 1) throw new Error(`it decodes to ${info.channels} channels, expected 1`);
    remark(meta, bytes, path, noticed);
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

async function decode8(image: Sharp, bytes: Uint8Array, path: string, noticed?: Noticed): Promise<Image8> {
  const meta = await image.metadata();
  expectUpright(orientationOf(meta, bytes), path);
  if (!colourSpaces.includes(meta.space)) throw fail('image/colours', { path, found: meta.space });
  if (meta.depth !== 'uchar') throw new Error(`it has ${meta.depth} samples, expected 8 bit`);
  if ((meta.pages ?? 1) > 1) throw new Error(`it has ${meta.pages} pages, expected one picture`);
  const grey = meta.space === 'b-w';
  const { data, info } = await image
    .removeAlpha()
    .toColourspace(grey ? 'b-w' : 'srgb')
    .raw()
    .toBuffer({ resolveWithObject: true });
  const channels = grey ? 1 : 3;
  if (info.channels !== channels) throw new Error(`it decodes to ${info.channels} channels, expected ${channels}`);
  remark(meta, bytes, path, noticed);
  return { widthPx: info.width, heightPx: info.height, channels, pixels: ownBytes(data) };
}

/** In sharp's words; 16-bit ones are there to be refused for their depth. */
const colourSpaces: readonly string[] = ['srgb', 'rgb', 'b-w', 'rgb16', 'grey16'];

/** Said of what was decoded well: a file that is refused has its own error. */
function remark(meta: Metadata, bytes: Uint8Array, path: string, noticed: Noticed = () => {}): void {
  if (meta.hasProfile) noticed(path, remarks.profile);
  else if (meta.format === 'png' && namesOtherColours(bytes)) noticed(path, remarks.gamma);
}

/** What stands after the pixels or among the texts of a PNG, sharp leaves unread. */
function orientationOf({ orientation, format }: Metadata, bytes: Uint8Array): number | undefined {
  return orientation ?? (format === 'png' ? pngOrientation(bytes) : undefined);
}

function spread(image: Image8): RgbImage8 {
  if (image.channels === 3) return { ...image, channels: 3 };
  const pixels = new Uint8Array(image.pixels.length * 3);
  for (let i = 0; i < image.pixels.length; i++) pixels.fill(image.pixels[i]!, i * 3, i * 3 + 3);
  return { ...image, channels: 3, pixels };
}

const pngHead = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
const pngTail = Buffer.from([0x49, 0x45, 0x4e, 0x44, 0xae, 0x42, 0x60, 0x82]);

const jpegHead = Buffer.from([0xff, 0xd8, 0xff]);
const tiffHeads = [Buffer.from('II*\0', 'latin1'), Buffer.from('MM\0*', 'latin1')];

function openPng(bytes: Uint8Array): Sharp {
  const view = viewOf(bytes);
  if (!startsWith(view, pngHead)) throw new Error('it is not a PNG');
  // The decoder accepts a file whose last chunk is cut off; a writer that died there may have died earlier too.
  if (view.lastIndexOf(pngTail) < 0) throw new Error('it is truncated (no IEND chunk)');
  return open(view, 'error');
}

function openPicture(bytes: Uint8Array): Sharp {
  const view = viewOf(bytes);
  if (startsWith(view, pngHead)) return openPng(bytes);
  // What is missing of a JPEG is only a warning to its decoder, and grey in the picture.
  if (startsWith(view, jpegHead)) return open(view, 'warning');
  if (tiffHeads.some((head) => startsWith(view, head))) return open(view, 'error');
  throw new Error('it is no PNG, JPEG or TIFF');
}

/** A profile is not applied, by `ignoreIcc`; a turn is not either, because nobody calls `autoOrient`. */
function open(view: Buffer, failOn: 'error' | 'warning'): Sharp {
  return sharp(view, { failOn, limitInputPixels: maxImagePx, ignoreIcc: true });
}

function viewOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function startsWith(view: Buffer, head: Buffer): boolean {
  return view.subarray(0, head.length).equals(head);
}

async function decoding<T>(path: string, decode: () => Promise<T>): Promise<T> {
  try {
    return await decode();
  } catch (error) {
    if (error instanceof TwinspectError) throw error;
    throw fail('image/unreadable', { path, cause: messageOf(error) }, error);
  }
}

/** Out of the shared pool into memory of its own, aligned, so that typed views and transfers are safe. */
function ownBytes(data: Buffer): Uint8Array<ArrayBuffer> {
  const copy = new Uint8Array(data.length);
  copy.set(data);
  return copy;
}
