/**
 * The connected components of a ground-truth mask: each one a defect of its own, whatever its size.
 * Eight neighbours connect, as in the MVTec evaluation. Linear time: every pixel is queued once.
 */
import { invariant } from '../../errors.ts';

/** Pixel indices of each component (row-major), in the order of their first pixel; views of one array. */
export function components(mask: Uint8Array, widthPx: number, heightPx: number): Int32Array[] {
  invariant(mask.length === widthPx * heightPx, `mask of ${mask.length} pixels for ${widthPx} x ${heightPx}`);
  let count = 0;
  for (let i = 0; i < mask.length; i++) if (mask[i] !== 0) count++;
  const queue = new Int32Array(count);
  const queued = new Uint8Array(mask.length);
  const found: Int32Array[] = [];
  let end = 0;
  for (let seed = 0; seed < mask.length; seed++) {
    if (mask[seed] === 0 || queued[seed] !== 0) continue;
    const start = end;
    queued[seed] = 1;
    queue[end++] = seed;
    for (let at = start; at < end; at++) {
      const pixel = queue[at]!;
      const y = Math.floor(pixel / widthPx);
      const x = pixel - y * widthPx;
      const [left, right] = [Math.max(0, x - 1), Math.min(widthPx - 1, x + 1)];
      for (let ny = Math.max(0, y - 1); ny <= Math.min(heightPx - 1, y + 1); ny++) {
        for (let near = ny * widthPx + left; near <= ny * widthPx + right; near++) {
          if (mask[near] === 0 || queued[near] !== 0) continue;
          queued[near] = 1;
          queue[end++] = near;
        }
      }
    }
    found.push(queue.subarray(start, end));
  }
  return found;
}
