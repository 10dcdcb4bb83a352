/**
 * Follows the configuration file and reports what became of it: a new valid configuration with what changed and when
 * each change takes effect, or the problems, while the caller keeps running on the old one.
 *
 * What the path leads to is read and compared every few seconds, from the text that the start was made with: a watch
 * does not see what happens behind a symlink, on a network file system or a bind mount, and there may be none left on
 * this machine. The watch of the folder only makes it quicker. A change is taken when two readings in a row agree; an
 * emptied file is a half-written one, never the wish for all defaults. One reading at a time: one that hangs holds a
 * thread of the pool, and the next waits for it.
 */
import { basename, dirname } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { fail, messageOf } from '../errors.ts';
import type { TakesEffect } from './key.ts';
import { type ConfigInput, type LoadedConfig, loadConfigText } from './load.ts';
import { type Config, keys } from './schema.ts';

/** Reports names in a folder that changed; null where the system does not say which. */
export type FolderWatch = (
  folder: string,
  changed: (name: string | null) => void,
  failed: (error: unknown) => void,
) => { close(): void };

/** Calls back once after the delay unless the signal aborts first. */
export type After = (delayMs: number, callback: () => void, signal?: AbortSignal) => void;

export interface Change {
  readonly path: string;
  readonly from: unknown;
  readonly to: unknown;
  readonly takes: TakesEffect;
}

export interface WatchOptions extends ConfigInput {
  readonly file: string;
  /** What runs now, with the text it was read from. */
  readonly current: LoadedConfig;
  /** Changes are held back until then, and told as one: what runs is still being started. */
  readonly begun: Promise<void>;
  readonly watchFolder: FolderWatch;
  readonly after: After;
  readonly signal: AbortSignal;
  changed(loaded: LoadedConfig, changes: readonly Change[]): void;
  /** It was asked for, and everything in the file is in force already. */
  unchanged(): void;
  /** The file cannot be used; the old configuration stays. */
  refused(error: unknown): void;
  /** Changes are seen late or not at all for now: no watch, or a reading that hangs. */
  hampered(error: unknown): void;
}

/** From one reading to the one that must agree; an editor's save is several events within some ten milliseconds. */
export const settleMs = 250;
/** From one comparison to the next: a few kilobytes, and the longest an edit waits that no event tells of. */
export const compareMs = 3000;
/** A reading that takes longer is said to hang. */
export const hungMs = 10_000;

/** Starts following; ends with the signal. */
export function watchConfig(options: WatchOptions): ConfigWatch {
  return new ConfigWatch(options);
}

export class ConfigWatch {
  readonly #options: WatchOptions;
  /** What was told last, and the newest that is good. */
  #told: LoadedConfig;
  #accepted: LoadedConfig;
  /** The reading that was acted on, and one that waits for a second to agree. */
  #taken: string;
  #candidate: string | null = null;
  #asked = false;
  #begun = false;
  #reading = false;
  /** What was read last was refused, and that was told. */
  #refused = false;
  #next: AbortController | null = null;

  constructor(options: WatchOptions) {
    this.#options = options;
    const { current, file, signal, begun } = options;
    this.#told = current;
    this.#accepted = current;
    this.#taken = keyOf({ text: current.text ?? '' });
    if (signal.aborted) return;
    const watch = options.watchFolder(
      dirname(file),
      (name) => {
        if (name === null || name === basename(file)) this.#soon();
      },
      (error) => options.hampered(fail('config/watch', { file, cause: messageOf(error) }, error)),
    );
    const end = (): void => {
      this.#next?.abort();
      watch.close();
    };
    signal.addEventListener('abort', end, { once: true });
    void begun.then(() => {
      this.#begun = true;
      this.#tell(false);
    });
    this.#lookIn(compareMs);
  }

  /** Reads the file again now and says what came of it, even where that is nothing. */
  reread(): void {
    this.#asked = true;
    this.#soon();
  }

  /** A reading that is due no later is left as it is: a stream of events must not put it off for ever. */
  #soon(): void {
    if (this.#candidate !== null) return;
    this.#candidate = '';
    if (!this.#reading) this.#lookIn(settleMs);
  }

  #lookIn(delayMs: number): void {
    this.#next?.abort();
    this.#next = new AbortController();
    if (!this.#options.signal.aborted) this.#options.after(delayMs, () => void this.#look(), this.#next.signal);
  }

  async #look(): Promise<void> {
    const { file, after, signal, hampered, readFile } = this.#options;
    this.#reading = true;
    const bound = new AbortController();
    after(hungMs, () => hampered(fail('config/hung', { file, limitMs: hungMs })), bound.signal);
    signal.addEventListener('abort', () => bound.abort(), { once: true, signal: bound.signal });
    const sight = await readFile(file).then(
      (text) => ({ text }),
      (error: unknown) => ({ error }),
    );
    bound.abort();
    this.#reading = false;
    if (signal.aborted) return;
    this.#weigh(sight);
    this.#lookIn(this.#candidate === null ? compareMs : settleMs);
  }

  #weigh(sight: Sight): void {
    const key = keyOf(sight);
    if (key === this.#taken && !this.#asked) {
      this.#candidate = null;
    } else if (key === this.#candidate) {
      this.#candidate = null;
      this.#taken = key;
      this.#take(sight);
    } else {
      this.#candidate = key;
    }
  }

  #take(sight: Sight): void {
    const { file, env, refused } = this.#options;
    const asked = this.#asked;
    this.#asked = false;
    try {
      if ('error' in sight) throw sight.error;
      this.#accepted = loadConfigText(sight.text, file, env);
    } catch (error) {
      this.#refused = true;
      refused(error);
      return;
    }
    const again = this.#refused;
    this.#refused = false;
    this.#tell(asked || again);
  }

  #tell(asked: boolean): void {
    if (!this.#begun || this.#options.signal.aborted) return;
    const changes = changesBetween(this.#told.config, this.#accepted.config);
    this.#told = this.#accepted;
    if (changes.length > 0) this.#options.changed(this.#accepted, changes);
    else if (asked) this.#options.unchanged();
  }
}

/** The file as it was read, or why it could not be. */
type Sight = { readonly text: string } | { readonly error: unknown };

/** Equal exactly where the readings are; never empty. */
function keyOf(sight: Sight): string {
  return 'text' in sight ? `text ${sight.text}` : `error ${messageOf(sight.error)}`;
}

/** Every key whose value differs, in the order of the schema. */
export function changesBetween(from: Config, to: Config): Change[] {
  return [...keys].flatMap(([path, { takes }]) => {
    const [before, after] = [valueAt(from, path), valueAt(to, path)];
    return isDeepStrictEqual(before, after) ? [] : [{ path, from: before, to: after, takes }];
  });
}

export function valueAt(config: Config, path: string): unknown {
  return path.split('.').reduce<unknown>((at, name) => (at as Record<string, unknown>)[name], config);
}
