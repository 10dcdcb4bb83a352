/**
 * The highest number set aside, kept a second time in another folder and written at another moment than the journal: a
 * journal that is lost goes on behind it. Always behind the journal's own number, never before it.
 */
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { StateFolder } from '../../state/folder.ts';
import { writeWhole } from '../../write-whole.ts';

const name = 'sequence.json';

export class SequenceCopy {
  readonly #state: StateFolder;
  readonly #path: string;
  #writing: Promise<void> = Promise.resolve();

  constructor(state: StateFolder) {
    this.#state = state;
    this.#path = join(state.copy, name);
  }

  /** Null where there is none. One that is damaged is set aside and told; it is written anew with the next numbers. */
  async load(): Promise<number | null> {
    let text: string;
    try {
      text = await readFile(this.#path, 'utf8');
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT' || code === 'ENOTDIR') return null;
      text = '';
    }
    const upTo = upToOf(text);
    if (upTo !== null) return upTo;
    const aside = await this.#state.setAside(this.#path, `copy/${name}`);
    const told = `${this.#path}, the copy of the highest number, is damaged and is kept as ${aside}`;
    await this.#state.faults.raise('sequence', `${told}; it is written again from the journal`);
    return null;
  }

  /** Never rejects: where it cannot be written a fault stands, and the journal goes on. */
  save(epoch: string, upTo: number): Promise<void> {
    this.#writing = this.#writing.then(async () => {
      try {
        await mkdir(this.#state.copy, { recursive: true });
        await writeWhole(this.#path, `${JSON.stringify({ epoch, upTo })}\n`);
      } catch (error) {
        await this.#state.copyFailed(name, error);
      }
    });
    return this.#writing;
  }
}

function upToOf(text: string): number | null {
  try {
    const { upTo } = JSON.parse(text) as { upTo?: unknown };
    return Number.isSafeInteger(upTo) && (upTo as number) >= 0 ? (upTo as number) : null;
  } catch {
    return null; // zeros, or half of one
  }
}
