/**
 * The names of the ring: what a PLC needs of each of the last 16 results, so that one that polls more slowly than parts
 * come loses none. A result stands in the slot of its own number modulo 16 and never moves.
 */

export const ringSize = 16;

/** In the order they are written: the number first, and again last. */
export const ringFields = [
  'ResSeqStart',
  'Verdict',
  'ReasonCode',
  'ResRecipe',
  'Challenge',
  'Trigger',
  'ResPartId',
  'Result',
  'ResSeq',
] as const;
export type RingField = (typeof ringFields)[number];

type Tens = '0' | '1';
type Digit = '0' | '1' | '2' | '3' | '4' | '5' | '6' | '7' | '8' | '9';
/** NN is 00 to 15. */
export type RingName = `Ring${Tens}${Digit}${RingField}`;

export function ringName(slot: number, field: RingField): RingName {
  return `Ring${String(slot).padStart(2, '0')}${field}` as RingName;
}

export function slotOf(ownSequence: number): number {
  return ownSequence % ringSize;
}

interface Made<Type, Initial> {
  readonly type: Type;
  readonly initial: Initial;
  readonly text: string;
}

/** Each tag as the current result's of the same name. */
export function ringTagsOf<Type, Initial>(
  resultTags: Readonly<Record<RingField, Made<Type, Initial>>>,
): Record<RingName, Made<Type, Initial>> {
  const slots = Array.from({ length: ringSize }, (_, slot) => slot);
  const named = slots.flatMap((slot) =>
    ringFields.map((field) => {
      const { type, initial, text } = resultTags[field];
      return [ringName(slot, field), { type, initial, text: `slot ${slot}: ${text}` }] as const;
    }),
  );
  return Object.fromEntries(named) as Record<RingName, Made<Type, Initial>>;
}
