/** Depth in whatever file people have: PNG, TIFF of one channel or xyz, `.npy`, PLY; by the file's ending. */
import type { FileReader } from '../files.ts';
import { decodeXyzTiff, type TiffImage } from '../image/tiff.ts';
import type { RawDepth } from '../replay/depth-signs.ts';
import { readRawDepth } from '../replay/read-image.ts';
import { decodeNpy } from './npy.ts';
import { decodePly } from './ply.ts';

export const anyDepthEndings = ['.png', '.tif', '.tiff', '.npy', '.ply'] as const;

/** Throws `image/unreadable` and its kin, naming the file. `size` is the grid of a PLY that does not say it. */
export async function readAnyDepth(
  files: FileReader,
  path: string,
  size: { widthPx: number; heightPx: number } | null,
): Promise<RawDepth> {
  if (/\.npy$/i.test(path)) return decodeNpy(await files.read(path), path);
  if (/\.ply$/i.test(path)) return decodePly(await files.read(path), path, size);
  if (!/\.tiff?$/i.test(path)) return readRawDepth(files, path);
  return readRawDepth(files, path).catch(async (error: unknown) => {
    // three channels are x, y and z; anything else stays what it was refused for
    const { widthPx, heightPx, values } = xyzOr(error, await files.read(path), path);
    return {
      widthPx,
      heightPx,
      units: Float32Array.from({ length: widthPx * heightPx }, (_, i) => values[i * 3 + 2]!),
    };
  });
}

function xyzOr(error: unknown, bytes: Uint8Array, path: string): TiffImage {
  try {
    return decodeXyzTiff(bytes, path);
  } catch {
    throw error;
  }
}
