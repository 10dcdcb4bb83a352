import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { cp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { root } from '../architecture/source.ts';
import { until } from '../inference/rig.ts';

const launcher = join(root, 'daemon/twinspect.js');
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'launcher-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function lives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

interface Ended {
  code: number | null;
  signal: string | null;
  out: string;
  err: string;
}

/** Flags of Node that take a feature of newer ones away. */
const withoutExecve = ['--import', 'data:text/javascript,delete process.execve'];

function start(file: string, argv: string[], flags: string[] = []): { child: ChildProcess; ended: Promise<Ended> } {
  const child = spawn(process.execPath, [...flags, file, ...argv], { cwd: folder, env: { PATH: process.env['PATH'] } });
  let [out, err] = ['', ''];
  child.stdout.on('data', (data) => {
    out += data;
  });
  child.stderr.on('data', (data) => {
    err += data;
  });
  const ended = new Promise<Ended>((resolve) =>
    child.on('close', (code, signal) => resolve({ code, signal, out, err })),
  );
  return { child, ended };
}

describe('the launcher', () => {
  test('starts the program from any folder and through a symlink', async () => {
    symlinkSync(launcher, join(folder, 'twinspect'));
    const { code, out, err } = await start(join(folder, 'twinspect'), ['--version']).ended;
    expect(err).toBe('');
    expect(out).toMatch(/^\d+\.\d+\.\d+\n$/);
    expect(code).toBe(0);
  });

  test('passes arguments, output and exit codes on', async () => {
    const wrong = await start(launcher, ['config', 'check', 'no such.yaml']).ended;
    expect(wrong).toMatchObject({ code: 1, out: '', err: expect.stringContaining('No such file: no such.yaml') });
    const usage = await start(launcher, ['nonsense']).ended;
    expect(usage).toMatchObject({ code: 2, out: '' });
    const long = await start(launcher, ['config', 'doc']).ended;
    expect(long.code).toBe(0);
    expect(long.out.trimEnd().split('\n').at(-1)).toBe('- variable: `TWINSPECT_LOG_LEVEL`');
  });

  test('says what to do where no Node came with it, and under node_modules', async () => {
    const inside = join(folder, 'node_modules', 'twinspect', 'daemon');
    mkdirSync(inside, { recursive: true });
    await cp(launcher, join(inside, 'twinspect.js'));
    writeFileSync(join(folder, 'node_modules', 'twinspect', 'package.json'), '{"type":"module"}');
    const refused = await start(join(inside, 'twinspect.js'), ['--version']).ended;
    expect(refused).toMatchObject({ code: 1, out: '' });
    expect(refused.err).toMatch(/^error launcher: Node strips no types under node_modules.*\nwhat to do: /);
  });
});

/**
 * The launcher and a program of the test's own beside it, with the Node of the tests as the one that came along: what
 * it does with signals does not depend on what the program is.
 */
describe.each([
  ['by becoming it', []],
  ['as its child, on an older Node', withoutExecve],
])('a program started %s', (how, flags) => {
  async function stage(name: string, main: string): Promise<string> {
    const daemon = join(folder, name, 'daemon');
    const node = join(folder, name, 'node_modules', `node-${process.platform}-${process.arch}`);
    mkdirSync(daemon, { recursive: true });
    mkdirSync(join(node, 'bin'), { recursive: true });
    await cp(launcher, join(daemon, 'twinspect.js'));
    writeFileSync(join(daemon, 'main.ts'), main);
    writeFileSync(join(folder, name, 'package.json'), '{"type":"module"}');
    writeFileSync(join(node, 'package.json'), '{}');
    // A wrapper, so that it is another file than the Node that runs the launcher.
    const wrapper = join(node, 'bin', 'node');
    writeFileSync(wrapper, `#!/bin/sh\nexec "${process.execPath}" "$@"\n`, { mode: 0o755 });
    return join(daemon, 'twinspect.js');
  }

  test('gets the signal, and its exit code is the one that is seen', async () => {
    const file = await stage(
      `signals ${how}`,
      `process.on('SIGTERM', () => process.exit(42));
       setInterval(() => {}, 1000);
       console.log(JSON.stringify(process.argv.slice(2)));`,
    );
    const { child, ended } = start(file, ['a b', '--c'], flags);
    await new Promise((resolve) => child.stdout!.once('data', resolve));
    child.kill('SIGTERM');
    expect(await ended).toMatchObject({ code: 42, out: '["a b","--c"]\n' });
  });

  test('dies with it, however that ends: by any signal, and with its terminal', async () => {
    // As main.ts: a signal stops it, and so does a channel that closes. It does not end by itself.
    const file = await stage(
      `ends ${how}`,
      `import { appendFileSync } from 'node:fs';
       for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => process.exit(0));
       process.once('disconnect', () => process.exit(0));
       setInterval(() => {}, 1000);
       appendFileSync(process.argv[2], process.pid + '\\n');`,
    );
    const begun = async (said: string): Promise<number> => {
      await until('it runs', () => existsSync(said) && readFileSync(said, 'utf8').endsWith('\n'));
      const pid = Number(readFileSync(said, 'utf8'));
      onTestFinished(() => void (lives(pid) && process.kill(pid, 'SIGKILL')));
      return pid;
    };
    const bySignal = async (signal: NodeJS.Signals): Promise<void> => {
      const said = join(folder, `${signal} ${how}`);
      const { child, ended } = start(file, [said], flags);
      const pid = await begun(said);
      child.kill(signal);
      await ended;
      await until(`${signal} takes it along`, () => !lives(pid));
    };
    const withTerminal = async (): Promise<void> => {
      const said = join(folder, `terminal ${how}`);
      const command = [process.execPath, ...flags, file, said].map((word) => `'${word}'`).join(' ');
      const terminal = spawn('script', ['-qfec', command, '/dev/null'], { stdio: ['pipe', 'ignore', 'ignore'] });
      const pid = await begun(said);
      terminal.kill('SIGKILL');
      await until('the closed terminal takes it along', () => !lives(pid));
    };
    const signals = ['SIGKILL', 'SIGTERM', 'SIGINT', 'SIGHUP'] as const;
    await Promise.all([...signals.map(bySignal), withTerminal()]);
  });

  test('dies of a signal as if it were the launcher', async () => {
    const file = await stage(`killed ${how}`, `process.kill(process.pid, 'SIGKILL');`);
    expect(await start(file, [], flags).ended).toMatchObject({ code: null, signal: 'SIGKILL' });
  });
});
