/**
 * Time inside a camera's process: the kernel's monotonic clock, the one the daemon's clock counts too, so that an
 * instant needs no conversion between them. Waits run on a thread of libuv's pool and block nothing.
 */
import { loadLibrary, struct } from './koffi.ts';

export interface ProcessClock {
  /** CLOCK_MONOTONIC in microseconds. */
  nowUs(): number;
  sleep(durationMs: number): Promise<void>;
}

const clockMonotonic = 1;

export function monotonicClock(): ProcessClock {
  struct('timespec', { seconds: 'int64_t', nanoseconds: 'int64_t' });
  const library = loadLibrary(['libc.so.6']);
  const gettime = library.declare('int clock_gettime(int clock, _Out_ timespec *time)');
  const usleep = library.declare('int usleep(uint32_t microseconds)');
  const time = { seconds: 0, nanoseconds: 0 };
  return {
    nowUs() {
      gettime(clockMonotonic, time);
      return time.seconds * 1e6 + time.nanoseconds / 1e3;
    },
    async sleep(durationMs) {
      await usleep.promise(Math.round(durationMs * 1000));
    },
  };
}
