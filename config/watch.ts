/**
 * Watches the configuration file and reports what became of it: a new valid configuration with what changed and when
 * each change takes effect, or the problems, while the caller keeps running on the old one.
 *
 * The folder is watched, not the file: editors write a new file and rename it over the old one, which a watch of the
 * file would not survive. A write is read when it has settled, and only if two readings agree; an emptied file is a
 * half-written one, never the wish for all defaults.
 */
import { basename, dirname } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { fail } from '../errors.ts';
import type { TakesEffect } from './key.ts';
import { type ConfigInput, type LoadedConfig, loadConfig } from './load.ts';
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
  /** What runs now. */
  readonly current: LoadedConfig;
  readonly watchFolder: FolderWatch;
  readonly after: After;
  readonly signal: AbortSignal;
  changed(loaded: LoadedConfig, changes: readonly Change[]): void;
  /** The file cannot be used (or watched any more); the old configuration stays. */
  refused(error: unknown): void;
}

/** An editor's save is several events within some ten milliseconds; a slow copy repeats them for longer. */
export const settleMs = 250;

/** Starts watching; ends with the signal. */
export function watchConfig(options: WatchOptions): void {
  const { file, signal } = options;
  if (signal.aborted) return;
  let current = options.current.config;
  let lastText: string | null = null;
  let settling: AbortController | null = null;

  const watch = options.watchFolder(
    dirname(file),
    (name) => {
      if (name === null || name === basename(file)) settle();
    },
    (error) => options.refused(fail('config/watch', { file }, error)),
  );
  signal.addEventListener(
    'abort',
    () => {
      settling?.abort();
      watch.close();
    },
    { once: true },
  );

  function settle(): void {
    settling?.abort();
    settling = new AbortController();
    options.after(settleMs, () => void reload(), settling.signal);
  }

  async function reload(): Promise<void> {
    try {
      const text = await options.readFile(file);
      if (signal.aborted) return;
      if (text !== lastText) {
        // Read again when it has stood still once more: a writer may pause in the middle.
        lastText = text;
        settle();
        return;
      }
      apply(await loadSettled(text));
    } catch (error) {
      if (!signal.aborted) options.refused(error);
    }
  }

  async function loadSettled(text: string): Promise<LoadedConfig> {
    if (text.trim() === '') throw fail('config/syntax', { file, problem: 'the file is empty' });
    return loadConfig({ file, env: options.env, readFile: async () => text });
  }

  function apply(loaded: LoadedConfig): void {
    const changes = changesBetween(current, loaded.config);
    if (signal.aborted || changes.length === 0) return;
    current = loaded.config;
    options.changed(loaded, changes);
  }
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
