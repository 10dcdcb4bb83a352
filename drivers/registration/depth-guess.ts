/**
 * Where depth has no reading, colour is still looked at: the distance is guessed there, to know which RGB pixel sees
 * the spot, and for nothing else. The depth that is judged keeps its gaps.
 *
 * A gap is bridged along its row; at a step the farther side is taken, because shadows of the light lie on it.
 */

/** A gap between two readings that differ by a larger share of their distance lies at a step. */
const stepShare = 0.01;

/** Readings are finite and above 0, others are guessed; `out` gets all. False where there is no reading at all. */
export function guessDepth(depthMm: Float32Array, widthPx: number, heightPx: number, out: Float32Array): boolean {
  let above = -1;
  for (let row = 0; row < heightPx; row++) {
    const from = row * widthPx;
    if (bridgeRow(depthMm, from, widthPx, out)) {
      // rows before the first one with a reading are like it
      if (above < 0) for (let y = 0; y < row; y++) out.copyWithin(y * widthPx, from, from + widthPx);
      above = row;
    } else if (above >= 0) {
      out.copyWithin(from, (row - 1) * widthPx, row * widthPx);
    }
  }
  return above >= 0;
}

function bridgeRow(depthMm: Float32Array, from: number, widthPx: number, out: Float32Array): boolean {
  const end = from + widthPx;
  let left = -1;
  for (let at = from; at < end; at++) {
    const value = depthMm[at]!;
    // NaN compares false
    if (!(value > 0 && value < Number.POSITIVE_INFINITY)) continue;
    out[at] = value;
    if (left < 0) out.fill(value, from, at);
    else if (at - left > 1) bridge(out, left, at);
    left = at;
  }
  if (left < 0) return false;
  out.fill(out[left]!, left + 1, end);
  return true;
}

function bridge(out: Float32Array, left: number, right: number): void {
  const a = out[left]!;
  const b = out[right]!;
  const farther = Math.max(a, b);
  if (Math.abs(a - b) > stepShare * farther) {
    out.fill(farther, left + 1, right);
    return;
  }
  const slope = (b - a) / (right - left);
  for (let at = left + 1; at < right; at++) out[at] = a + slope * (at - left);
}
