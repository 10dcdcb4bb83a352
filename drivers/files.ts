/**
 * Reading folders and files, as the drivers need it: given by the composition root (the disk) or by a test.
 * Errors name the path; a missing folder and an unreadable one are not the same.
 */
import { createReadStream } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fail, messageOf } from '../errors.ts';

export interface FileEntry {
  name: string;
  directory: boolean;
}

export interface FileReader {
  /** Entries of a folder sorted by name; null where there is no such folder. */
  list(path: string): Promise<FileEntry[] | null>;
  /** The whole file. Rejects with `file/missing`, `file/folder` or `file/unreadable`. */
  read(path: string): Promise<Uint8Array>;
  /** A file of any size, a piece at a time, from its beginning. Rejects with `file/missing` at the first piece. */
  pieces(path: string): AsyncIterable<Uint8Array>;
  /** Told by whoever decodes a file of something about it that does not stop it from being used. */
  readonly noticed?: ((path: string, what: string) => void) | undefined;
}

/** The same files; `tell` hears each remark once, with the first file it was made of: thousands may be alike. */
export function noticing(files: FileReader, tell: (path: string, what: string) => void): FileReader {
  const told = new Set<string>();
  return {
    list: (path) => files.list(path),
    read: (path) => files.read(path),
    pieces: (path) => files.pieces(path),
    noticed(path, what) {
      if (told.has(what)) return;
      told.add(what);
      tell(path, what);
    },
  };
}

/** Recordings hold megabytes a part: fewer, larger reads. */
const pieceBytes = 1024 * 1024;

export const diskFiles: FileReader = {
  async list(path) {
    try {
      const entries = await readdir(path, { withFileTypes: true });
      const found: FileEntry[] = [];
      for (const entry of entries) {
        // A link counts as what it points to: datasets are often linked together from several disks.
        const directory = entry.isSymbolicLink() ? await leadsToFolder(join(path, entry.name)) : entry.isDirectory();
        found.push({ name: entry.name, directory });
      }
      return found.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
    } catch (error) {
      if (isMissing(error)) return null;
      throw error;
    }
  },
  async read(path) {
    try {
      return await readFile(path);
    } catch (error) {
      throw readError(path, error);
    }
  },
  async *pieces(path) {
    try {
      yield* createReadStream(path, { highWaterMark: pieceBytes });
    } catch (error) {
      throw readError(path, error);
    }
  },
};

/** A link that leads nowhere, or round in a circle, is a file that cannot be read: its folder is there all the same. */
async function leadsToFolder(link: string): Promise<boolean> {
  return stat(link).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

function readError(path: string, error: unknown): unknown {
  if (isMissing(error)) return fail('file/missing', { path }, error);
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'EISDIR') return fail('file/folder', { path }, error);
  return code === undefined ? error : fail('file/unreadable', { path, cause: messageOf(error) }, error);
}

function isMissing(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException).code;
  return code === 'ENOENT' || code === 'ENOTDIR';
}
