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

const gapPx = 4;

/** Each picture is drawn through a table of 256 colours: the thread that draws also talks to the plant. */
type Palette = Uint8Array;
const unknown = [16, 16, 64] as const;

/** 0 = not known, 1..255 = black to white. */
const greys = palette((at) => (at === 0 ? unknown : [at, at, at]));

/** 0 = not known, 1..255 = black to red to yellow to white. */
const heats = palette((at) => {
  const heat = ((at - 1) / 254) * 3;
  const channel = (from: number): number => Math.round(255 * Math.min(Math.max(heat - from, 0), 1));
  return at === 0 ? unknown : [channel(0), channel(1), channel(2)];
});

const regionColours = [
  [230, 60, 60],
  [240, 170, 40],
  [70, 170, 240],
  [190, 90, 220],
  [90, 200, 110],
] as const;

/** 0 = fine, black; 1..254 = a region each; 255 = not judged. */
const regions = palette((at) => {
  if (at === 0) return [0, 0, 0];
  return at === 255 ? unknown : regionColours[(at - 1) % regionColours.length]!;
});

/** Near is bright. Scaled from the smallest to the largest reading of this part; no reading is dark blue. */
export function depthPicture(depthMm: Float32Array, widthPx: number, heightPx: number): Picture {
  let near = Number.POSITIVE_INFINITY;
  let far = Number.NEGATIVE_INFINITY;
  for (let at = 0; at < depthMm.length; at++) {
    const mm = depthMm[at]!;
    if (!(mm > 0) || mm === Number.POSITIVE_INFINITY) continue;
    if (mm < near) near = mm;
    if (mm > far) far = mm;
  }
  const steps = far > near ? 254 / (far - near) : 0;
  const shades = new Uint8Array(depthMm.length);
  for (let at = 0; at < shades.length; at++) {
    const mm = depthMm[at]!;
    if (mm > 0 && mm !== Number.POSITIVE_INFINITY) shades[at] = 255 - Math.round((mm - near) * steps);
  }
  return paint(widthPx, heightPx, shades, greys);
}

/** Red is full at half the threshold, yellow at the threshold: parts of one bundle can be compared by eye. */
export function heatPicture(map: Float32Array, widthPx: number, heightPx: number, threshold: number): Picture {
  const steps = (254 / 3) * (2 / (threshold > 0 ? threshold : 1));
  const shades = new Uint8Array(map.length);
  for (let at = 0; at < shades.length; at++) {
    const shade = map[at]! * steps;
    if (!Number.isNaN(shade)) shades[at] = 1 + Math.min(Math.max(Math.round(shade), 0), 254);
  }
  return paint(widthPx, heightPx, shades, heats);
}

/** Fine is black, each region a colour, not judged dark blue. */
export function maskPicture(mask: Mask): Picture {
  return paint(mask.widthPx, mask.heightPx, mask.pixels, regions);
}

/** Pictures side by side, left to right as given, with a white gap between. */
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

function palette(colourOf: (at: number) => readonly [number, number, number]): Palette {
  const colours = new Uint8Array(256 * 3);
  for (let at = 0; at < 256; at++) colours.set(colourOf(at), at * 3);
  return colours;
}

function paint(widthPx: number, heightPx: number, shades: Uint8Array, colours: Palette): Picture {
  const pixels = new Uint8Array(widthPx * heightPx * 3);
  for (let at = 0; at < shades.length; at++) {
    const from = shades[at]! * 3;
    const to = at * 3;
    pixels[to] = colours[from]!;
    pixels[to + 1] = colours[from + 1]!;
    pixels[to + 2] = colours[from + 2]!;
  }
  return { widthPx, heightPx, pixels };
}
