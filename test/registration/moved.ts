/** A picture moved by a fraction of a pixel, its rim repeated. */
export function moved(rgb: Uint8Array, widthPx: number, heightPx: number, right: number, down: number): Uint8Array {
  const out = new Uint8Array(rgb.length);
  const inside = (value: number, side: number): number => Math.min(Math.max(value, 0), side - 1.001);
  for (let row = 0; row < heightPx; row++) {
    const y = inside(row - down, heightPx);
    for (let column = 0; column < widthPx; column++) {
      const x = inside(column - right, widthPx);
      const at = Math.floor(y) * widthPx + Math.floor(x);
      const [a, b] = [x - Math.floor(x), y - Math.floor(y)];
      for (let k = 0; k < 3; k++) {
        const top = rgb[at * 3 + k]! * (1 - a) + rgb[at * 3 + 3 + k]! * a;
        const bottom = rgb[(at + widthPx) * 3 + k]! * (1 - a) + rgb[(at + widthPx) * 3 + 3 + k]! * a;
        out[(row * widthPx + column) * 3 + k] = Math.round(top * (1 - b) + bottom * b);
      }
    }
  }
  return out;
}
