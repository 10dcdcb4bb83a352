/**
 * Where a good part is brighter or darker than the others are at that very place, each part held against those of other
 * groups only. A stain on a quiet face is what every texture of the product knows somewhere; here it is not.
 */
import type { PreparedPart } from './prepared.ts';

export interface Oddest {
  /** Spreads of the others; 0 where too few others tell what is usual. */
  distance: number;
  /** Middle of the place, pixels of the working image. */
  x: number;
  y: number;
}

/** Tone is averaged over so many pixels along both axes: a part of thousands is remembered in little memory. */
const poolPx = 4;
/** A place is no steadier than this share of the usual spread: with a few dozen parts that would be luck. */
const leastShare = 0.5;
/** Fewer others than this say nothing about what is usual. */
export const leastOthers = 4;

/** The oddest place of each part; `groups` names the group of each. */
export async function oddestTones(
  groups: readonly string[],
  prepared: (part: number) => Promise<Pick<PreparedPart, 'features'>>,
  { widthPx, heightPx }: { widthPx: number; heightPx: number },
): Promise<Oddest[]> {
  const columns = Math.floor(widthPx / poolPx);
  const places = columns * Math.floor(heightPx / poolPx);
  const tones: Float32Array[] = [];
  const all = new Sums(places);
  for (const part of groups.keys()) {
    const tone = pooled((await prepared(part)).features.tone, widthPx, columns, places);
    tones.push(tone);
    all.add(tone);
  }
  const found = new Array<Oddest>(tones.length);
  for (const members of Map.groupBy(groups.keys(), (part) => groups[part]!).values()) {
    const own = new Sums(places);
    for (const part of members) own.add(tones[part]!);
    const others = all.without(own).moments();
    for (const part of members) {
      const { place, distance } = oddest(tones[part]!, others);
      const middle = (i: number): number => (i + 0.5) * poolPx;
      found[part] = { distance, x: middle(place % columns), y: middle(Math.floor(place / columns)) };
    }
  }
  return found;
}

function oddest(tone: Float32Array, { count, mean, spread }: Moments): { place: number; distance: number } {
  if (count < leastOthers) return { place: 0, distance: 0 };
  const least = leastShare * Math.sqrt(spread.reduce((sum, s) => sum + s * s, 0) / spread.length);
  const distances = tone.map((value, i) => Math.abs(value - mean[i]!) / Math.max(spread[i]!, least, 1e-6));
  const distance = distances.reduce((most, each) => Math.max(most, each), 0);
  return { place: distances.indexOf(distance), distance };
}

function pooled(map: Float32Array, widthPx: number, columns: number, places: number): Float32Array {
  return Float32Array.from({ length: places }, (_, place) => {
    const from = Math.floor(place / columns) * poolPx * widthPx + (place % columns) * poolPx;
    let sum = 0;
    for (let y = 0; y < poolPx; y++) for (let x = 0; x < poolPx; x++) sum += map[from + y * widthPx + x]!;
    return sum / poolPx ** 2;
  });
}

interface Moments {
  readonly count: number;
  readonly mean: Float64Array;
  readonly spread: Float64Array;
}

/** Sums of values and of their squares at each place, from which those of a group can be taken away again. */
class Sums {
  count = 0;
  readonly #first: Float64Array;
  readonly #second: Float64Array;

  constructor(places: number) {
    this.#first = new Float64Array(places);
    this.#second = new Float64Array(places);
  }

  add(values: Float32Array): void {
    this.count++;
    for (let i = 0; i < values.length; i++) {
      this.#first[i]! += values[i]!;
      this.#second[i]! += values[i]! ** 2;
    }
  }

  without(part: Sums): Sums {
    const rest = new Sums(this.#first.length);
    rest.count = this.count - part.count;
    for (let i = 0; i < this.#first.length; i++) {
      rest.#first[i] = this.#first[i]! - part.#first[i]!;
      rest.#second[i] = this.#second[i]! - part.#second[i]!;
    }
    return rest;
  }

  moments(): Moments {
    const mean = this.#first.map((sum) => sum / this.count);
    const spread = this.#second.map((sum, i) => Math.sqrt(Math.max(0, sum / this.count - mean[i]! ** 2)));
    return { count: this.count, mean, spread };
  }
}
