/**
 * A Debian container with systemd as its first process, this installation mounted into it read-only: what a device
 * does with the units, without a device. Its base is made once by debootstrap and kept in the temporary folder. Cgroup
 * limits cannot be tried in it, and its reboot is no power cut: what was not synced is not lost.
 */
import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import { systemClock } from '../../daemon/clock.ts';
import { root as project } from '../architecture/source.ts';
import { patienceMs } from '../patience.ts';

const execute = promisify(execFile);
const release = 'bookworm';
const packages = 'systemd,systemd-sysv,dbus,libatomic1,procps,udev,libfaketime';
const programs = ['systemd-nspawn', 'debootstrap', 'nsenter'];
/** Where the installation is in there. */
export const installed = '/opt/twinspect/current';

/** Why no container can be made here; null where one can. */
export function containerProblem(): string | null {
  if (process.getuid?.() !== 0) return 'not root';
  const missing = programs.filter((name) => !onPath(name));
  return missing.length > 0 ? `no ${missing.join(', ')}` : null;
}

function onPath(name: string): boolean {
  return (process.env['PATH'] ?? '').split(':').some((folder) => existsSync(join(folder, name)));
}

/** Made whole or not at all; a second call finds it. */
async function base(): Promise<string> {
  const folder = join(tmpdir(), `twinspect-test-debian-${release}`);
  if (existsSync(folder)) return folder;
  const making = `${folder}.${process.pid}`;
  await execute('debootstrap', ['--variant=minbase', `--include=${packages}`, release, making], {
    maxBuffer: 64 * 1024 * 1024,
  });
  renameSync(making, folder);
  return folder;
}

export interface Answer {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export class Container {
  /** Its root folder, as this machine sees it. */
  readonly root: string;
  #nspawn: ChildProcess | null = null;

  private constructor(root: string) {
    this.root = root;
  }

  static async make(): Promise<Container> {
    const root = mkdtempSync(join(tmpdir(), 'twinspect-test-container-'));
    await execute('cp', ['-a', '--reflink=auto', `${await base()}/.`, root]);
    const container = new Container(root);
    await container.boot();
    return container;
  }

  async boot(): Promise<void> {
    const options = ['--register=no', '--keep-unit', '--private-network', `--bind-ro=${project}:${installed}`];
    this.#nspawn = spawn('systemd-nspawn', ['-q', '-D', this.root, ...options, '-b'], { stdio: 'ignore' });
    await this.until('booted', patienceMs, async () => {
      const { stdout } = await this.call('systemctl', 'is-system-running');
      return /running|degraded/.test(stdout);
    });
  }

  /** As a reset does it: nothing in there is asked, nothing is stopped. The files stay as the kernel has them. */
  async reset(): Promise<void> {
    this.#kill();
    await this.boot();
  }

  /** Runs a program in there. Never rejects: the answer has its exit code, -1 where it could not be run. */
  async call(program: string, ...args: string[]): Promise<Answer> {
    try {
      const { stdout, stderr } = await execute('nsenter', ['-t', String(this.#init()), '-a', program, ...args]);
      return { code: 0, stdout, stderr };
    } catch (error) {
      const { code, stdout = '', stderr = '' } = error as { code?: unknown; stdout?: string; stderr?: string };
      return { code: typeof code === 'number' ? code : -1, stdout, stderr: stderr || String(error) };
    }
  }

  /** The same with the product's own command. */
  twinspect(...args: string[]): Promise<Answer> {
    return this.call(this.node, `${installed}/daemon/main.ts`, ...args);
  }

  get node(): string {
    return `${installed}/node_modules/node-linux-${process.arch}/bin/node`;
  }

  /** A property of a unit, as `systemctl show` says it. */
  async property(unit: string, name: string): Promise<string> {
    return (await this.call('systemctl', 'show', '-P', name, unit)).stdout.trim();
  }

  async journal(unit: string): Promise<string> {
    return (await this.call('journalctl', '--no-pager', '-o', 'cat', '-u', unit)).stdout;
  }

  write(path: string, text: string): void {
    writeFileSync(join(this.root, path), text);
  }

  /** Rejects where it does not come true in time; what is told there helps to see why. */
  async until(what: string, limitMs: number, holds: () => Promise<boolean>): Promise<number> {
    const began = performance.now();
    while (!(await holds())) {
      if (performance.now() - began > limitMs) throw new Error(`not within ${limitMs} ms: ${what}`);
      await wait(100);
    }
    return performance.now() - began;
  }

  remove(): void {
    this.#kill();
    rmSync(this.root, { recursive: true, force: true });
  }

  /** The first process in there: the child of systemd-nspawn that is systemd. */
  #init(): number {
    const children = readFileSync(`/proc/${this.#nspawn?.pid}/task/${this.#nspawn?.pid}/children`, 'utf8');
    const pid = children
      .trim()
      .split(' ')
      .find((each) => each !== '' && commandOf(each).includes('systemd'));
    if (pid === undefined) throw new Error('the container has no first process yet');
    return Number(pid);
  }

  /** With its first process every other one ends. */
  #kill(): void {
    try {
      process.kill(this.#init(), 'SIGKILL');
    } catch {
      // It had ended by itself.
    }
    this.#nspawn?.kill('SIGKILL');
    // Until the kernel has let go of its folder.
    for (let i = 0; i < 100 && mountedIn(this.root); i++) execFileSync('sleep', ['0.1']);
  }
}

/** By the real clock: the container lives by it. */
export function wait(forMs: number): Promise<void> {
  return new Promise((resolve) => systemClock.after(forMs, resolve));
}

function commandOf(pid: string): string {
  return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
}

function mountedIn(folder: string): boolean {
  return readdirSync('/proc').some((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      return readFileSync(`/proc/${pid}/mountinfo`, 'utf8').includes(folder);
    } catch {
      return false;
    }
  });
}
