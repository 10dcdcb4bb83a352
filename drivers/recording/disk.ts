/** The file of a recording on the disk. Refuses to write over one that is there. */
import { open, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fail, messageOf } from '../../errors.ts';
import type { RecordingFile } from './writer.ts';

/** Throws `file/exists` or `file/unwritable`, now and later. */
export async function createRecordingFile(path: string): Promise<RecordingFile> {
  const refused = (error: unknown): Error =>
    (error as NodeJS.ErrnoException).code === 'EEXIST'
      ? fail('file/exists', { path }, error)
      : fail('file/unwritable', { path, cause: messageOf(error) }, error);
  const attempt = async <T>(doing: () => Promise<T>): Promise<T> => {
    try {
      return await doing();
    } catch (error) {
      throw refused(error);
    }
  };
  const file = await attempt(() => open(path, 'wx'));
  return {
    write: (bytes) => attempt(() => file.writeFile(bytes)),
    sync: () => attempt(() => file.datasync()),
    close: () => attempt(() => file.close()),
  };
}

/** Bytes left on the disk that a file is on. */
export async function freeBeside(path: string): Promise<number> {
  const disk = await statfs(dirname(path));
  return disk.bavail * disk.bsize;
}
