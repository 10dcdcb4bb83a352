/**
 * A station as it is delivered, for clients that are not ours: `twinspect run` with a configuration file, the bundle
 * and the camera of the first run, users and trust made with its own commands. And the foreign programs: where
 * `prepare` put them, and how one is run.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import { onTestFinished } from 'vitest';
import { root } from '../architecture/source.ts';
import { freePort, temporaryFolder, until } from '../publish/fixtures.ts';

const { STRANGERS_FOLDER, CI } = process.env;
const folder = STRANGERS_FOLDER ?? join(tmpdir(), 'twinspect-strangers');
const python = join(folder, 'python', 'bin', 'python');
const hostFolder = join(folder, 'sparkplug-host');
const here = import.meta.dirname;

/** Where they were not prepared their tests are skipped by name; a CI run must have them. */
export const skipPython = !existsSync(python) && CI === undefined;
export const skipTahu = !existsSync(join(hostFolder, 'classes', 'SparkplugHost.class')) && CI === undefined;

/** A loaded machine: a start of Node, Python or Java takes seconds there. */
const patienceMs = 90_000;

/** Runs one of the Python programs here to its end and gives what it printed as JSON; its errors are the test's. */
export async function inPython<T>(program: string, ...argv: string[]): Promise<T> {
  const { said, ended } = startPython(program, ...argv);
  const code = await ended;
  if (code !== 0) throw new Error(`${program} ${argv[0]} ended with ${code}:\n${said.err}`);
  return JSON.parse(said.out) as T;
}

export interface Running {
  readonly child: ChildProcess;
  readonly said: { out: string; err: string };
  readonly ended: Promise<number | null>;
}

export function startPython(program: string, ...argv: string[]): Running {
  if (!existsSync(python)) throw new Error(`no Python clients in ${folder}: run test/strangers/prepare`);
  return run(python, ['-u', '-B', join(here, program), ...argv]);
}

/** A Sparkplug host on Eclipse Tahu; what it hears is `heard`, and a line written to it is an order. */
export function startSparkplugHost(brokerPort: number, hostId: string, group: string, edge: string) {
  if (!existsSync(hostFolder)) throw new Error(`no Sparkplug host in ${folder}: run test/strangers/prepare`);
  const classPath = [join(hostFolder, 'classes'), join(hostFolder, 'lib', '*')].join(':');
  const argv = ['-cp', classPath, 'SparkplugHost', `tcp://127.0.0.1:${brokerPort}`, hostId, group, edge];
  const running = run('java', argv);
  const order = (line: string): void => void running.child.stdin?.write(`${line}\n`);
  return { ...running, order, heard: () => jsonLines(running.said.out) };
}

export type Heard = Readonly<Record<string, unknown>> & { readonly event: string };

export function jsonLines(text: string): Heard[] {
  // The last line may be on its way.
  const whole = text.split('\n').slice(0, -1);
  return whole.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line) as Heard);
}

function run(command: string, argv: readonly string[], cwd = here, group = false): Running {
  const child = spawn(command, argv, { cwd, detached: group, stdio: ['pipe', 'pipe', 'pipe'] });
  const said = { out: '', err: '' };
  child.stdout.on('data', (data) => {
    said.out += String(data);
  });
  child.stderr.on('data', (data) => {
    said.err += String(data);
  });
  child.stdin.on('error', () => undefined); // it has ended, which `ended` says
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('close', resolve);
    child.once('error', reject);
  });
  ended.catch(() => undefined);
  onTestFinished(() => kill(child, group));
  return { child, said, ended };
}

/** Where it leads a group, all of it: the launcher, the daemon, its inference host. */
function kill({ pid, exitCode, signalCode }: ChildProcess, group: boolean): void {
  if (pid === undefined || (!group && (exitCode !== null || signalCode !== null))) return;
  try {
    process.kill(group ? -pid : pid, 'SIGKILL');
  } catch {
    // it is gone
  }
}

export const station = { password: 'a password of the plant', line: 'line1' } as const;

export interface Station {
  readonly folder: string;
  readonly opcuaPort: number;
  /** `twinspect ...` beside it, on its configuration; rejects where it fails. */
  twinspect(...argv: string[]): Promise<string>;
  start(): Promise<Running>;
  /** As a service manager stops it. Resolves with its exit code. */
  stop(running: Running): Promise<number | null>;
  /** kill -9 of everything at once. */
  killed(running: Running): Promise<void>;
}

/** Not started yet, with users `watcher` (observe), `plc` (operate) and `engineer` (configure). */
export async function makeStation(mqtt: object = { embeddedPort: 0 }, users = true): Promise<Station> {
  const place = temporaryFolder();
  const opcuaPort = await freePort();
  const configuration = {
    // Long: what is tried here is what clients are told, not how fast a loaded machine is.
    line: { id: station.line, trigger: 'command', deadlineMs: 10_000 },
    camera: { driver: 'synthetic', synthetic: { seed: 1, defectRate: 0.3 } },
    inference: { threads: 1 },
    opcua: { host: '127.0.0.1', port: opcuaPort },
    mqtt,
  };
  const file = join(place, 'twinspect.json');
  writeFileSync(file, JSON.stringify(configuration));
  const launcher = join(root, 'daemon/twinspect.js');
  const twinspect = async (...argv: string[]): Promise<string> => {
    const { stdout } = await promisify(execFile)(process.execPath, [launcher, ...argv, '--config', file], {
      cwd: place,
    });
    return stdout;
  };
  writeFileSync(join(place, 'password'), `${station.password}\n`);
  const people = { watcher: 'observe', plc: 'operate', engineer: 'configure' };
  for (const [name, role] of users ? Object.entries(people) : []) {
    await twinspect('user', 'add', name, '--role', role, '--password-file', 'password');
  }
  const start = async (): Promise<Running> => {
    const running = run(process.execPath, [launcher, 'run', '--config', file], place, true);
    await until(
      'the station is ready',
      () => {
        if (running.child.exitCode !== null) throw new Error(`the station ended: ${running.said.err}`);
        return running.said.err.includes('heartbeat running');
      },
      patienceMs,
    );
    return running;
  };
  const stop = (running: Running): Promise<number | null> => {
    running.child.kill('SIGTERM');
    return running.ended;
  };
  const killed = async (running: Running): Promise<void> => {
    kill(running.child, true);
    await running.ended;
  };
  return { folder: place, opcuaPort, twinspect, start, stop, killed };
}
