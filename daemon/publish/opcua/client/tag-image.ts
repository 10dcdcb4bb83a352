/**
 * What shall stand in a PLC's own server, and what of it is not written yet. Newer values take the place of older ones
 * that wait, so that a slow PLC is late and never behind. Pure.
 *
 * A server need not do the writes of one call in order, so a result goes out in two: all of it but the sequences that
 * say it is complete, and these when the first call is answered.
 */
import { type inputTags, resultTags, type Scalar, stateTags, type Tag, type TagName } from '../plc/tag-table.ts';
import type { TagValues } from '../tags.ts';

/** What we write, in the order of the table: the result first, the line's state after it. */
export type OutputName = Exclude<TagName, keyof typeof inputTags>;

export const outputTags: Readonly<Record<OutputName, Tag>> = { ...resultTags, ...stateTags };
export const outputNames = Object.keys(outputTags) as OutputName[];

/** Written when all else of a result stands. */
const lastNames: readonly OutputName[] = ['Sequence', 'ResSeq'];

export type Writes = readonly (readonly [OutputName, Scalar])[];

export class TagImage {
  readonly #values = new Map<OutputName, Scalar>(outputNames.map((name) => [name, outputTags[name].initial]));
  readonly #waiting = new Set<OutputName>();

  show(values: TagValues): void {
    for (const [name, value] of Object.entries(values) as [OutputName, Scalar][]) {
      if (Object.is(this.#values.get(name), value)) continue;
      this.#values.set(name, value);
      this.#waiting.add(name);
    }
  }

  /** No verdict, not ready: what is left behind at a stop. */
  reset(): void {
    this.show(Object.fromEntries(outputNames.map((name) => [name, outputTags[name].initial])));
  }

  /** Nobody knows what stands on the other side: all of it is written again. */
  unknown(): void {
    for (const name of outputNames) this.#waiting.add(name);
  }

  get waits(): boolean {
    return this.#waiting.size > 0;
  }

  /** Takes what waits, as one call or two, one after the other. What then cannot be written is `unknown`. */
  take(): Writes[] {
    const taken = outputNames.filter((name) => this.#waiting.has(name));
    this.#waiting.clear();
    const of = (names: readonly OutputName[]): Writes => names.map((name) => [name, this.#values.get(name)!] as const);
    const first = of(taken.filter((name) => !lastNames.includes(name)));
    const last = of(taken.filter((name) => lastNames.includes(name)));
    return [first, last].filter((writes) => writes.length > 0);
  }
}
