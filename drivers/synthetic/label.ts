/**
 * The printed label of the synthetic part: a few dot-matrix letters and a bar code, as a question per point.
 * Sizes in mm, origin at the label's centre, x right, y down.
 */

/** Five by seven dots, a row per string, only the letters the label needs. */
const glyphs: Record<string, readonly string[]> = {
  T: ['#####', '..#..', '..#..', '..#..', '..#..', '..#..', '..#..'],
  W: ['#...#', '#...#', '#...#', '#.#.#', '#.#.#', '##.##', '#...#'],
  I: ['.###.', '..#..', '..#..', '..#..', '..#..', '..#..', '.###.'],
  N: ['#...#', '##..#', '##..#', '#.#.#', '#..##', '#..##', '#...#'],
  '4': ['...#.', '..##.', '.#.#.', '#..#.', '#####', '...#.', '...#.'],
  '0': ['.###.', '#...#', '#..##', '#.#.#', '##..#', '#...#', '.###.'],
  '-': ['.....', '.....', '.....', '.###.', '.....', '.....', '.....'],
};

const text = 'TWIN-40';
const dotMm = 0.55;
const advanceDots = 6;
const textTopMm = -4.4;
const textLeftMm = -11.4;

/** Widths of bars and gaps in turn, in units of `barMm`. */
const bars = [1, 1, 2, 1, 1, 2, 3, 1, 1, 1, 2, 2, 1, 3, 1, 1, 2, 1, 1, 2, 1, 1, 3, 1, 2, 1, 1, 2, 1];
const barMm = 0.55;
const barLeftMm = -11.4;
const barTopMm = 0.9;
const barBottomMm = 4.4;

/** Whether ink is printed at this point of the label. */
export function inkAt(x: number, y: number): boolean {
  const row = Math.floor((y - textTopMm) / dotMm);
  if (row >= 0 && row < 7) {
    const column = Math.floor((x - textLeftMm) / dotMm);
    if (column < 0) return false;
    const letter = text[Math.floor(column / advanceDots)];
    const glyph = letter === undefined ? undefined : glyphs[letter];
    return glyph?.[row]?.[column % advanceDots] === '#';
  }
  if (y < barTopMm || y > barBottomMm) return false;
  let at = (x - barLeftMm) / barMm;
  if (at < 0) return false;
  for (let i = 0; i < bars.length; i++) {
    at -= bars[i]!;
    if (at < 0) return i % 2 === 0;
  }
  return false;
}
