/**
 * One small file of the state folder with a second copy in another one, both written whole and synced, one after the
 * other. It is checked when it is read: what is missing, empty, zeroed, cut off or of another kind is set aside, taken
 * from the copy where that is good, and told as a fault. The copy is written first, so that it is never older than the
 * file: what was taken away (a user, a right) does not come back with it.
 */
import { chown, mkdir, readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { messageOf } from '../../errors.ts';
import { writeWhole } from '../write-whole.ts';
import { blank } from './damage.ts';

/** The state folder, as one of its files needs it. */
export interface StateKeeper {
  readonly path: string;
  readonly copy: string;
  readonly faults: { raise(id: string, text: string): Promise<void> };
  setAside(path: string, name: string): Promise<string>;
  copyFailed(name: string, error: unknown): Promise<void>;
}

export interface StateFormat<T> {
  /** Within the state folder: `users.json`. */
  readonly name: string;
  /** Of its fault. */
  readonly id: string;
  /** Throws where this is not what it should be; the error's text completes "users.json ...". */
  parse(text: string): T;
  show(value: T): string;
  /** What follows where neither file nor copy can be read, for people. */
  readonly lost: string;
  readonly mode?: number;
}

/** What a file gave. `lost`: there was one, and neither it nor its copy can be read. */
export interface Loaded<T> {
  readonly value: T | null;
  readonly lost: boolean;
}

type Found<T> = { readonly value: T; readonly text: string } | { readonly problem: string } | null;

export class StateFile<T> {
  readonly path: string;
  readonly copyPath: string;
  readonly #state: StateKeeper;
  readonly #format: StateFormat<T>;

  constructor(state: StateKeeper, format: StateFormat<T>) {
    this.#state = state;
    this.#format = format;
    this.path = join(state.path, format.name);
    this.copyPath = join(state.copy, format.name);
  }

  /** Reads it, mends it and says so. Rejects with `state/stuck` where a damaged file cannot be moved. */
  async load(): Promise<Loaded<T>> {
    const [main, copy] = [await this.#look(this.path), await this.#look(this.copyPath)];
    if (main === null && copy === null) return { value: null, lost: false };
    const copyAside = copy && 'problem' in copy ? await this.#setAside(this.copyPath, `copy/${this.#format.name}`) : '';
    if (main && 'value' in main) {
      if (copyAside !== '')
        await this.#tell(this.copyPath, copy, copyAside, 'it is written again from the file itself');
      if (!copy || !('text' in copy) || copy.text !== main.text) await this.#writeCopy(main.text);
      return { value: main.value, lost: false };
    }
    const aside = main ? await this.#setAside(this.path, this.#format.name) : '';
    if (copy && 'value' in copy) {
      await this.#write(this.path, copy.text);
      await this.#tell(this.path, main, aside, `it was restored from its copy ${this.copyPath}`);
      return { value: copy.value, lost: false };
    }
    await this.#tell(this.path, main, aside, `there is no good copy: ${this.#format.lost}`);
    return { value: null, lost: true };
  }

  /** Rejects with `file/unwritable`; a copy that cannot be written is a fault and no reason to fail. */
  async save(value: T): Promise<void> {
    const text = this.#format.show(value);
    await this.#writeCopy(text);
    await this.#write(this.path, text);
  }

  /** What stands there if it is good; mends nothing and says nothing. */
  async peek(): Promise<T | null> {
    const main = await this.#look(this.path);
    return main && 'value' in main ? main.value : null;
  }

  /** After somebody else wrote the file: what stands there becomes the copy where it is good. */
  async refreshCopy(): Promise<void> {
    const [main, copy] = [await this.#look(this.path), await this.#look(this.copyPath)];
    if (!main || !('value' in main) || (copy && 'value' in copy && copy.text === main.text)) return;
    await this.#writeCopy(main.text);
  }

  async #look(path: string): Promise<Found<T>> {
    let bytes: Uint8Array;
    try {
      bytes = await readFile(path);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT' || code === 'ENOTDIR') return null;
      return { problem: `cannot be read (${messageOf(error)})` };
    }
    const problem = blank(bytes);
    if (problem !== null) return { problem };
    const text = new TextDecoder().decode(bytes);
    try {
      return { value: this.#format.parse(text), text };
    } catch (error) {
      return { problem: `cannot be understood (${messageOf(error)})` };
    }
  }

  #setAside(path: string, name: string): Promise<string> {
    return this.#state.setAside(path, name);
  }

  async #tell(path: string, found: Found<T>, aside: string, outcome: string): Promise<void> {
    const what = found && 'problem' in found ? found.problem : 'is missing';
    const kept = aside === '' ? '' : ` and is kept as ${aside}`;
    await this.#state.faults.raise(this.#format.id, `${path} ${what}${kept}; ${outcome}`);
  }

  /** What root writes by a command must be readable to the service, whose folder it is. */
  async #give(paths: readonly string[]): Promise<void> {
    const owner = await stat(this.#state.path).catch(() => null);
    if (owner === null) return;
    for (const path of paths) {
      const found = await stat(path).catch(() => null);
      if (found === null || found.uid === owner.uid) continue;
      // Who is not root gives nothing away, and whose file it is then has it anyway.
      await chown(path, owner.uid, owner.gid).catch(() => undefined);
    }
  }

  async #writeCopy(text: string): Promise<void> {
    try {
      await this.#write(this.copyPath, text);
    } catch (error) {
      await this.#state.copyFailed(this.#format.name, error);
    }
  }

  async #write(path: string, text: string): Promise<void> {
    const { mode } = this.#format;
    const made = await mkdir(dirname(path), { recursive: true });
    await writeWhole(path, text, mode === undefined ? {} : { mode });
    await this.#give(made === undefined ? [path] : [made, dirname(path), path]);
  }
}
