/** Writes the TIFF variants the reader takes, and some it refuses; only for tests. */
export interface TiffShape {
  widthPx: number;
  heightPx: number;
  little?: boolean;
  rowsPerStrip?: number;
  planar?: boolean;
  /** Overrides of single tags, by number; null leaves a tag out. */
  tags?: Record<number, number[] | null>;
}

/** `values` is [heightPx, widthPx, 3]. */
export function writeTiff(values: readonly number[], shape: TiffShape): Uint8Array {
  const { widthPx, heightPx, little = true, rowsPerStrip = heightPx, planar = false } = shape;
  const strips: number[][] = [];
  for (const plane of planar ? [0, 1, 2] : [-1]) {
    for (let row = 0; row < heightPx; row += rowsPerStrip) {
      const from = row * widthPx * 3;
      const part = values.slice(from, from + Math.min(rowsPerStrip, heightPx - row) * widthPx * 3);
      strips.push(plane < 0 ? part : part.filter((_, i) => i % 3 === plane));
    }
  }
  const tags: Record<number, number[] | null> = {
    256: [widthPx],
    257: [heightPx],
    258: [32, 32, 32],
    259: [1],
    262: [2],
    273: strips.map(() => 0),
    277: [3],
    278: [rowsPerStrip],
    279: strips.map((strip) => strip.length * 4),
    284: [planar ? 2 : 1],
    339: [3, 3, 3],
    ...shape.tags,
  };
  const entries = Object.entries(tags)
    .filter((entry): entry is [string, number[]] => entry[1] !== null)
    .map(([tag, numbers]) => ({ tag: Number(tag), numbers }));
  const extra = entries.reduce((sum, { numbers }) => sum + (numbers.length > 1 ? numbers.length * 4 : 0), 0);
  const dataAt = 8 + 2 + entries.length * 12 + 4 + extra;
  const file = new DataView(new ArrayBuffer(dataAt + strips.flat().length * 4));
  file.setUint16(0, little ? 0x4949 : 0x4d4d);
  file.setUint16(2, 42, little);
  file.setUint32(4, 8, little);
  file.setUint16(8, entries.length, little);
  let extraAt = 8 + 2 + entries.length * 12 + 4;
  let offset = dataAt;
  const offsets = strips.map((strip) => {
    const at = offset;
    offset += strip.length * 4;
    return at;
  });
  entries.forEach(({ tag, numbers }, i) => {
    const at = 10 + i * 12;
    const actual = tag === 273 && !shape.tags?.[273] ? offsets : numbers;
    file.setUint16(at, tag, little);
    file.setUint16(at + 2, 4, little);
    file.setUint32(at + 4, actual.length, little);
    if (actual.length === 1) file.setUint32(at + 8, actual[0]!, little);
    else {
      file.setUint32(at + 8, extraAt, little);
      for (const number of actual) {
        file.setUint32(extraAt, number, little);
        extraAt += 4;
      }
    }
  });
  strips.flat().forEach((value, i) => {
    file.setFloat32(dataAt + i * 4, value, little);
  });
  return new Uint8Array(file.buffer);
}
