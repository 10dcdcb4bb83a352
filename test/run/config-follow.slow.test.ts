import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  linkSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { compareMs } from '../../config/watch.ts';
import { root } from '../architecture/source.ts';
import { temporaryFolder, until } from '../inference/rig.ts';
import { lenient, product, teachTiny, writeBundle } from '../inference/tiny-bundle.ts';
import { patienceMs } from '../patience.ts';

let files: Map<string, Uint8Array>;
beforeAll(async () => {
  files = await teachTiny();
});

interface Running {
  readonly child: ChildProcess;
  readonly text: { out: string; err: string };
  readonly ended: Promise<number | null>;
}

/** A folder with two bundles; `config(n)` is the configuration that wishes for version n. */
async function scene() {
  const folder = temporaryFolder();
  for (const version of ['1.0.0', '2.0.0']) {
    await writeBundle(join(folder, `tiny@${version}`), files, (manifest) => ({ ...lenient(manifest), version }));
  }
  const config = (major: number, more: object = {}): string =>
    JSON.stringify({
      line: { product, bundle: `tiny@${major}.0.0`, deadlineMs: 5000 },
      camera: { synthetic: { periodMs: 300 } },
      inference: { threads: 1 },
      mqtt: { enabled: false },
      opcua: { enabled: false },
      stateDir: 'state',
      ...more,
    });
  return { folder, file: join(folder, 'line.json'), config };
}

function run(folder: string, words: readonly string[] = [process.execPath, join(root, 'daemon/main.ts')]): Running {
  const [command, ...argv] = [...words, 'run', '--config', 'line.json'];
  const child = spawn(command!, argv, { cwd: folder, env: { PATH: process.env['PATH'] } });
  const text = { out: '', err: '' };
  child.stdout.on('data', (data) => {
    text.out += data;
  });
  child.stderr.on('data', (data) => {
    text.err += data;
  });
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  onTestFinished(() => void child.kill('SIGKILL'));
  return { child, text, ended };
}

/** Processes that were started in this folder and live. */
function living(folder: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        return readlinkSync(`/proc/${pid}/cwd`) === folder;
      } catch {
        return false; // ended while it was looked at, or not ours
      }
    })
    .map(Number);
}

describe('the configuration of a daemon', () => {
  test('edited while it starts is the one that runs', async () => {
    const { folder, file, config } = await scene();
    writeFileSync(file, config(1));
    const { child, text, ended } = run(folder);
    // The state folder is made by the first step of the start, after the file was read.
    await until('it starts', () => existsSync(join(folder, 'state')));
    writeFileSync(file, config(2));
    await until('the edit is taken', () => text.err.includes('tiny@2.0.0 judges now'));
    expect(text.err).toContain('tiny@1.0.0 judges product');
    child.kill('SIGTERM');
    await ended;
  });

  test('is read again at SIGHUP, which stops nothing, and says what came of it', async () => {
    const { folder, file, config } = await scene();
    writeFileSync(file, config(1));
    const { child, text, ended } = run(folder);
    await until('a verdict', () => text.out.includes('\n'));
    child.kill('SIGHUP');
    await until('nothing is new', () => text.err.includes('configuration read again: nothing is different'));
    writeFileSync(file, config(1, { log: { level: 'warn' } }));
    child.kill('SIGHUP');
    await until('it is taken', () => text.err.includes('configuration changed: log.level takes effect live'));
    const verdicts = text.out.length;
    await until('it judges', () => text.out.length > verdicts);
    child.kill('SIGTERM');
    expect(await ended).toBe(0);
  });

  test('is read again at SIGHUP in a terminal too; the terminal closed stops the daemon', async () => {
    const { folder, file, config } = await scene();
    writeFileSync(file, config(1));
    // Its words go to a file: that the terminal is closed is not told by them.
    const words = [process.execPath, join(root, 'daemon/main.ts'), 'run', '--config', 'line.json'];
    const command = `${words.map((word) => `'${word}'`).join(' ')} </dev/null >said 2>&1`;
    const terminal = spawn('script', ['-qfec', `exec ${command}`, '/dev/null'], {
      cwd: folder,
      stdio: ['pipe', 'ignore', 'ignore'],
      env: { PATH: process.env['PATH'], SHELL: '/bin/sh' },
    });
    onTestFinished(() => void terminal.kill('SIGKILL'));
    const said = (): string => (existsSync(join(folder, 'said')) ? readFileSync(join(folder, 'said'), 'utf8') : '');
    await until('a verdict', () => / {2}score /.test(said()));
    const daemon = living(folder).find((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('\0run\0'))!;
    process.kill(daemon, 'SIGHUP');
    await until('it is read again', () => said().includes('configuration read again'));
    terminal.kill('SIGKILL');
    await until('nothing is left', () => living(folder).length === 0);
    expect(said()).toMatch(/\d+ parts: /);
  });

  test('that hangs when it is read holds one thread, not the line and not the end', async () => {
    const { folder, file, config } = await scene();
    writeFileSync(file, config(1));
    const { child, text, ended } = run(folder);
    await until('a verdict', () => text.out.includes('\n'));
    // Opening a pipe that nobody writes to blocks, as a network file system does whose server is gone.
    execFileSync('mkfifo', [`${file}.new`]);
    renameSync(`${file}.new`, file);
    await until('this is said', () => text.err.includes(`Reading ${file} has not ended`));
    const [verdicts, waitMs] = [text.out.split('\n').length, 2 * compareMs];
    await until('the line goes on', () => text.out.split('\n').length > verdicts + 5, waitMs + patienceMs);
    expect(text.out).not.toContain('journal');
    child.kill('SIGTERM');
    expect(await ended).toBe(0);
    expect(text.err).toMatch(/\d+ parts: /);
  });
});

test('a launcher of an older Node that is killed takes the daemon and its hosts along, in order', async () => {
  const { folder, file, config } = await scene();
  writeFileSync(file, config(1));
  // Another file than the Node that came along, so that the launcher starts that one, and cannot become it.
  const node = join(temporaryFolder(), 'node');
  try {
    linkSync(process.execPath, node);
  } catch {
    copyFileSync(process.execPath, node); // on another file system
  }
  const older = ['--import', 'data:text/javascript,delete process.execve'];
  const { child, text } = run(folder, [node, ...older, join(root, 'daemon/twinspect.js')]);
  await until('a verdict', () => text.out.includes('\n'));
  expect(living(folder).length).toBeGreaterThanOrEqual(3);
  child.kill('SIGKILL');
  await until('nothing is left', () => living(folder).length === 0);
  expect(text.err).toMatch(/\d+ parts: /);
});
