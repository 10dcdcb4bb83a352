/**
 * The end of the process, also where a read hangs: a network file system that is gone holds the thread that reads it,
 * and leaving as usual waits for that thread, for ever.
 */
import process from 'node:process';
import type { FileReader } from '../drivers/files.ts';
import { loadLibrary } from '../drivers/native/koffi.ts';
import type { Clock } from './clock.ts';

/** A read that is under way at the end may still end by itself for so long. */
const readMaxMs = 500;
const lookEveryMs = 20;

/** Files whose reads are counted while they are under way. */
export interface CountedFiles extends FileReader {
  reading(): number;
}

export function countedFiles(files: FileReader): CountedFiles {
  let reading = 0;
  const counted = <T>(read: Promise<T>): Promise<T> => {
    reading++;
    return read.finally(() => {
      reading--;
    });
  };
  return {
    list: (path) => counted(files.list(path)),
    read: (path) => counted(files.read(path)),
    pieces: (path) => files.pieces(path),
    reading: () => reading,
  };
}

/** Ends the process with this exit code; what had to be written is written. Does not return. */
export async function leaveWith(exitCode: number, clock: Clock, files: CountedFiles): Promise<never> {
  const endMs = clock.nowMs() + readMaxMs;
  while (files.reading() > 0) {
    if (clock.nowMs() > endMs) return leaveNow(exitCode, files);
    await new Promise<void>((resolve) => clock.after(lookEveryMs, resolve));
  }
  process.exit(exitCode);
}

/** The same at once, whatever is under way: the system ends all threads, one that hangs too. */
export function leaveNow(exitCode: number, files: CountedFiles): never {
  if (files.reading() > 0) {
    try {
      loadLibrary(['libc.so.6']).declare('void _exit(int status)')(exitCode);
    } catch {
      // Another C library: left as usual, which waits for the read.
    }
  }
  process.exit(exitCode);
}
