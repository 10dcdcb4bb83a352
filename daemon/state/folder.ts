/**
 * The folder of everything that outlives the process, as one thing: where a file lies and where its second copy, what
 * is done with a damaged one, and which faults wait for a person. Every store that keeps something keeps it through
 * here, so that none of them has a repair of its own.
 */
import { copyFile, mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fail, messageOf } from '../../errors.ts';
import { stamp } from './damage.ts';
import { type FaultsDeps, StateFaults } from './faults.ts';
import { StateFile, type StateFormat } from './state-file.ts';

export interface StateFolderOptions extends Pick<FaultsDeps, 'clock'> {
  readonly path: string;
  /** Where second copies lie, best on another disk; absent or empty: `copy` in the folder itself. */
  readonly copy?: string;
  readonly log?: FaultsDeps['log'];
}

/** Damaged files of one name that are kept, the newest: a dying disk must not fill itself with them. */
const keptMax = 5;
const silent = { error: () => undefined, info: () => undefined };

export class StateFolder {
  readonly path: string;
  readonly copy: string;
  readonly faults: StateFaults;
  readonly clock: FaultsDeps['clock'];
  readonly #log: FaultsDeps['log'];

  constructor({ path, copy = '', clock, log = silent }: StateFolderOptions) {
    this.path = path;
    this.copy = copy === '' ? join(path, 'copy') : copy;
    this.clock = clock;
    this.#log = log;
    this.faults = new StateFaults(join(path, 'faults'), { clock, log });
  }

  get setAsideFolder(): string {
    return join(this.path, 'set-aside');
  }

  file<T>(format: StateFormat<T>): StateFile<T> {
    return new StateFile(this, format);
  }

  /** Moves a damaged file out of the way under a dated name, and answers that. Rejects with `state/stuck`. */
  async setAside(path: string, name: string): Promise<string> {
    const label = name.replaceAll('/', '_');
    const aside = join(this.setAsideFolder, `${label}.${stamp(this.clock.wallMs())}`);
    try {
      await mkdir(this.setAsideFolder, { recursive: true, mode: 0o700 });
      await rename(path, aside).catch(async (error: NodeJS.ErrnoException) => {
        if (error.code !== 'EXDEV') throw error;
        await copyFile(path, aside);
        await rm(path);
      });
      await this.#keepNewest(label);
    } catch (error) {
      throw fail('state/stuck', { path, cause: messageOf(error) }, error);
    }
    return aside;
  }

  /** A copy could not be written: the file itself is, and the line goes on. */
  async copyFailed(name: string, error: unknown): Promise<void> {
    const text = `the second copy of ${name} cannot be written in ${this.copy}: ${messageOf(error)}`;
    if (this.faults.standing.some((fault) => fault.id === 'copy' && fault.text === text)) return;
    await this.faults.raise('copy', text);
  }

  /** Null where there is none, or none that can be read. */
  async read(path: string): Promise<Uint8Array | null> {
    return readFile(path).catch(() => null);
  }

  /** Names in a folder; none where there is no such folder. */
  async list(path: string): Promise<readonly string[]> {
    return readdir(path).catch(() => []);
  }

  say(values: object, text: string): void {
    this.#log.info(values, text);
  }

  async #keepNewest(label: string): Promise<void> {
    const names = (await readdir(this.setAsideFolder)).filter((name) => name.startsWith(`${label}.`)).sort();
    for (const name of names.slice(0, -keptMax)) await rm(join(this.setAsideFolder, name), { force: true });
  }
}
