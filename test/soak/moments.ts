/**
 * Time for the soak runs: one monotonic clock that all processes of this machine share, waiting for a moment and for a
 * condition. A condition that does not come within its bound fails by name.
 */
import { systemClock } from '../../daemon/clock.ts';
import { patienceMs } from '../patience.ts';

/** Milliseconds of CLOCK_MONOTONIC: the same number in every process of this machine, unlike `performance.now`. */
export function sharedMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

export function pause(ms: number): Promise<void> {
  return new Promise((over) => systemClock.after(ms, over));
}

/** Milliseconds it took. */
export async function until(
  what: string,
  holds: () => boolean | Promise<boolean>,
  { boundMs = patienceMs, everyMs = 10 } = {},
): Promise<number> {
  const startedMs = sharedMs();
  while (!(await holds())) {
    if (sharedMs() - startedMs > boundMs) throw new Error(`not within ${boundMs} ms: ${what}`);
    await pause(everyMs);
  }
  return sharedMs() - startedMs;
}

/** Rejects by name where the promise takes longer. */
export async function within<T>(what: string, boundMs: number, promise: Promise<T>): Promise<T> {
  const bound = new AbortController();
  const late = Promise.withResolvers<never>();
  systemClock.after(boundMs, () => late.reject(new Error(`not within ${boundMs} ms: ${what}`)), bound.signal);
  try {
    return await Promise.race([promise, late.promise]);
  } finally {
    bound.abort();
  }
}
