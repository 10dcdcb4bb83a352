/**
 * Collects the pixel scores of one source over the test set: OK pixels together, each ground-truth component apart.
 *
 * Every ground-truth pixel counts: a pixel that was not judged (NaN) is kept with the lowest score. What is added is
 * copied once, so the caller may reuse or drop its map; OK pixels lie in chunks until `finish` puts them in order.
 * Infinity is refused: it is no score a map can have, and would be ranked silently.
 */
import { fail, invariant } from '../../errors.ts';
import { lowest, sortScores } from './sorted.ts';

/** 2^28 pixels: 4,096 parts of 256 x 256, and 1 GiB of scores for each source. */
export const maxPixels = 2 ** 28;
const chunkPixels = 2 ** 20;

export interface DefectComponent {
  kind: string;
  /** Ascending. */
  scores: Float32Array;
}

/** One source over the whole test set, ascending. */
export interface SortedPixels {
  ok: Float32Array;
  components: DefectComponent[];
  /** All pixels of all components in one array, ascending. */
  defective: Float32Array;
  notJudgedPixels: number;
}

export class PixelCollector {
  #chunks: Float32Array[] = [];
  /** OK pixels in the last chunk. */
  #filled = chunkPixels;
  #components: DefectComponent[] = [];
  #pixels = 0;
  #notJudged = 0;

  /** Adds one image; `components` hold the indices of its ground truth, `truth` is null where it has none. */
  add(id: string, kind: string, map: Float32Array, truth: Uint8Array | null, components: readonly Int32Array[]): void {
    this.#pixels += map.length;
    if (this.#pixels > maxPixels) throw fail('evaluate/tooLarge', { limit: maxPixels });
    for (let i = 0; i < map.length; i++) {
      const score = map[i]!;
      if (Number.isNaN(score)) this.#notJudged++;
      else if (score === Infinity || score === -Infinity) {
        throw fail('evaluate/sample', { id, what: `map[${i}]`, actual: score, expected: 'a number, NaN = not judged' });
      }
      if (truth !== null && truth[i] !== 0) continue;
      if (this.#filled === chunkPixels) {
        this.#chunks.push(new Float32Array(chunkPixels));
        this.#filled = 0;
      }
      this.#chunks.at(-1)![this.#filled++] = Number.isNaN(score) ? lowest : score;
    }
    for (const pixels of components) {
      this.#components.push({ kind, scores: sortScores(Float32Array.from(pixels, (pixel) => map[pixel]!)) });
    }
  }

  /** Sorts what was added and gives it away; the collector is empty afterwards. */
  finish(): SortedPixels {
    const chunks = this.#chunks;
    const components = this.#components;
    const okCount = chunks.length === 0 ? 0 : (chunks.length - 1) * chunkPixels + this.#filled;
    const ok = new Float32Array(okCount);
    for (let at = 0; chunks.length > 0; at += chunkPixels) {
      const chunk = chunks.shift()!;
      ok.set(chunk.subarray(0, Math.min(chunkPixels, okCount - at)), at);
    }
    const defective = new Float32Array(components.reduce((sum, component) => sum + component.scores.length, 0));
    let at = 0;
    for (const { scores } of components) {
      defective.set(scores, at);
      at += scores.length;
    }
    invariant(ok.length + defective.length === this.#pixels, `${ok.length} + ${defective.length} of ${this.#pixels}`);
    const notJudgedPixels = this.#notJudged;
    this.#components = [];
    this.#pixels = 0;
    this.#notJudged = 0;
    this.#filled = chunkPixels;
    return { ok: sortScores(ok), components, defective: sortScores(defective), notJudgedPixels };
  }
}
