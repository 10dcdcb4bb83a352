/** A context for commands: real files where wanted, everything else in the hands of the test. */

import type { Clock } from '../../daemon/clock.ts';
import type { Context } from '../../daemon/commands/command.ts';
import { createLog, type LogLevel } from '../../daemon/log.ts';
import { diskFiles, type FileReader } from '../../drivers/files.ts';
import { fail } from '../../errors.ts';
import { root } from '../architecture/source.ts';

export interface Scene extends Context {
  readonly out: string[];
  readonly err: string[];
  readonly logged: string[];
  readonly abort: AbortController;
}

/** A clock that stands still at a plausible date; nothing waits for it. */
const standing: Clock = { nowMs: () => 0, wallMs: () => Date.UTC(2027, 0, 1), after: () => {} };

export function scene(given: Partial<Context> & { level?: LogLevel } = {}): Scene {
  const [out, err, logged] = [[] as string[], [] as string[], [] as string[]];
  const abort = new AbortController();
  const { level = 'info', ...context } = given;
  return {
    stdout: (line) => void out.push(line),
    stderr: (line) => void err.push(line),
    env: {},
    cwd: root,
    clock: standing,
    signal: abort.signal,
    onReload: () => {},
    log: createLog({ level, sink: { write: (line) => void logged.push(line) } }),
    files: diskFiles,
    stdin: async () => '',
    unguessable: (count) => new Uint8Array(count).fill(7),
    packageRoot: root,
    ...context,
    out,
    err,
    logged,
    abort,
  };
}

/** Files as a table of path and text; folders are what the paths imply. */
export function filesOf(texts: Readonly<Record<string, string>>): FileReader {
  const paths = Object.keys(texts);
  return {
    async read(path) {
      const text = texts[path];
      if (text === undefined) throw fail('file/missing', { path });
      return new TextEncoder().encode(text);
    },
    async *pieces(path) {
      yield await this.read(path);
    },
    async list(folder) {
      const inside = paths.filter((path) => path.startsWith(`${folder}/`)).map((path) => path.slice(folder.length + 1));
      const names = new Map(inside.map((path) => [path.split('/')[0]!, path.includes('/')]));
      return inside.length === 0 ? null : [...names].sort().map(([name, directory]) => ({ name, directory }));
    },
  };
}
