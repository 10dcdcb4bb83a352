/** The images every layout has in common: the picture and the truth mask. */
import type { FileReader } from '../files.ts';
import { decodeMaskPng, decodeRgbPng } from '../image/png.ts';
import type { RgbImage, TruthImage } from './sample.ts';

export async function readRgb(files: FileReader, path: string): Promise<RgbImage> {
  const { widthPx, heightPx, pixels } = await decodeRgbPng(await files.read(path), path, files.noticed);
  return { widthPx, heightPx, rgb: pixels };
}

export async function readMask(files: FileReader, path: string): Promise<TruthImage> {
  return decodeMaskPng(await files.read(path), path, files.noticed);
}
