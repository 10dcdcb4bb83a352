/** Files in memory: what a test writes is what the reader finds. */

import type { FileEntry, FileReader } from '../../../drivers/files.ts';
import { fail } from '../../../errors.ts';

export class MemoryFiles implements FileReader {
  readonly contents = new Map<string, Uint8Array>();
  /** Every file read, in order. */
  readonly reads: string[] = [];

  readonly write = async (path: string, bytes: Uint8Array | string): Promise<void> => {
    this.contents.set(path, typeof bytes === 'string' ? new TextEncoder().encode(bytes) : bytes);
  };

  async list(path: string): Promise<FileEntry[] | null> {
    const found = new Map<string, boolean>();
    for (const file of this.contents.keys()) {
      if (!file.startsWith(`${path}/`)) continue;
      const [name = '', ...rest] = file.slice(path.length + 1).split('/');
      found.set(name, rest.length > 0);
    }
    if (found.size === 0) return null;
    return [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, directory]) => ({ name, directory }));
  }

  async read(path: string): Promise<Uint8Array> {
    this.reads.push(path);
    const bytes = this.contents.get(path);
    if (!bytes) throw fail('file/missing', { path });
    return bytes;
  }

  /** In pieces that cut records anywhere. */
  async *pieces(path: string): AsyncGenerator<Uint8Array> {
    const bytes = await this.read(path);
    for (let at = 0; at < bytes.length; at += 5000) yield bytes.slice(at, at + 5000);
  }
}
