/**
 * The last good choice of a line, kept over restarts: which bundle served last. Written whole or not at all, so that a
 * power cut leaves the old choice. What cannot be read, nor its copy, is no choice, and said.
 */
import { fail, messageOf } from '../../errors.ts';
import type { StateFolder } from '../state/folder.ts';

export interface BundleChoice {
  /** The bundle's folder. */
  readonly path: string;
  readonly product: string;
  /** sha256 of its manifest: another bundle under the same name is not the one that was good. */
  readonly digest: string;
  /** Number of the recipe it served; null or absent where there was none, and in files of before it was kept. */
  readonly recipe?: number | null;
}

export interface LastBundle {
  /** Null where none was kept, or none that can be read. */
  load(): Promise<BundleChoice | null>;
  /** Rejects with `bundle/last`. */
  save(choice: BundleChoice): Promise<void>;
}

export function lastBundle(state: StateFolder, lineId: string): LastBundle {
  const file = state.file<BundleChoice>({
    ...{ name: `bundle-${lineId}.json`, id: `bundle-${lineId}`, parse },
    show: (choice) => `${JSON.stringify(choice, null, 2)}\n`,
    lost: 'only the bundle of the configuration can serve at this start',
  });
  return {
    load: async () => (await file.load()).value,
    async save(choice) {
      try {
        await file.save(choice);
      } catch (error) {
        throw fail('bundle/last', { path: file.path, cause: messageOf(error) }, error);
      }
    },
  };
}

function parse(text: string): BundleChoice {
  const choice = JSON.parse(text) as Partial<BundleChoice> | null;
  for (const field of ['path', 'product', 'digest'] as const) {
    if (typeof choice?.[field] !== 'string') throw new Error(`${field} is ${typeof choice?.[field]}, expected a text`);
  }
  const { recipe = null } = choice as BundleChoice;
  if (recipe !== null && typeof recipe !== 'number') throw new Error(`recipe is ${typeof recipe}, expected a number`);
  return choice as BundleChoice;
}
