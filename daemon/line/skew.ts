/**
 * Two frames of one trigger were exposed together, a constant of the installation apart. Where they were not, the
 * counters cannot be believed: one missed edge makes every later pair look well paired and be wrong.
 */
import type { Pair } from './finding.ts';
import type { LineSettings } from './settings.ts';

/** So many in a row mean that the counters have slipped, not one picture. */
export const maxSkewsInARow = 3;

export class SkewWatch {
  readonly #settings: Pick<LineSettings, 'skewExpectedUs' | 'skewMaxUs'>;
  #inARow = 0;

  constructor(settings: Pick<LineSettings, 'skewExpectedUs' | 'skewMaxUs'>) {
    this.#settings = settings;
  }

  /** What is wrong with a pair's exposures, or null. A skew that is not a number is wrong too. */
  problem({ rgb, depth }: Pair): string | null {
    const skewUs = depth.capturedAtUs - rgb.capturedAtUs - this.#settings.skewExpectedUs;
    if (Math.abs(skewUs) <= this.#settings.skewMaxUs) {
      this.#inARow = 0;
      return null;
    }
    this.#inARow++;
    return `RGB and depth were exposed ${skewUs} us off their offset, expected ${this.#settings.skewMaxUs} or less`;
  }

  /** True once the last pairs were all wrong. */
  get slipped(): boolean {
    return this.#inARow >= maxSkewsInARow;
  }

  reset(): void {
    this.#inARow = 0;
  }
}
