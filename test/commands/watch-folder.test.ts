import { appendFileSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { loadConfig } from '../../config/load.ts';
import { type Change, type FolderWatch, watchConfig } from '../../config/watch.ts';
import { systemClock } from '../../daemon/clock.ts';
import { watchFolder } from '../../daemon/commands/watch-folder.ts';
import { diskFiles } from '../../drivers/files.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'watch-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** So much shorter are the waits of the comparison here. */
const hurry = 20;

async function follow(file: string, watch: FolderWatch = watchFolder) {
  const readFile = async (path: string): Promise<string> => new TextDecoder().decode(await diskFiles.read(path));
  const stop = new AbortController();
  onTestFinished(() => stop.abort());
  let told = Promise.withResolvers<readonly Change[]>();
  const hampered: unknown[] = [];
  watchConfig({
    ...{ file, env: {}, readFile, watchFolder: watch, signal: stop.signal, begun: Promise.resolve() },
    current: await loadConfig({ file, env: {}, readFile }),
    after: (delayMs, callback, signal) => systemClock.after(delayMs / hurry, callback, signal),
    changed: (_loaded, changes) => told.resolve(changes),
    unchanged: () => {},
    refused: (error) => told.reject(error),
    hampered: (error) => void hampered.push(error),
  });
  return {
    hampered,
    async changes(): Promise<readonly Change[]> {
      const changes = await told.promise;
      told = Promise.withResolvers();
      return changes;
    },
  };
}

const text = (deadlineMs: number): string => `line: { deadlineMs: ${deadlineMs} }`;
const to = (deadlineMs: number) => [expect.objectContaining({ path: 'line.deadlineMs', to: deadlineMs })];

/** A watch that never reports anything, as on a network file system. */
const deaf: FolderWatch = () => ({ close: () => {} });

describe('an edit is seen', () => {
  test('of a file that an editor replaces by renaming, twice in a row', async () => {
    const file = join(folder, 'line.yaml');
    const replace = (deadlineMs: number): void => {
      writeFileSync(`${file}.new`, text(deadlineMs));
      renameSync(`${file}.new`, file);
    };
    replace(500);
    const it = await follow(file);
    for (const deadlineMs of [600, 700]) {
      replace(deadlineMs);
      expect(await it.changes()).toEqual(to(deadlineMs));
    }
  });

  test('where a mounted folder of configuration is swapped by its link, twice in a row', async () => {
    const file = join(folder, 'line.yaml');
    const mount = (version: string, deadlineMs: number): void => {
      mkdirSync(join(folder, version));
      writeFileSync(join(folder, version, 'line.yaml'), text(deadlineMs));
      symlinkSync(version, join(folder, '..data_tmp'));
      renameSync(join(folder, '..data_tmp'), join(folder, '..data'));
    };
    mount('..v1', 500);
    symlinkSync('..data/line.yaml', file);
    const it = await follow(file);
    mount('..v2', 600);
    rmSync(join(folder, '..v1'), { recursive: true });
    expect(await it.changes()).toEqual(to(600));
    mount('..v3', 700);
    rmSync(join(folder, '..v2'), { recursive: true });
    expect(await it.changes()).toEqual(to(700));
  });

  test('of the file that a link in another folder points to', async () => {
    mkdirSync(join(folder, 'etc'));
    mkdirSync(join(folder, 'run'));
    const target = join(folder, 'etc/line.yaml');
    writeFileSync(target, text(500));
    symlinkSync('../etc/line.yaml', join(folder, 'run/line.yaml'));
    const it = await follow(join(folder, 'run/line.yaml'));
    writeFileSync(target, text(600));
    expect(await it.changes()).toEqual(to(600));
    appendFileSync(target, '\nlog: { level: loud }');
    await expect(it.changes()).rejects.toThrow('log.level (line 2): found "loud"');
  });

  test('where the system reports nothing', async () => {
    const file = join(folder, 'line.yaml');
    writeFileSync(file, text(500));
    const it = await follow(file, deaf);
    writeFileSync(file, text(600));
    expect(await it.changes()).toEqual(to(600));
  });

  test('where there is no watch to be had, which is said', async () => {
    const file = join(folder, 'line.yaml');
    writeFileSync(file, text(500));
    const it = await follow(file, (_folder, changed, failed) => watchFolder(join(folder, 'none'), changed, failed));
    expect(it.hampered).toEqual([expect.objectContaining({ code: 'config/watch' })]);
    writeFileSync(file, text(600));
    expect(await it.changes()).toEqual(to(600));
  });
});
