/** Twinspect talks to nobody but the configured peers and writes nowhere but where it was told to. */
import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, cpSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { root } from '../architecture/source.ts';
import { asNobody, nobody, skipNobody } from '../net/nobody.ts';
import { madeFolder, main, skipTrace, type Traced, traced } from '../net/trace.ts';

const shipped = join(root, 'models/shipped/first-run@1.0.0');
let folder: string;
let parts: string;
let config: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'twinspect-quiet-'));
  chmodSync(folder, 0o755);
  parts = join(folder, 'parts');
  const sizes = ['--train', '12', '--validation', '4', '--test-good', '1', '--test-per-kind', '1'];
  const made = spawnSync(process.execPath, [main, 'synthetic', '--out', parts, ...sizes], { encoding: 'utf8' });
  expect(made.stderr).toBe('');
  config = join(folder, 'config.yaml');
  writeFileSync(config, 'mqtt: { embeddedPort: 0 }\nopcua: { port: 0 }\nstateDir: ./state\n');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What each command may write besides its temporary folder: what it was given by name. */
const commands: readonly { name: string; args: (cwd: string) => string[]; mayWrite: readonly string[] }[] = [
  { name: 'run', args: () => ['run', '--config', config, '--parts', '3'], mayWrite: ['state'] },
  {
    name: 'teach',
    args: () => ['teach', '--data', parts, '--out', 'made@1.0.0', '--epochs', '1', '--working', '64x64'],
    mayWrite: ['made@1.0.0', 'made@1.0.0.report.html'],
  },
  { name: 'evaluate', args: () => ['evaluate', '--bundle', shipped, '--data', parts], mayWrite: [] },
  { name: 'bundle verify', args: () => ['bundle', 'verify', shipped], mayWrite: [] },
];

function place(name: string): { cwd: string; home: string; temporary: string } {
  const cwd = madeFolder(folder, name.replaceAll(' ', '-'));
  return { cwd, home: madeFolder(cwd, 'home'), temporary: madeFolder(cwd, 'tmp') };
}

/** Of the machine's own: a sink, what the kernel shows of a process, and shared memory of the inference host. */
const machines = /^\/dev\/(null|tty)$|^\/proc\/|^\/dev\/shm\/twinspect-/;

function strayWrites({ touched }: Traced, allowed: readonly string[]): string[] {
  // A hidden folder beside what was named is where it is put together first.
  const fine = (path: string): boolean =>
    machines.test(path) || allowed.some((each) => path === each || path.startsWith(each));
  return touched.filter((path) => !fine(path));
}

describe.skipIf(skipTrace)(`traced${skipTrace ? ' (strace does not work here)' : ''}`, () => {
  test('the trace shows what the library does where nobody switched it off', async () => {
    const { cwd, home, temporary } = place('unquiet');
    const script =
      `const ort = await import(${JSON.stringify(join(root, 'node_modules/onnxruntime-node/dist/index.js'))});` +
      `await (ort.default ?? ort).InferenceSession.create(${JSON.stringify(join(shipped, 'places.onnx'))});`;
    const seen = await traced(['--input-type=module', '-e', script], { cwd, env: { HOME: home, TMPDIR: temporary } });
    expect(seen.output).toBe('');
    expect(strayWrites(seen, [temporary])).not.toEqual([]);
  });

  test.each(commands)('$name: no peer, no look-up, nothing written elsewhere', async (given) => {
    const { cwd, home, temporary } = place(given.name);
    // Through main.ts, so that the launcher's own setting is not what keeps it quiet.
    const seen = await traced([main, ...given.args(cwd)], { cwd, env: { HOME: home, TMPDIR: temporary } });
    expect(seen.code, seen.output).toBe(0);
    expect(seen.peers).toEqual([]);
    const allowed = [temporary, ...given.mayWrite.map((name) => join(cwd, name))];
    expect(strayWrites(seen, allowed)).toEqual([]);
    expect(readdirSync(home)).toEqual([]);
  });

  test('through the launcher it is as quiet', async () => {
    const { cwd, home, temporary } = place('launched');
    const program = [process.execPath, join(root, 'daemon/twinspect.js')];
    const seen = await traced(['bundle', 'verify', shipped], {
      ...{ cwd, program },
      env: { HOME: home, TMPDIR: temporary },
    });
    expect(seen.code, seen.output).toBe(0);
    expect([seen.peers, strayWrites(seen, [temporary])]).toEqual([[], []]);
  });
});

const unwritable = '/proc/1/nowhere';

describe.skipIf(skipNobody)(`as an unprivileged user${skipNobody ? ' (no other user can be taken here)' : ''}`, () => {
  test.each([
    ['no HOME', {}],
    ['a HOME that cannot be written', { HOME: '/' }],
    ['a HOME that is not there', { HOME: unwritable }],
  ])('%s: run, teach, evaluate and bundle verify work', async (name, env) => {
    const cwd = madeFolder(folder, name.replaceAll(' ', '-'));
    chownSync(cwd, nobody.uid, nobody.gid);
    cpSync(config, join(cwd, 'config.yaml'));
    for (const { args } of commands) {
      const line = args(cwd).map((arg) => (arg === config ? join(cwd, 'config.yaml') : arg));
      const ended = await asNobody([process.execPath, main, ...line], { cwd, env: { TMPDIR: cwd, ...env } });
      expect(ended.code, `${line.join(' ')}\n${ended.output}`).toBe(0);
    }
  });

  test('the product folder is read only for it, and it starts all the same', async () => {
    const cwd = madeFolder(folder, 'read-only');
    chownSync(cwd, nobody.uid, nobody.gid);
    const tried = await asNobody(['touch', join(root, 'written')], { cwd, env: {} });
    expect(tried.code, 'the product folder can be written by the other user').not.toBe(0);
    const started = await asNobody(
      [process.execPath, join(root, 'daemon/twinspect.js'), 'run', '--config', config, '--parts', '1'],
      { cwd, env: { TMPDIR: cwd, TWINSPECT_STATE_DIR: join(cwd, 'state') } },
    );
    expect(started.code, started.output).toBe(0);
  });
});
