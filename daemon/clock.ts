/**
 * Time as a value that is passed in: monotonic for every wait and deadline, wall clock only to stamp records.
 * The real clock is made here and nowhere else; simulations bring their own.
 */
import process from 'node:process';

export interface Clock {
  /** Monotonic milliseconds, arbitrary zero; the real one counts CLOCK_MONOTONIC, as every process here does. */
  nowMs(): number;
  /** Wall clock, milliseconds since 1970; may jump. */
  wallMs(): number;
  /** Calls back once after the delay unless the signal aborts first. */
  after(delayMs: number, callback: () => void, signal?: AbortSignal): void;
}

export const systemClock: Clock = {
  nowMs: () => Number(process.hrtime.bigint()) / 1e6,
  wallMs: () => Date.now(),
  after(delayMs, callback, signal) {
    if (signal?.aborted) return;
    const cancel = (): void => clearTimeout(timer);
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', cancel);
      callback();
    }, delayMs);
    signal?.addEventListener('abort', cancel, { once: true });
  },
};
