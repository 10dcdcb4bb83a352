/**
 * Which results a PLC is shown: the current one, and the ring of the last 16. Only of parts that were opened since the
 * last time everything was made nobody's, so that no number of an older count is ever given to a new part. Pure:
 * answers the values to show.
 */
import type { PartOrigin, VerdictRecord } from '../../../line/verdict.ts';
import type { TagValues } from '../tags.ts';
import { emptySlot, noResult, plcSequenceOf, resultValues, slotValues } from './result-values.ts';
import { slotOf } from './ring-tags.ts';

export class ShownResults {
  /** Records' sequences of the parts in flight whose results may be shown. */
  readonly #awaited = new Set<number>();
  readonly #filled = new Set<number>();
  #standing: { readonly own: number | null; readonly sequence: number } | null = null;

  /** Whether a result stands there that the acknowledgement of this number is not for. */
  waitsFor(acknowledged: number): boolean {
    const own = this.#standing?.own ?? null;
    return own !== null && own !== acknowledged;
  }

  /** The record's sequence of the result that stands there. */
  get sequence(): number | null {
    return this.#standing?.sequence ?? null;
  }

  /** A part is open: what stands there, and in its slot, is of another one. */
  opened(origin: PartOrigin, sequence: number, rejectsInARow: number): TagValues {
    this.#awaited.add(sequence);
    this.#standing = null;
    const own = plcSequenceOf(origin, sequence);
    if (own === null) return noResult(rejectsInARow);
    this.#filled.delete(slotOf(own));
    return { ...noResult(rejectsInARow), ...emptySlot(slotOf(own)) };
  }

  /** Null where its part is nobody's by now. */
  told(record: VerdictRecord, rejectsInARow: number): TagValues | null {
    if (!this.#awaited.delete(record.sequence)) return null;
    const own = plcSequenceOf(record, record.sequence);
    this.#standing = { own, sequence: record.sequence };
    if (own !== null) this.#filled.add(slotOf(own));
    const values = resultValues(record, rejectsInARow);
    return { ...slotValues(own, values), ...values };
  }

  /** Nothing stands there, and what is in flight will not. */
  disown(rejectsInARow: number): TagValues {
    this.#awaited.clear();
    this.#standing = null;
    let cleared: TagValues = noResult(rejectsInARow);
    for (const slot of this.#filled) cleared = { ...cleared, ...emptySlot(slot) };
    this.#filled.clear();
    return cleared;
  }
}
