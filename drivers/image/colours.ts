/**
 * What an image file says of how it is to be shown: colour profile, gamma, primaries, a turn. Pixels are judged as the
 * camera stored them, so none of it is applied: what would only tint the picture is remarked upon, and a turn, which
 * would lay colour and depth apart from each other, is refused.
 */
import { inflateSync } from 'node:zlib';
import { fail } from '../../errors.ts';

/** Told of something about a file that is taken all the same. `what` is one of a few texts, the same for each file. */
export type Noticed = (path: string, what: string) => void;

const asTheyAre = 'which is not applied: pixels are taken as they are stored';
export const remarks = {
  profile: `the picture carries a colour profile, ${asTheyAre}`,
  gamma: `the picture names a gamma or primaries of its own, ${asTheyAre}`,
} as const;

/** Stored as it is shown; other values of the EXIF and TIFF tag turn or mirror. 0 is written where nobody knows. */
const upright: readonly (number | undefined)[] = [undefined, 0, 1];

/** Throws `image/turned`. */
export function expectUpright(orientation: number | undefined, path: string): void {
  if (!upright.includes(orientation)) throw fail('image/turned', { path, orientation: orientation ?? '' });
}

/** gAMA and cHRM of sRGB, as every program writes them, in units of 1 / 100 000. */
const srgbGamma = 45_455;
const srgbPrimaries = [31_270, 32_900, 64_000, 33_000, 30_000, 60_000, 15_000, 6_000];
/** Programs round to three or four digits. */
const tolerance = 100;

/** True where a PNG names a gamma or primaries that are not those of sRGB. */
export function namesOtherColours(png: Uint8Array): boolean {
  const near = (data: Buffer, at: number, wanted: number): boolean =>
    Math.abs(data.readUInt32BE(at) - wanted) <= tolerance;
  const chunks = chunksOf(png);
  // the first outranks the others, the second is always something else than sRGB
  if (chunks.some(({ name }) => name === 'sRGB')) return false;
  return chunks.some(({ name, data }) => {
    if (name === 'gAMA' && data.length === 4) return !near(data, 0, srgbGamma);
    if (name !== 'cHRM' || data.length !== 32) return name === 'cICP';
    return srgbPrimaries.some((wanted, i) => !near(data, i * 4, wanted));
  });
}

/** EXIF in a PNG: a chunk of its own, before or after the pixels, or in hexadecimal among the texts (ImageMagick). */
export function pngOrientation(png: Uint8Array): number | undefined {
  for (const { name, data } of chunksOf(png)) {
    const exif = name === 'eXIf' ? data : name === 'zTXt' || name === 'tEXt' ? profileOf(name, data) : null;
    const found = exif === null ? undefined : exifOrientation(exif);
    if (found !== undefined) return found;
  }
  return undefined;
}

function chunksOf(png: Uint8Array): { name: string; data: Buffer }[] {
  const file = Buffer.from(png.buffer, png.byteOffset, png.byteLength);
  const chunks: { name: string; data: Buffer }[] = [];
  for (let at = 8; at + 12 <= file.length; ) {
    const end = at + 8 + file.readUInt32BE(at);
    chunks.push({ name: file.toString('latin1', at + 4, at + 8), data: file.subarray(at + 8, end) });
    at = end + 4;
  }
  return chunks;
}

/** A profile is a page or two; a text that unpacks to more is none. */
const profileMaxBytes = 1024 * 1024;

/** The profile in a text: its keyword, then a line with its name, one with its length, and hexadecimal digits. */
function profileOf(name: 'zTXt' | 'tEXt', data: Buffer): Buffer | null {
  const keyword = /^Raw profile type (exif|APP1)\0/i.exec(data.toString('latin1', 0, 40))?.[0];
  if (keyword === undefined) return null;
  let text = data.subarray(keyword.length);
  try {
    // the byte before the packed text says how it is packed, and there is one way
    if (name === 'zTXt') text = inflateSync(text.subarray(1), { maxOutputLength: profileMaxBytes });
  } catch {
    return null;
  }
  const digits = /^\s*\w+\s+\d+\s+([0-9a-f\s]+)$/i.exec(text.toString('latin1'))?.[1] ?? '';
  const profile = Buffer.from(digits.replace(/\s/g, ''), 'hex');
  return profile.toString('latin1', 0, 6) === 'Exif\0\0' ? profile.subarray(6) : profile;
}

const orientationTag = 274;

/** Tag 274 of the first directory; undefined where there is none or the block is cut off. */
function exifOrientation(exif: Buffer): number | undefined {
  const order = exif.toString('latin1', 0, 2);
  if ((order !== 'II' && order !== 'MM') || exif.length < 8) return undefined;
  const little = order === 'II';
  const short = (at: number): number => (little ? exif.readUInt16LE(at) : exif.readUInt16BE(at));
  const start = little ? exif.readUInt32LE(4) : exif.readUInt32BE(4);
  if (start + 2 > exif.length) return undefined;
  for (let at = start + 2, left = short(start); left > 0 && at + 12 <= exif.length; at += 12, left--) {
    if (short(at) === orientationTag) return short(at + 8);
  }
  return undefined;
}
