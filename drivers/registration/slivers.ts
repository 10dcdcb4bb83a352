/**
 * Hidden slivers beside edges, a few pixels wide, take the colour beside them: black lines there would be edges that
 * no part has. What is wider stays black. Only colour is filled, and only from what was seen.
 */
import { hidden, seen } from './projection.ts';

/** Widest run that is filled, pixels along a row or column. */
export const sliverPx = 3;

/** Fills what is narrow along its row, then what is along its column, in `rgb` and `state`. Answers how many pixels. */
export function fillSlivers(rgb: Uint8Array, state: Uint8Array, widthPx: number, heightPx: number): number {
  let filled = 0;
  for (let at = state.indexOf(hidden); at >= 0; at = state.indexOf(hidden, at + 1)) {
    if (at % widthPx > 0 && state[at - 1] === seen) filled += fillRun(rgb, state, at, 1, widthPx - (at % widthPx));
  }
  for (let at = state.indexOf(hidden); at >= 0; at = state.indexOf(hidden, at + 1)) {
    const row = Math.floor(at / widthPx);
    if (row > 0 && state[at - widthPx] === seen) filled += fillRun(rgb, state, at, widthPx, heightPx - row);
  }
  return filled;
}

/** Fills the run that begins at `from`, where it is narrow and ends at something seen; `room` pixels are left of it. */
function fillRun(rgb: Uint8Array, state: Uint8Array, from: number, step: number, room: number): number {
  let length = 1;
  while (length < room && length <= sliverPx && state[from + length * step] === hidden) length++;
  if (length > sliverPx || length === room || state[from + length * step] !== seen) return 0;
  for (let i = 0; i < length; i++) {
    const source = i < length - 1 - i ? from - step : from + length * step;
    const to = from + i * step;
    for (let k = 0; k < 3; k++) rgb[to * 3 + k] = rgb[source * 3 + k]!;
    state[to] = seen;
  }
  return length;
}
