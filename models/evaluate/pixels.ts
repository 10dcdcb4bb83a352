/**
 * Collects the pixel scores of one source over the test set: OK pixels by the class of their part (a kind at a
 * severity), each ground-truth component apart.
 *
 * Every ground-truth pixel counts: a pixel that was not judged (NaN) is kept with the lowest score. What is added is
 * copied once, so the caller may reuse or drop its map; OK pixels lie in chunks until `finish` puts them in order.
 * Infinity is refused: it is no score a map can have, and would be ranked silently.
 */
import { fail, invariant } from '../../errors.ts';
import { lowest, sortScores } from './sorted.ts';

/** 2^28 pixels: 4,096 parts of 256 x 256, and 1 GiB of scores for each source. */
export const maxPixels = 2 ** 28;
const chunkPixels = 2 ** 18;

/** What parts are told apart by; good parts have no severity. */
export interface PartClass {
  kind: string;
  severity: string | null;
}

export interface DefectComponent extends PartClass {
  /** Ascending. */
  scores: Float32Array;
}

/** The OK pixels of the parts of one class, ascending. */
export interface ClassPixels extends PartClass {
  ok: Float32Array;
}

/** One source over the whole test set, ascending. */
export interface SortedPixels {
  ok: Float32Array;
  /** The same once more, class by class. */
  classes: ClassPixels[];
  components: DefectComponent[];
  /** All pixels of all components in one array, ascending. */
  defective: Float32Array;
  notJudgedPixels: number;
}

export class PixelCollector {
  #classes = new Map<string, { of: PartClass; pixels: Chunks }>();
  #components: DefectComponent[] = [];
  #pixels = 0;
  #notJudged = 0;

  /** Adds one image; `components` hold the indices of its ground truth, `truth` is null where it has none. */
  add(
    id: string,
    { kind, severity }: PartClass,
    map: Float32Array,
    truth: Uint8Array | null,
    components: readonly Int32Array[],
  ): void {
    this.#pixels += map.length;
    if (this.#pixels > maxPixels) throw fail('evaluate/tooLarge', { limit: maxPixels });
    const ok = this.#chunksOf({ kind, severity });
    for (let i = 0; i < map.length; i++) {
      const score = map[i]!;
      if (Number.isNaN(score)) this.#notJudged++;
      else if (score === Infinity || score === -Infinity) {
        throw fail('evaluate/sample', { id, what: `map[${i}]`, actual: score, expected: 'a number, NaN = not judged' });
      }
      if (truth !== null && truth[i] !== 0) continue;
      ok.push(Number.isNaN(score) ? lowest : score);
    }
    for (const pixels of components) {
      const scores = sortScores(Float32Array.from(pixels, (pixel) => map[pixel]!));
      this.#components.push({ kind, severity, scores });
    }
  }

  /** Sorts what was added and gives it away; the collector is empty afterwards. */
  finish(): SortedPixels {
    const classes = [...this.#classes.values()].map(({ of, pixels }) => ({ ...of, ok: sortScores(pixels.take()) }));
    const components = this.#components;
    const ok = joined(classes.map((one) => one.ok));
    const defective = joined(components.map(({ scores }) => scores));
    invariant(ok.length + defective.length === this.#pixels, `${ok.length} + ${defective.length} of ${this.#pixels}`);
    const notJudgedPixels = this.#notJudged;
    this.#classes = new Map();
    this.#components = [];
    this.#pixels = 0;
    this.#notJudged = 0;
    return { ok: sortScores(ok), classes, components, defective: sortScores(defective), notJudgedPixels };
  }

  #chunksOf(of: PartClass): Chunks {
    const key = JSON.stringify([of.kind, of.severity]);
    const known = this.#classes.get(key);
    if (known) return known.pixels;
    const pixels = new Chunks();
    this.#classes.set(key, { of, pixels });
    return pixels;
  }
}

/** Numbers in order of arrival, without ever copying what is there to make room. */
class Chunks {
  #full: Float32Array[] = [];
  #last = new Float32Array(chunkPixels);
  #filled = 0;

  push(value: number): void {
    if (this.#filled === chunkPixels) {
      this.#full.push(this.#last);
      this.#last = new Float32Array(chunkPixels);
      this.#filled = 0;
    }
    this.#last[this.#filled++] = value;
  }

  /** All of them in one array; each chunk is dropped as it is copied. */
  take(): Float32Array {
    const all = new Float32Array(this.#full.length * chunkPixels + this.#filled);
    let at = 0;
    for (let chunk = this.#full.shift(); chunk !== undefined; chunk = this.#full.shift()) {
      all.set(chunk, at);
      at += chunkPixels;
    }
    all.set(this.#last.subarray(0, this.#filled), at);
    this.#filled = 0;
    return all;
  }
}

function joined(arrays: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(arrays.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const array of arrays) {
    all.set(array, at);
    at += array.length;
  }
  return all;
}
