/**
 * The memory a camera's process shares with the daemon: a file in /dev/shm without a name, mapped by both, cut into
 * slots of one exposure each. The process writes an exposure straight from the camera's own buffer; the daemon looks
 * at the same bytes: one copy on the whole way. Its pages are reserved when it is made, so that a full /dev/shm is an
 * error then and not a crash later. Refuses sizes that no camera has.
 */
import { closeSync, openSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fail, messageOf } from '../../errors.ts';
import { loadLibrary, type Native, type Pointer, viewOf } from './koffi.ts';

const folder = '/dev/shm';
/** No exposure is larger: 64 megapixels in colour and depth. */
const slotMaxBytes = 512 * 1024 * 1024;
const pageBytes = 4096;
const protReadWrite = 3;
const sharedMapping = 1;

export interface SlotLayout {
  readonly slotBytes: number;
  readonly slots: number;
}

/** Opens the file and takes its name away. Throws `camera/room`. `name` is unique on this machine. */
export function openShared(id: string, name: string): number {
  const path = join(folder, name);
  try {
    const fd = openSync(path, 'wx+', 0o600);
    unlinkSync(path);
    return fd;
  } catch (error) {
    throw fail('camera/room', { id, folder, bytes: 0, cause: messageOf(error) }, error);
  }
}

export function closeShared(fd: number): void {
  closeSync(fd);
}

/** Reserves the pages of the layout. Throws `camera/room`. */
export function reserveShared(id: string, fd: number, layout: SlotLayout): void {
  const bytes = totalBytes(id, layout);
  const code = libc().fallocate(fd, 0, bytes) as number;
  if (code !== 0) throw fail('camera/room', { id, folder, bytes, cause: `error ${code} of posix_fallocate` });
}

/** The slots, as bytes of this process's own. They stay mapped until it ends: frames may still be looked at. */
export function mapSlots(id: string, fd: number, layout: SlotLayout): Uint8Array<ArrayBuffer>[] {
  const bytes = totalBytes(id, layout);
  const start = libc().mmap(null, bytes, protReadWrite, sharedMapping, fd, 0) as Pointer;
  if (start === null || BigInt.asIntN(64, start) === -1n) {
    throw fail('camera/room', { id, folder, bytes, cause: 'mmap refused' });
  }
  const stride = strideOf(layout.slotBytes);
  const whole = viewOf(start, bytes);
  return Array.from({ length: layout.slots }, (_, slot) =>
    whole.subarray(slot * stride, slot * stride + layout.slotBytes),
  );
}

function totalBytes(id: string, { slotBytes, slots }: SlotLayout): number {
  if (!(slotBytes > 0 && slotBytes <= slotMaxBytes)) {
    throw fail('camera/room', {
      id,
      folder,
      bytes: slotBytes,
      cause: `expected at most ${slotMaxBytes} for an exposure`,
    });
  }
  return strideOf(slotBytes) * slots;
}

/** Slots begin at a page, so that depth values are aligned whatever stands before them. */
function strideOf(slotBytes: number): number {
  return Math.ceil(slotBytes / pageBytes) * pageBytes;
}

interface Libc {
  readonly mmap: Native;
  readonly fallocate: Native;
}

let loaded: Libc | null = null;

function libc(): Libc {
  if (loaded) return loaded;
  const library = loadLibrary(['libc.so.6']);
  loaded = {
    mmap: library.declare('void *mmap(void *at, size_t length, int protection, int flags, int fd, int64_t offset)'),
    fallocate: library.declare('int posix_fallocate(int fd, int64_t offset, int64_t length)'),
  };
  return loaded;
}
