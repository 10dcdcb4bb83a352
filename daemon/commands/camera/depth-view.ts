/**
 * A depth frame as a picture for people: near is bright yellow, far dark blue, no reading magenta, and under it a bar
 * with the colours and their distances in mm. The ends leave out the outermost hundredth: one stray reading must not
 * flatten the part.
 */
import type { DepthFrame } from '../../../drivers/index.ts';
import type { Picture } from '../../evidence/pictures.ts';

/** From near to far; evenly bright steps, so that an edge in the picture is an edge in depth. */
const colours = [
  ...[[253, 231, 37] as const, [144, 215, 67] as const, [53, 183, 121] as const, [33, 145, 140] as const],
  ...[[49, 104, 142] as const, [68, 57, 131] as const, [38, 10, 60] as const],
];
const noReading = [255, 0, 200] as const;
const ink = [255, 255, 255] as const;
const paper = [20, 20, 20] as const;
const outermost = 0.01;
const barPx = 14;
const marginPx = 6;
/** Digits are drawn with dots of this size. */
const dotPx = 2;

/** Three by five dots, a row per string. */
const digits: Readonly<Record<string, readonly string[]>> = {
  '0': ['###', '#.#', '#.#', '#.#', '###'],
  '1': ['.#.', '##.', '.#.', '.#.', '###'],
  '2': ['###', '..#', '###', '#..', '###'],
  '3': ['###', '..#', '.##', '..#', '###'],
  '4': ['#.#', '#.#', '###', '..#', '..#'],
  '5': ['###', '#..', '###', '..#', '###'],
  '6': ['###', '#..', '###', '#.#', '###'],
  '7': ['###', '..#', '..#', '.#.', '.#.'],
  '8': ['###', '#.#', '###', '#.#', '###'],
  '9': ['###', '#.#', '###', '..#', '###'],
  '.': ['...', '...', '...', '...', '.#.'],
  m: ['...', '...', '###', '###', '#.#'],
  ' ': ['...', '...', '...', '...', '...'],
};

export interface DepthView extends Picture {
  readonly nearMm: number;
  readonly farMm: number;
  /** Share of pixels without a reading. */
  readonly missingShare: number;
}

export function depthView({
  depthMm,
  widthPx,
  heightPx,
}: Pick<DepthFrame, 'depthMm' | 'widthPx' | 'heightPx'>): DepthView {
  const readings = depthMm.filter((mm) => mm > 0 && mm < Number.POSITIVE_INFINITY).sort();
  const at = (share: number): number => readings[Math.floor(share * (readings.length - 1))] ?? 0;
  const nearMm = at(outermost);
  const farMm = at(1 - outermost);
  const footPx = marginPx * 3 + barPx + 5 * dotPx;
  const canvas = new Canvas(widthPx, heightPx + footPx);
  const spanMm = farMm > nearMm ? farMm - nearMm : 1;
  for (let i = 0; i < depthMm.length; i++) {
    const mm = depthMm[i]!;
    const isReading = mm > 0 && mm < Number.POSITIVE_INFINITY;
    canvas.dot(i % widthPx, Math.floor(i / widthPx), isReading ? colourAt((mm - nearMm) / spanMm) : noReading);
  }
  const top = heightPx + marginPx;
  for (let x = marginPx; x < widthPx - marginPx; x++) {
    const colour = colourAt((x - marginPx) / Math.max(1, widthPx - 2 * marginPx - 1));
    for (let y = 0; y < barPx; y++) canvas.dot(x, top + y, colour);
  }
  const labels = [nearMm, (nearMm + farMm) / 2, farMm].map((mm) => `${mm.toFixed(1)} mm`);
  for (const [i, label] of labels.entries()) {
    const width = textWidth(label);
    const left = [marginPx, Math.round((widthPx - width) / 2), widthPx - marginPx - width][i]!;
    canvas.text(label, left, top + barPx + marginPx);
  }
  return { ...canvas.picture, nearMm, farMm, missingShare: 1 - readings.length / depthMm.length };
}

type Colour = readonly [number, number, number];

function colourAt(share: number): Colour {
  const place = Math.min(Math.max(share, 0), 1) * (colours.length - 1);
  const below = Math.min(Math.floor(place), colours.length - 2);
  const mix = (k: number): number => {
    const [a, b] = [colours[below]![k]!, colours[below + 1]![k]!];
    return Math.round(a + (b - a) * (place - below));
  };
  return [mix(0), mix(1), mix(2)];
}

function textWidth(text: string): number {
  return text.length * 4 * dotPx - dotPx;
}

class Canvas {
  readonly picture: Picture;

  constructor(widthPx: number, heightPx: number) {
    const pixels = new Uint8Array(widthPx * heightPx * 3);
    this.picture = { widthPx, heightPx, pixels };
    for (let at = 0; at < pixels.length; at += 3) pixels.set(paper, at);
  }

  dot(x: number, y: number, colour: Colour): void {
    const { widthPx, heightPx, pixels } = this.picture;
    if (x < 0 || y < 0 || x >= widthPx || y >= heightPx) return;
    pixels.set(colour, (y * widthPx + x) * 3);
  }

  text(text: string, left: number, top: number): void {
    for (const [i, letter] of [...text].entries()) {
      for (const [row, line] of (digits[letter] ?? []).entries()) {
        for (const [column, mark] of [...line].entries()) {
          if (mark !== '#') continue;
          for (let d = 0; d < dotPx * dotPx; d++) {
            const x = left + (i * 4 + column) * dotPx + (d % dotPx);
            this.dot(x, top + row * dotPx + Math.floor(d / dotPx), ink);
          }
        }
      }
    }
  }
}
