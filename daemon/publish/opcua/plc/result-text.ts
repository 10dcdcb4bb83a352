/**
 * A result in one scalar, `SEQ;VERDICT;REASONCODE;SCORE;RECIPE;CHALLENGE;PARTID`, for PLCs that cannot read several
 * variables as one. Always seven fields. SEQ is empty where the PLC did not trigger the part; SCORE is -1 where there
 * is none; RECIPE is 0 where none judged; CHALLENGE is 0 or 1. PARTID is the last, whatever it contains.
 */
import { cutBytes } from './utf8.ts';

/** Bytes of UTF-8: an S7 STRING takes no more. */
export const textMaxBytes = 254;

export interface ResultFields {
  /** As in `ResSeq`; null where the PLC did not trigger the part. */
  readonly sequence: number | null;
  readonly verdict: number;
  readonly reasonCode: number;
  readonly score: number | null;
  /** 0: none. */
  readonly recipe: number;
  readonly challenge: boolean;
  readonly partId: string | null;
}

/** What stands there while there is no result. */
export const noResultText = '0;0;0;-1;0;0;';

export function resultText({ sequence, verdict, reasonCode, score, recipe, challenge, partId }: ResultFields): string {
  const number = score === null || !Number.isFinite(score) ? '-1' : plainNumber(score);
  const fields = [sequence ?? '', verdict, reasonCode, number, recipe, challenge ? 1 : 0, partId ?? ''];
  return cut(fields.join(';'));
}

/** Whole characters, as many as a PLC's string holds. */
export function cut(text: string): string {
  return cutBytes(text, textMaxBytes);
}

/** Without an exponent, which not every PLC converts; six decimals are finer than a Float of the same size. */
function plainNumber(value: number): string {
  const bounded = Math.min(Math.max(value, -999_999), 999_999);
  return bounded.toFixed(6).replace(/\.?0+$/, '');
}
