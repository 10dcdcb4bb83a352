/**
 * When the next part may be expected, by those that came last. A line without rhythm has no such time; a part that is
 * overdue is not waited for.
 */

/** Triggers that are looked at: an interval longer than the shortest of these is a pause, not the pace. */
const rememberedTriggers = 5;
/** How far a part may come off its pace, as a share of it. */
const jitter = 0.25;

export class Rhythm {
  #opened: number[] = [];

  opened(atMs: number): void {
    this.#opened = [...this.#opened, atMs].slice(-rememberedTriggers);
  }

  /** True while a part is expected within `withinMs` from now, or may be a little late. */
  isDue(nowMs: number, withinMs: number): boolean {
    const gaps = this.#opened.slice(1).map((atMs, at) => atMs - this.#opened[at]!);
    const last = this.#opened.at(-1);
    if (last === undefined || gaps.length === 0) return false;
    const paceMs = Math.min(...gaps);
    const dueMs = last + paceMs;
    return nowMs + withinMs >= dueMs - jitter * paceMs && nowMs <= dueMs + jitter * paceMs;
  }
}
