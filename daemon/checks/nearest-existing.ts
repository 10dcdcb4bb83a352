/** Where a folder that is not there yet would be made. */
import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';

export async function nearestExisting(folder: string): Promise<string> {
  for (let at = folder; ; at = dirname(at)) {
    const found = await stat(at).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return null;
      throw error;
    });
    if (found !== null) return at;
  }
}
