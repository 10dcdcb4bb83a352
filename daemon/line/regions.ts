/**
 * 8-connected regions of a map by hysteresis: every pixel at or above the low threshold that hangs together with one
 * at or above the high threshold. Linear in the number of pixels; the flood's queue is as long as the picture, since
 * every pixel enters it at most once.
 */
export interface Component {
  /** Pixel indices, row-major, in the order they were reached. */
  readonly pixels: Int32Array;
  readonly x: number;
  readonly y: number;
  readonly widthPx: number;
  readonly heightPx: number;
  readonly peak: number;
  /** True where it holds the seed that always counts. */
  readonly holdsSeed: boolean;
}

export interface Hysteresis {
  readonly widthPx: number;
  readonly heightPx: number;
  readonly map: Float32Array;
  /** 1 where a pixel may belong to a region. */
  readonly judged: Uint8Array;
  readonly low: number;
  readonly high: number;
  /** A pixel that belongs to a region whatever its value (the peak of a part that fails); -1 = none. */
  readonly seed: number;
}

/** The components that hold at least one pixel >= high, or the seed; in row-major order of their first pixel. */
export function components(input: Hysteresis): Component[] {
  const { widthPx, heightPx, map, judged, low, seed } = input;
  const pixels = widthPx * heightPx;
  // 1 = may join a region and has not been reached yet
  const free = new Uint8Array(pixels);
  for (let at = 0; at < pixels; at++) if (judged[at] === 1 && map[at]! >= low) free[at] = 1;
  if (seed >= 0) free[seed] = 1;
  const queue = new Int32Array(pixels);
  const found: Component[] = [];
  for (let at = 0; at < pixels; at++) {
    if (free[at] === 0) continue;
    const component = flood(input, at, free, queue);
    if (component.peak >= input.high || component.holdsSeed) found.push(component);
  }
  return found;
}

function flood(input: Hysteresis, start: number, free: Uint8Array, queue: Int32Array): Component {
  const { widthPx, heightPx, map, seed } = input;
  let [left, right, top, bottom] = [widthPx, 0, heightPx, 0];
  let peak = Number.NEGATIVE_INFINITY;
  let holdsSeed = false;
  let length = 1;
  queue[0] = start;
  free[start] = 0;
  for (let next = 0; next < length; next++) {
    const at = queue[next]!;
    const x = at % widthPx;
    const y = (at - x) / widthPx;
    left = Math.min(left, x);
    right = Math.max(right, x);
    top = Math.min(top, y);
    bottom = Math.max(bottom, y);
    peak = Math.max(peak, map[at]!);
    if (at === seed) holdsSeed = true;
    for (let ny = Math.max(y - 1, 0); ny <= Math.min(y + 1, heightPx - 1); ny++) {
      for (let nx = Math.max(x - 1, 0); nx <= Math.min(x + 1, widthPx - 1); nx++) {
        const neighbour = ny * widthPx + nx;
        if (free[neighbour] === 0) continue;
        free[neighbour] = 0;
        queue[length++] = neighbour;
      }
    }
  }
  return {
    pixels: queue.slice(0, length),
    x: left,
    y: top,
    widthPx: right - left + 1,
    heightPx: bottom - top + 1,
    peak,
    holdsSeed,
  };
}
