/**
 * A result in one scalar, `SEQ;VERDICT;REASONCODE;SCORE;PARTID`, for PLCs that cannot read several variables as one.
 * Always five fields. SEQ is empty where the PLC did not trigger the part; SCORE is -1 where there is none. PARTID is
 * the last, whatever it contains; what is not printable ASCII in it is `?`, since a PLC's STRING holds bytes.
 */

/** An S7 STRING takes no more characters. */
export const textMax = 254;

export interface ResultFields {
  /** As in `ResSeq`; null where the PLC did not trigger the part. */
  readonly sequence: number | null;
  readonly verdict: number;
  readonly reasonCode: number;
  readonly score: number | null;
  readonly partId: string | null;
}

/** What stands there while there is no result. */
export const noResultText = '0;0;0;-1;';

export function resultText({ sequence, verdict, reasonCode, score, partId }: ResultFields): string {
  const number = score === null || !Number.isFinite(score) ? '-1' : plainNumber(score);
  return cut(`${sequence ?? ''};${verdict};${reasonCode};${number};${ascii(partId ?? '')}`);
}

export function ascii(text: string): string {
  return text.replace(/[^\x20-\x7e]/gu, '?');
}

export function cut(text: string): string {
  return text.slice(0, textMax);
}

/** Without an exponent, which not every PLC converts; six decimals are finer than a Float of the same size. */
function plainNumber(value: number): string {
  const bounded = Math.min(Math.max(value, -999_999), 999_999);
  return bounded.toFixed(6).replace(/\.?0+$/, '');
}
