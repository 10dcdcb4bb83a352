/**
 * The last good choice of a line, kept over restarts: which bundle served last. Written whole or not at all, so that a
 * power cut leaves the old choice. What cannot be read is no choice, and said.
 */
import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { fail, messageOf } from '../../errors.ts';

export interface BundleChoice {
  /** The bundle's folder. */
  readonly path: string;
  readonly product: string;
  /** sha256 of its manifest: another bundle under the same name is not the one that was good. */
  readonly digest: string;
}

export interface LastBundle {
  /** Null where none was kept; rejects where what was kept cannot be read. */
  load(): Promise<BundleChoice | null>;
  /** Rejects with `bundle/last`. */
  save(choice: BundleChoice): Promise<void>;
}

export function lastBundle(stateFolder: string, lineId: string): LastBundle {
  const path = join(stateFolder, `bundle-${lineId}.json`);
  return {
    async load() {
      let text: string;
      try {
        text = await readFile(path, 'utf8');
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
        throw error;
      }
      return parse(text, path);
    },
    async save(choice) {
      try {
        await mkdir(stateFolder, { recursive: true });
        await writeSynced(`${path}.part`, `${JSON.stringify(choice, null, 2)}\n`);
        await rename(`${path}.part`, path);
        // The new name must be on the disk too.
        const folder = await open(stateFolder, 'r');
        await folder.sync().finally(() => folder.close());
      } catch (error) {
        throw fail('bundle/last', { path, cause: messageOf(error) }, error);
      }
    },
  };
}

async function writeSynced(path: string, text: string): Promise<void> {
  const file = await open(path, 'w');
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

function parse(text: string, path: string): BundleChoice {
  const unreadable = (problem: string): Error => fail('bundle/manifest', { path, problem });
  let choice: Partial<BundleChoice>;
  try {
    choice = JSON.parse(text) as Partial<BundleChoice>;
  } catch (error) {
    throw unreadable(messageOf(error));
  }
  for (const field of ['path', 'product', 'digest'] as const) {
    if (typeof choice?.[field] !== 'string') throw unreadable(`${field} is ${typeof choice?.[field]}, expected a text`);
  }
  return choice as BundleChoice;
}
