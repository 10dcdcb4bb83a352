/**
 * Do the edges of depth and colour still lie on each other? A camera that was pushed, or a lens that warmed up, moves
 * all of them a little, and nothing else says so. The strongest edges of depth are laid over the edges of colour at
 * every shift nearby; how well they match is averaged slowly over parts, and the best shift read to a fraction of a
 * pixel. One part says little (it has edges of its own in one of the two); a mean over many does.
 *
 * Says nothing along a direction in which the parts have no edges, and nothing before enough parts were seen.
 */
import type { PairImage } from './registration.ts';

export interface Drift {
  /** Colour lies this far to the right of and below depth, pixels of the depth grid; null: the parts do not tell. */
  readonly xPx: number | null;
  readonly yPx: number | null;
  /** Parts it is the mean of; counts on after the mean has become a sliding one. */
  readonly parts: number;
}

/** Shifts looked at in each direction; beyond it the shift reads as this. */
export const reachPx = 6;
const span = 2 * reachPx + 1;
/** The mean slides over about so many parts. */
const meanParts = 15;
/** Fewer parts than this are not spoken of. */
export const leastParts = 10;
/** Strongest depth edges of a part that are laid over. */
const edgesMax = 4000;
/** Steps of depth between neighbours that are edges, mm, and where they count no more: a cliff is one edge, too. */
const edgeLeastMm = 0.4;
const edgeMostMm = 3;
/** Steps of grey beyond which a colour edge counts no more. */
const greyMost = 40;
/** An axis tells where the match falls by this share of its height over the mean within the reach. */
const leastFall = 0.02;

export class EdgeDrift {
  readonly #mean = new Float64Array(span * span);
  #parts = 0;

  /** Lays one part over; false where it has too few edges to say anything. */
  add(pair: PairImage): boolean {
    const { widthPx, heightPx, rgb, depthMm } = pair;
    const edges = depthEdges(depthMm, widthPx, heightPx);
    if (edges.length < edgesMax / 20) return false;
    const colour = colourEdges(rgb, widthPx, heightPx);
    const match = matches(edges, colour, widthPx);
    if (match === null) return false;
    this.#parts++;
    const weight = 1 / Math.min(this.#parts, meanParts);
    for (let at = 0; at < match.length; at++) this.#mean[at]! += weight * (match[at]! - this.#mean[at]!);
    return true;
  }

  /** Null before `leastParts`. */
  drift(): Drift | null {
    if (this.#parts < leastParts) return null;
    const best = this.#mean.indexOf(Math.max(...this.#mean));
    const [column, row] = [best % span, Math.floor(best / span)];
    return {
      xPx: this.#peak((at) => this.#mean[row * span + at]!, column),
      yPx: this.#peak((at) => this.#mean[at * span + column]!, row),
      parts: this.#parts,
    };
  }

  /** The top of the curve through the best shift and its neighbours; null where the curve is flat. */
  #peak(value: (at: number) => number, at: number): number | null {
    let sum = 0;
    for (let i = 0; i < span; i++) sum += value(i);
    if (!(value(at) - sum / span > leastFall * value(at))) return null;
    if (at === 0 || at === span - 1) return at - reachPx;
    const [before, top, after] = [value(at - 1), value(at), value(at + 1)];
    return at - reachPx + (before - after) / (2 * (before - 2 * top + after));
  }
}

/** Indices of the strongest edges, away from the rim by the reach, evenly thinned to `edgesMax`. */
function depthEdges(depthMm: Float32Array, widthPx: number, heightPx: number): number[] {
  const found: number[] = [];
  const rim = reachPx + 1;
  for (let row = rim; row < heightPx - rim; row++) {
    for (let column = rim; column < widthPx - rim; column++) {
      const at = row * widthPx + column;
      const step = Math.max(
        stepMm(depthMm[at - 1]!, depthMm[at + 1]!),
        stepMm(depthMm[at - widthPx]!, depthMm[at + widthPx]!),
      );
      if (step >= edgeLeastMm) found.push(at);
    }
  }
  const every = Math.max(1, Math.ceil(found.length / edgesMax));
  return found.filter((_, at) => at % every === 0);
}

/** 0 where either has no reading: NaN and 0 compare false. */
function stepMm(a: number, b: number): number {
  if (!(a > 0 && b > 0)) return 0;
  return Math.min(Math.abs(a - b), edgeMostMm);
}

function colourEdges(rgb: Uint8Array, widthPx: number, heightPx: number): Float32Array {
  const count = widthPx * heightPx;
  const grey = new Float32Array(count);
  for (let at = 0, from = 0; at < count; at++, from += 3) {
    grey[at] = 0.3 * rgb[from]! + 0.6 * rgb[from + 1]! + 0.1 * rgb[from + 2]!;
  }
  const edges = new Float32Array(count);
  for (let at = widthPx; at < count - widthPx; at++) {
    const across = Math.abs(grey[at + 1]! - grey[at - 1]!);
    const down = Math.abs(grey[at + widthPx]! - grey[at - widthPx]!);
    edges[at] = Math.min(across + down, greyMost);
  }
  return edges;
}

/** The mean colour edge under the depth edges at each shift, over the mean of all shifts; null where there is none. */
function matches(edges: readonly number[], colour: Float32Array, widthPx: number): Float64Array | null {
  const match = new Float64Array(span * span);
  let total = 0;
  for (let row = 0; row < span; row++) {
    for (let column = 0; column < span; column++) {
      const shift = (row - reachPx) * widthPx + column - reachPx;
      let sum = 0;
      for (const at of edges) sum += colour[at + shift]!;
      match[row * span + column] = sum;
      total += sum;
    }
  }
  if (!(total > 0)) return null;
  const scale = match.length / total;
  for (let at = 0; at < match.length; at++) match[at]! *= scale;
  return match;
}
