/**
 * The pictures of a judged part, for people: depth as grey, map as heat, mask in colours, and all of them beside the
 * RGB image in one. Plain pixels in and out; whoever stores them encodes them. What is not known is dark blue.
 */
import type { Mask } from '../line/verdict.ts';

export interface Picture {
  readonly widthPx: number;
  readonly heightPx: number;
  /** [heightPx, widthPx, 3] */
  readonly pixels: Uint8Array;
}

type Colour = readonly [number, number, number];
const unknown: Colour = [16, 16, 64];
const gapPx = 4;

/** Near is bright. Scaled from the smallest to the largest reading of this part; no reading is dark blue. */
export function depthPicture(depthMm: Float32Array, widthPx: number, heightPx: number): Picture {
  let near = Number.POSITIVE_INFINITY;
  let far = Number.NEGATIVE_INFINITY;
  for (const mm of depthMm) {
    if (!(mm > 0) || mm === Number.POSITIVE_INFINITY) continue;
    near = Math.min(near, mm);
    far = Math.max(far, mm);
  }
  const span = far > near ? far - near : 1;
  return paint(widthPx, heightPx, (at) => {
    const mm = depthMm[at]!;
    if (!(mm > 0) || mm === Number.POSITIVE_INFINITY) return unknown;
    const grey = Math.round(255 * (1 - (mm - near) / span));
    return [grey, grey, grey];
  });
}

/** Black to red to yellow to white; the threshold is where yellow begins, so parts can be compared by eye. */
export function heatPicture(map: Float32Array, widthPx: number, heightPx: number, threshold: number): Picture {
  const unit = threshold > 0 ? threshold : 1;
  return paint(widthPx, heightPx, (at) => {
    const heat = (2 * map[at]!) / unit;
    if (Number.isNaN(heat)) return unknown;
    const channel = (from: number): number => Math.round(255 * Math.min(Math.max(heat - from, 0), 1));
    return [channel(0), channel(1), channel(2)];
  });
}

const regionColours: readonly Colour[] = [
  [230, 60, 60],
  [240, 170, 40],
  [70, 170, 240],
  [190, 90, 220],
  [90, 200, 110],
];

/** Fine is black, each region a colour, not judged dark blue. */
export function maskPicture(mask: Mask): Picture {
  return paint(mask.widthPx, mask.heightPx, (at) => {
    const id = mask.pixels[at]!;
    if (id === 0) return [0, 0, 0];
    return id === 255 ? unknown : regionColours[(id - 1) % regionColours.length]!;
  });
}

/** Pictures of one height side by side, left to right as given, with a white gap between. */
export function sideBySide(pictures: readonly Picture[]): Picture {
  const heightPx = Math.max(...pictures.map((picture) => picture.heightPx));
  const widthPx = pictures.reduce((sum, picture) => sum + picture.widthPx + gapPx, -gapPx);
  const pixels = new Uint8Array(widthPx * heightPx * 3).fill(255);
  let left = 0;
  for (const picture of pictures) {
    for (let y = 0; y < picture.heightPx; y++) {
      const row = picture.pixels.subarray(y * picture.widthPx * 3, (y + 1) * picture.widthPx * 3);
      pixels.set(row, (y * widthPx + left) * 3);
    }
    left += picture.widthPx + gapPx;
  }
  return { widthPx, heightPx, pixels };
}

function paint(widthPx: number, heightPx: number, colourOf: (at: number) => Colour): Picture {
  const pixels = new Uint8Array(widthPx * heightPx * 3);
  for (let at = 0; at < widthPx * heightPx; at++) pixels.set(colourOf(at), at * 3);
  return { widthPx, heightPx, pixels };
}
