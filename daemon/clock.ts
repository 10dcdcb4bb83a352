/**
 * Time as a value that is passed in: monotonic for every wait and deadline, wall clock only to stamp records.
 * The real clock is made here and nowhere else; simulations bring their own.
 */
export interface Clock {
  /** Monotonic milliseconds, arbitrary zero. */
  nowMs(): number;
  /** Wall clock, milliseconds since 1970; may jump. */
  wallMs(): number;
  /** Calls back once after the delay unless the signal aborts first. */
  after(delayMs: number, callback: () => void, signal?: AbortSignal): void;
}

export const systemClock: Clock = {
  nowMs: () => performance.now(),
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
