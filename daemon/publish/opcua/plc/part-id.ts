/**
 * The id a PLC gives with a trigger, and the one rule for it: an id is one part's. It is used by the next change of
 * TrigSeq, whatever becomes of that, and by no later one; a PLC that writes it again, even the same, gives it again. An
 * id that was refused is no id. So no part ever carries what was meant for another one.
 */
import { withoutControls } from './utf8.ts';

/** Longest id a PLC writes; four-byte characters reach the second limit first. */
export const partIdMaxChars = 64;
export const partIdMaxBytes = 192;

/** What a string holds whose bytes were no UTF-8: two such ids could not be told apart. */
const notUtf8 = '\ufffd';
/** What control characters are drawn as: written by a PLC, such an id were the same as one with the control itself. */
const pictures = /[\u2400-\u241f\u2421]/;

export function isPartId(text: string): boolean {
  const fits = [...text].length <= partIdMaxChars && Buffer.byteLength(text) <= partIdMaxBytes;
  return fits && !text.includes(notUtf8) && !pictures.test(text);
}

export interface UsedId {
  readonly partId: string | null;
  /** The PLC wrote one for this part, and it was not taken. */
  readonly refused: boolean;
}

export class NextPartId {
  #id = '';
  #refused = false;

  write(text: string): void {
    this.#id = withoutControls(text);
    this.#refused = false;
  }

  refuse(): void {
    this.#id = '';
    this.#refused = true;
  }

  /** The id of the part that is triggered now. */
  use(): UsedId {
    const used = { partId: this.#id === '' ? null : this.#id, refused: this.#refused };
    this.#id = '';
    this.#refused = false;
    return used;
  }
}
