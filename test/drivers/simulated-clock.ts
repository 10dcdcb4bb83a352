/** Time that moves only when the test says so: callbacks fall due in order, however far it is moved at once. */
import type { DriverClock } from '../../drivers/camera.ts';

export class SimulatedClock implements DriverClock {
  #nowMs = 1000;
  #due: { atMs: number; order: number; callback: () => void; signal: AbortSignal | undefined }[] = [];
  #order = 0;

  nowMs(): number {
    return this.#nowMs;
  }

  after(delayMs: number, callback: () => void, signal?: AbortSignal): void {
    this.#due.push({ atMs: this.#nowMs + delayMs, order: this.#order++, callback, signal });
  }

  advance(byMs: number): void {
    const until = this.#nowMs + byMs;
    for (;;) {
      this.#due.sort((a, b) => a.atMs - b.atMs || a.order - b.order);
      const next = this.#due[0];
      if (!next || next.atMs > until) break;
      this.#due.shift();
      this.#nowMs = next.atMs;
      if (!next.signal?.aborted) next.callback();
    }
    this.#nowMs = until;
  }
}
