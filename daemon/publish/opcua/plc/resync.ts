/**
 * Where the camera opens the parts, a PLC counts its own edges and compares them with `Trigger`. This is the agreed
 * start of that count: the PLC says that the line is empty (`ResyncRequest` changes), and is told the numbers of the
 * part opened last. Its edge k after that must be the part with `ResyncTrigger` + k and `ResyncSeq` + k. Pure.
 */
import type { TagValues } from '../tags.ts';

export class Resync {
  #heard: number | null = null;
  #last: { readonly trigger: number; readonly sequence: number } | null = null;

  opened(trigger: number, sequence: number): TagValues {
    this.#last = { trigger: trigger >>> 0, sequence: sequence >>> 0 };
    return { TriggerCount: this.#last.trigger };
  }

  /** What was agreed holds no more; the PLC sees it and asks again. What it writes until then asks for nothing. */
  end(): TagValues {
    return { ResyncEcho: 0 };
  }

  /** Whoever wrote is gone: the first number of another one asks for nothing. */
  forget(): void {
    this.#heard = null;
  }

  /** Null where nothing is asked: the first number heard, a repeated one, or 0. A text says why it cannot be. */
  ask(value: number, inTheWay: string | null): TagValues | string | null {
    const asks = this.#heard !== null && value !== this.#heard && value !== 0;
    if (asks && inTheWay !== null) return inTheWay;
    if (asks && this.#last === null) return 'no part was opened since the start; send one through, it is rejected';
    this.#heard = value;
    if (!asks || this.#last === null) return null;
    return { ResyncTrigger: this.#last.trigger, ResyncSeq: this.#last.sequence, ResyncEcho: value };
  }
}
