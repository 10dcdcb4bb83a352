import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { expect, onTestFinished, test } from 'vitest';

test('a file that this user may not read is named, with what to do', () => {
  const folder = mkdtempSync(join(tmpdir(), 'files-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'line.yaml');
  writeFileSync(path, 'line: { id: a }');
  chmodSync(folder, 0o755);
  chmodSync(path, 0o000);
  // Root may read everything: whoever asks gives that up once the module is loaded.
  const script = `import { diskFiles } from ${JSON.stringify(new URL('../../drivers/files.ts', import.meta.url).href)};
    const say = ({ code, message, action }) => console.log(JSON.stringify({ code, message, action }));
    if (process.getuid() === 0) process.setuid(65534);
    await diskFiles.read(process.argv[1]).catch(say);`;
  const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', script, path], { encoding: 'utf8' });
  expect(JSON.parse(stdout)).toEqual({
    code: 'file/unreadable',
    message: expect.stringContaining(`Cannot read ${path}: EACCES`),
    action: expect.stringContaining('read access'),
  });
});
