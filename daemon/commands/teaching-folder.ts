/**
 * Where a bundle is made: `OUT.teaching` beside it while it is taught, holding the snapshot and what it belongs to,
 * then renamed into place whole. A snapshot of other options or other data is refused, not overwritten.
 */
import { mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fail, messageOf } from '../../errors.ts';
import type { SnapshotStore } from '../../models/teach/train.ts';
import { writeWhole } from '../write-whole.ts';

export interface TeachingFolder {
  snapshots: SnapshotStore;
  /** True when an earlier teaching with the same options left a snapshot. */
  resumed: boolean;
  /** Writes the bundle's files and puts the folder in its place. */
  finish(files: ReadonlyMap<string, Uint8Array>): Promise<void>;
}

/**
 * Throws `bundle/exists`, `teach/other` or `file/unwritable`. `write` puts a file in its place whole; on a full disk
 * it throws, and the snapshot before stays: the same teaching goes on from it.
 */
export async function openTeachingFolder(out: string, digest: string, write = writeWhole): Promise<TeachingFolder> {
  if (!(await isFree(out))) throw fail('bundle/exists', { path: out });
  const folder = `${out}.teaching`;
  const [keyFile, snapshotFile] = [join(folder, 'options.sha256'), join(folder, 'snapshot.safetensors')];
  const left = await readOrNull(keyFile);
  if (left !== null && left.toString() !== digest) throw fail('teach/other', { path: folder });
  await made(folder);
  await write(keyFile, new TextEncoder().encode(digest));
  const resumed = (await readOrNull(snapshotFile)) !== null;
  return {
    resumed,
    snapshots: { load: () => readOrNull(snapshotFile), save: (bytes) => write(snapshotFile, bytes) },
    async finish(files) {
      const making = join(folder, 'bundle');
      await rm(making, { recursive: true, force: true });
      try {
        for (const [path, bytes] of files) {
          await made(dirname(join(making, path)));
          await write(join(making, path), bytes);
        }
      } catch (error) {
        await rm(making, { recursive: true, force: true });
        throw error;
      }
      await rm(out, { recursive: true, force: true }); // an empty folder, or nothing
      await rename(making, out);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function made(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
  } catch (error) {
    throw fail('file/unwritable', { path: folder, cause: messageOf(error) }, error);
  }
}

/** Nothing there, or an empty folder; a file of that name is somebody's. */
async function isFree(path: string): Promise<boolean> {
  try {
    return (await readdir(path)).length === 0;
  } catch (error) {
    const { code } = error as { code?: string };
    if (code === 'ENOENT') return true;
    if (code === 'ENOTDIR') return false;
    throw error;
  }
}

async function readOrNull(path: string): Promise<Buffer | null> {
  try {
    return await readFile(path);
  } catch (error) {
    if ((error as { code?: string }).code === 'ENOENT') return null;
    throw error;
  }
}
