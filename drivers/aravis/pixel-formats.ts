/**
 * Codec, images: the pixel formats Twinspect reads, by their PFNC codes, into RGB of eight bits or depth in mm. Pure.
 * A format that is not in the table is refused by its code and name; nothing is guessed. Bayer images are refused
 * unless their mosaic is RGGB: that one is interpolated bilinearly, enough to judge by, not to admire.
 */

/** How a component becomes what a frame holds. */
export type FormatUse = 'rgb' | 'depth' | 'confidence';

export interface PixelFormat {
  readonly code: number;
  readonly name: string;
  readonly bytesPerPx: number;
  readonly use: FormatUse | 'mono16';
}

/** PFNC 2.x codes: bits of a pixel in the third byte. Mono16 is an image or, as a range component, depth. */
export const pixelFormats: readonly PixelFormat[] = [
  { code: 0x01080001, name: 'Mono8', bytesPerPx: 1, use: 'rgb' },
  { code: 0x01100003, name: 'Mono10', bytesPerPx: 2, use: 'rgb' },
  { code: 0x01100005, name: 'Mono12', bytesPerPx: 2, use: 'rgb' },
  { code: 0x01100007, name: 'Mono16', bytesPerPx: 2, use: 'mono16' },
  { code: 0x01080009, name: 'BayerRG8', bytesPerPx: 1, use: 'rgb' },
  { code: 0x02180014, name: 'RGB8', bytesPerPx: 3, use: 'rgb' },
  { code: 0x02180015, name: 'BGR8', bytesPerPx: 3, use: 'rgb' },
  { code: 0x011000b8, name: 'Coord3D_C16', bytesPerPx: 2, use: 'depth' },
  { code: 0x012000bf, name: 'Coord3D_C32f', bytesPerPx: 4, use: 'depth' },
  { code: 0x026000c0, name: 'Coord3D_ABC32f', bytesPerPx: 12, use: 'depth' },
  { code: 0x023000b9, name: 'Coord3D_ABC16', bytesPerPx: 6, use: 'depth' },
  { code: 0x010800c6, name: 'Confidence8', bytesPerPx: 1, use: 'confidence' },
  { code: 0x011000c7, name: 'Confidence16', bytesPerPx: 2, use: 'confidence' },
];

export const readableImageFormats = 'Mono8, Mono10, Mono12, Mono16, BayerRG8, RGB8 or BGR8';
export const readableDepthFormats = 'Coord3D_C16, Coord3D_C32f, Coord3D_ABC16, Coord3D_ABC32f or Mono16';

export function pixelFormatOf(code: number): PixelFormat | null {
  return pixelFormats.find((format) => format.code === code) ?? null;
}

export function formatName(code: number): string {
  return pixelFormatOf(code)?.name ?? `0x${code.toString(16).padStart(8, '0')}`;
}

/** Bits that carry the grey of a 16-bit word, above eight. */
const shiftOf: Readonly<Record<string, number>> = { Mono10: 2, Mono12: 4, Mono16: 8 };

/** Fills `out` ([heightPx, widthPx, 3]) from an image. `data` holds exactly one image of the format. */
export function toRgb(format: PixelFormat, data: Uint8Array, widthPx: number, out: Uint8Array): void {
  switch (format.name) {
    case 'RGB8':
      out.set(data);
      return;
    case 'BGR8':
      for (let at = 0; at < out.length; at += 3) {
        out[at] = data[at + 2]!;
        out[at + 1] = data[at + 1]!;
        out[at + 2] = data[at]!;
      }
      return;
    case 'Mono8':
      for (let at = 0, to = 0; at < data.length; at++, to += 3) out[to] = out[to + 1] = out[to + 2] = data[at]!;
      return;
    case 'BayerRG8':
      fromBayerRg(data, widthPx, out);
      return;
    default: {
      const shift = shiftOf[format.name]!;
      for (let at = 0, to = 0; to < out.length; at += 2, to += 3) {
        out[to] = out[to + 1] = out[to + 2] = Math.min(255, (data[at]! | (data[at + 1]! << 8)) >>> shift);
      }
    }
  }
}

/** R G / G B, bilinear; at the border the nearest inside stands in for what is outside. */
function fromBayerRg(data: Uint8Array, widthPx: number, out: Uint8Array): void {
  const heightPx = data.length / widthPx;
  const clampRow = (row: number): number => (row < 0 ? 1 : row >= heightPx ? heightPx - 2 : row);
  const clampColumn = (column: number): number => (column < 0 ? 1 : column >= widthPx ? widthPx - 2 : column);
  for (let row = 0; row < heightPx; row++) {
    const up = clampRow(row - 1) * widthPx;
    const here = row * widthPx;
    const down = clampRow(row + 1) * widthPx;
    for (let column = 0; column < widthPx; column++) {
      const left = clampColumn(column - 1);
      const right = clampColumn(column + 1);
      const own = data[here + column]!;
      const across = (data[here + left]! + data[here + right]!) >> 1;
      const along = (data[up + column]! + data[down + column]!) >> 1;
      const corners = (data[up + left]! + data[up + right]! + data[down + left]! + data[down + right]!) >> 2;
      const to = (here + column) * 3;
      const redRow = row % 2 === 0;
      const redColumn = column % 2 === 0;
      const sides = (across + along) >> 1;
      out[to] = redRow ? (redColumn ? own : across) : redColumn ? along : corners;
      out[to + 1] = redRow === redColumn ? sides : own;
      out[to + 2] = redRow ? (redColumn ? corners : along) : redColumn ? across : own;
    }
  }
}
