/** The images every layout has in common: the picture, the truth mask, and depth in the units of its file. */
import type { FileReader } from '../files.ts';
import { decodeDepthPng16, decodeMask, decodeRgb } from '../image/png.ts';
import { decodeDepthTiff } from '../image/tiff.ts';
import type { RawDepth } from './depth-signs.ts';
import type { RgbImage, TruthImage } from './sample.ts';

export async function readRgb(files: FileReader, path: string): Promise<RgbImage> {
  const { widthPx, heightPx, pixels } = await decodeRgb(await files.read(path), path, files.noticed);
  return { widthPx, heightPx, rgb: pixels };
}

export async function readMask(files: FileReader, path: string): Promise<TruthImage> {
  return decodeMask(await files.read(path), path, files.noticed);
}

/** 16-bit PNG, or TIFF of 16 bit or float, by its ending. */
export async function readRawDepth(files: FileReader, path: string): Promise<RawDepth> {
  const bytes = await files.read(path);
  if (/\.png$/i.test(path)) return decodeDepthPng16(bytes, path, files.noticed);
  const { widthPx, heightPx, values } = decodeDepthTiff(bytes, path);
  return { widthPx, heightPx, units: values };
}
