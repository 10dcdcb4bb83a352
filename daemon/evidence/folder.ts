/**
 * Where evidence lies: one folder of entries, each a folder of files. Written whole or not at all (a temporary name,
 * then a rename); what an interrupted write left behind is removed when the folder is read. Names sort by age.
 */
import { mkdir, readdir, rename, rm, stat, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

export interface StoredEntry {
  readonly name: string;
  readonly bytes: number;
}

export interface EvidenceFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** The file system as evidence needs it; each call rejects where the disk does. */
export interface EvidenceFiles {
  list(): Promise<StoredEntry[]>;
  write(entry: string, files: readonly EvidenceFile[]): Promise<void>;
  remove(entry: string): Promise<void>;
  /** Bytes left on its disk. */
  free(): Promise<number>;
}

const unfinished = '.part';

export function evidenceFolder(path: string): EvidenceFiles {
  return {
    async list() {
      await mkdir(path, { recursive: true });
      const entries: StoredEntry[] = [];
      for (const name of await readdir(path)) {
        if (name.endsWith(unfinished)) await rm(join(path, name), { recursive: true, force: true });
        else entries.push({ name, bytes: await sizeOf(join(path, name)) });
      }
      return entries;
    },
    async write(entry, files) {
      const target = join(path, entry);
      const making = target + unfinished;
      await rm(making, { recursive: true, force: true });
      await mkdir(making, { recursive: true });
      for (const { name, bytes } of files) await writeFile(join(making, name), bytes);
      await rename(making, target);
    },
    async free() {
      const disk = await statfs(path);
      return disk.bavail * disk.bsize;
    },
    async remove(entry) {
      await rm(join(path, entry), { recursive: true, force: true });
    },
  };
}

async function sizeOf(entry: string): Promise<number> {
  let bytes = 0;
  for (const name of await readdir(entry)) bytes += (await stat(join(entry, name))).size;
  return bytes;
}
