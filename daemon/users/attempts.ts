/**
 * Wrong passwords in a row make whoever sends them wait: a second after the third, twice as long after each further
 * one, at most five minutes. Counted for a name as it comes from one place, so that a stranger who guesses cannot lock
 * out the PLC. The table is bounded; the place that was quiet longest is forgotten first.
 */

/** A person mistypes twice. */
const freeTries = 2;
const firstWaitMs = 1000;
const longestWaitMs = 300_000;
/** Names and places remembered at a time. */
const rememberedMax = 1000;

interface Tries {
  wrong: number;
  notBeforeMs: number;
}

export class Attempts {
  readonly #tries = new Map<string, Tries>();

  /** How long this name from this place must still wait, ms; 0 = it may try. */
  waitMs(name: string, place: string, nowMs: number): number {
    const tries = this.#tries.get(keyOf(name, place));
    return tries ? Math.max(0, tries.notBeforeMs - nowMs) : 0;
  }

  /** Returns how long it must wait from now on, ms. */
  wrong(name: string, place: string, nowMs: number): number {
    const key = keyOf(name, place);
    const tries = this.#tries.get(key) ?? { wrong: 0, notBeforeMs: 0 };
    tries.wrong++;
    const doublings = tries.wrong - freeTries - 1;
    const waitMs = doublings < 0 ? 0 : Math.min(firstWaitMs * 2 ** doublings, longestWaitMs);
    tries.notBeforeMs = nowMs + waitMs;
    // Last in the order of the map: the most recent.
    this.#tries.delete(key);
    this.#tries.set(key, tries);
    if (this.#tries.size > rememberedMax) this.#tries.delete(this.#tries.keys().next().value as string);
    return waitMs;
  }

  right(name: string, place: string): void {
    this.#tries.delete(keyOf(name, place));
  }
}

function keyOf(name: string, place: string): string {
  // Whatever a stranger calls himself must not fill the memory.
  return `${place.slice(0, 100)} ${name.slice(0, 100)}`;
}
