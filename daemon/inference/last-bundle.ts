/**
 * The last good choice of a line, kept over restarts: which bundle served last. Written whole or not at all, so that a
 * power cut leaves the old choice. What cannot be read is no choice, and said.
 */
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fail, messageOf } from '../../errors.ts';
import { writeWhole } from '../write-whole.ts';

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
        await writeWhole(path, `${JSON.stringify(choice, null, 2)}\n`);
      } catch (error) {
        throw fail('bundle/last', { path, cause: messageOf(error) }, error);
      }
    },
  };
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
