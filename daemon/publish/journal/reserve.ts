/**
 * Room on the disk that is the journal's alone: a file of zeros beside it, given up at the moment the disk is full, so
 * that what fills the disk stops everything else first. Made again once there is room. Synchronous, in the journal's
 * thread.
 */
import { closeSync, fsyncSync, openSync, rmSync, statfsSync, statSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

/** Free space that must stand beside it before it is made: it must not be what fills the disk. */
const spareFactor = 4;
const pieceBytes = 1024 * 1024;

export class Reserve {
  readonly #path: string;
  readonly #bytes: number;

  constructor(journalPath: string, bytes: number) {
    this.#path = `${journalPath}-reserve`;
    this.#bytes = bytes;
  }

  /** Makes it where it is absent and there is room; says whether it stands. A disk that refuses has no reserve. */
  make(): boolean {
    if (this.#bytes === 0) return false;
    if (sizeOf(this.#path) === this.#bytes) return true;
    try {
      const disk = statfsSync(dirname(this.#path));
      if (disk.bavail * disk.bsize < spareFactor * this.#bytes) return false;
      const file = openSync(this.#path, 'w', 0o640);
      try {
        const zeros = new Uint8Array(pieceBytes);
        for (let at = 0; at < this.#bytes; at += pieceBytes) {
          writeSync(file, zeros, 0, Math.min(pieceBytes, this.#bytes - at));
        }
        fsyncSync(file);
      } finally {
        closeSync(file);
      }
      return true;
    } catch {
      this.release(); // a part of it is of no use, and the disk is what refuses
      return false;
    }
  }

  /** Gives its room to the journal; false where there was none left. */
  release(): boolean {
    const had = (sizeOf(this.#path) ?? 0) > 0;
    rmSync(this.#path, { force: true });
    return had;
  }
}

function sizeOf(path: string): number | null {
  return statSync(path, { throwIfNoEntry: false })?.size ?? null;
}
