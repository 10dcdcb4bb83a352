import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { loadConfig } from '../../config/load.ts';
import { type Change, watchConfig } from '../../config/watch.ts';
import { systemClock } from '../../daemon/clock.ts';
import { watchFolder } from '../../daemon/commands/watch-folder.ts';
import { diskFiles } from '../../drivers/files.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'watch-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

test('a configuration that an editor replaces by renaming is seen, twice in a row', async () => {
  const file = join(folder, 'line.yaml');
  const replace = (text: string): void => {
    writeFileSync(`${file}.new`, text);
    renameSync(`${file}.new`, file);
  };
  const readFile = async (path: string): Promise<string> => new TextDecoder().decode(await diskFiles.read(path));
  replace('line: { deadlineMs: 500 }');
  const stop = new AbortController();
  let told = Promise.withResolvers<readonly Change[]>();
  watchConfig({
    file,
    env: {},
    readFile,
    current: await loadConfig({ file, env: {}, readFile }),
    watchFolder,
    after: systemClock.after,
    signal: stop.signal,
    changed: (_loaded, changes) => told.resolve(changes),
    refused: (error) => told.reject(error),
  });
  try {
    for (const deadlineMs of [600, 700]) {
      replace(`line: { deadlineMs: ${deadlineMs} }`);
      expect(await told.promise).toMatchObject([{ path: 'line.deadlineMs', to: deadlineMs }]);
      told = Promise.withResolvers();
    }
  } finally {
    stop.abort();
  }
});

test('a folder that is not there is told, not thrown', () => {
  const failures: unknown[] = [];
  watchFolder(
    join(folder, 'none'),
    () => {},
    (error) => void failures.push(error),
  ).close();
  expect(failures).toHaveLength(1);
});
