/**
 * What shall stand in a PLC's own server, and what of it is not written yet. Newer values take the place of older ones
 * that wait, so that a slow PLC is late and never behind. Pure.
 *
 * A server need not do the writes of one call in order, so a result goes out in calls of its own: first `ResSeqStart`
 * where a result stands there, which makes that nobody's; then all else; and when that is answered the sequences that
 * say it is complete. The current result and each slot of the ring alike.
 */
import { ringFields, ringName, ringSize } from '../plc/ring-tags.ts';
import { type OutputName, outputTags, resultTags, type Scalar } from '../plc/tag-table.ts';
import type { TagValues } from '../tags.ts';

export const outputNames = Object.keys(outputTags) as OutputName[];

/** The two numbers around each result. */
const pairs: readonly (readonly [start: OutputName, end: OutputName])[] = [
  ['ResSeqStart', 'ResSeq'],
  ...Array.from({ length: ringSize }, (_, slot) => [ringName(slot, 'ResSeqStart'), ringName(slot, 'ResSeq')] as const),
];
const starts = new Map(pairs);
/** Written when all else of a result stands. */
const lastNames = new Set<OutputName>(['Sequence', ...pairs.map(([, end]) => end)]);
/** All that tells a result; `Sequence` and the count of rejects tell of the past. */
const resultNames: readonly OutputName[] = [
  ...(Object.keys(resultTags) as OutputName[]),
  ...Array.from({ length: ringSize }, (_, slot) => ringFields.map((field) => ringName(slot, field))).flat(),
].filter((name) => name !== 'Sequence' && name !== 'ConsecutiveRejects');

export type Writes = readonly (readonly [OutputName, Scalar])[];

export class TagImage {
  readonly #values = new Map<OutputName, Scalar>(outputNames.map((name) => [name, outputTags[name].initial]));
  readonly #waiting = new Set<OutputName>();
  /** The first numbers of what stands there complete, or may. */
  readonly #complete = new Set<OutputName>(starts.keys());

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
    for (const [start] of pairs) this.#complete.add(start);
  }

  get waits(): boolean {
    return this.#waiting.size > 0;
  }

  /** "No result" everywhere, whatever is shown by now: written at the beginning of a connection, before all else. */
  noResult(): Writes[] {
    // What stands there may be complete, whatever was written on the connection before.
    for (const [start] of pairs) this.#complete.add(start);
    return this.#calls(resultNames, (name) => outputTags[name].initial);
  }

  /** Takes what waits, as calls one after the other. What then cannot be written is `unknown`. */
  take(): Writes[] {
    const taken = outputNames.filter((name) => this.#waiting.has(name));
    this.#waiting.clear();
    return this.#calls(taken, (name) => this.#values.get(name)!);
  }

  #calls(names: readonly OutputName[], wanted: (name: OutputName) => Scalar): Writes[] {
    const calls: OutputName[][] = [[], [], []];
    for (const name of names) {
      const call = lastNames.has(name) ? 2 : starts.has(name) && this.#complete.has(name) ? 0 : 1;
      calls[call]!.push(name);
    }
    for (const [start, end] of pairs) {
      if (wanted(start) === wanted(end)) this.#complete.add(start);
      else this.#complete.delete(start);
    }
    const filled = calls.filter((call) => call.length > 0);
    return filled.map((call) => call.map((name) => [name, wanted(name)] as const));
  }
}
