/**
 * A command of the product under strace: whom it connects or sends to, and what it makes or changes on the disk. Each
 * process has a file of its own, so that no line is torn; descriptors and folders are shown by their path.
 */
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import process from 'node:process';
import { root } from '../architecture/source.ts';

/** A machine of another name than any that is known: asking for it would go out to a DNS server. */
const strangerName = 'twinspect-nobody-knows';
const around = ['unshare', '--uts', 'sh', '-c', `hostname ${strangerName} && exec "$@"`, 'sh'];

function runs(command: string, ...args: string[]): boolean {
  return spawnSync(command, args, { stdio: 'ignore' }).status === 0;
}

/** With CI set it must work: there a skip fails. */
export const skipTrace = process.env['CI'] === undefined && !runs('strace', '-f', '-o', '/dev/null', 'true');
const renames = runs(around[0]!, ...around.slice(1), 'true');

export interface Traced {
  readonly code: number | null;
  readonly output: string;
  /** `address port` of everybody who is not on this machine, `unix PATH` of sockets on it. */
  readonly peers: readonly string[];
  /** Absolute paths made, opened for writing, renamed, linked or removed. */
  readonly touched: readonly string[];
}

export interface TraceOptions {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** Without it the program is `node ARGS`. */
  readonly program?: readonly string[];
}

const calls =
  'connect,sendto,sendmsg,sendmmsg,open,openat,creat,mkdir,mkdirat,rename,renameat,renameat2,link,linkat,symlink,' +
  'symlinkat,unlink,unlinkat,rmdir,truncate';

export async function traced(args: readonly string[], { cwd, env, program }: TraceOptions): Promise<Traced> {
  const folder = mkdtempSync(join(cwd, 'trace-'));
  const told = ['strace', '-ff', '-y', '-s', '300', '-e', `trace=${calls}`, '-o', join(folder, 'call')];
  const line = [...(renames ? around : []), ...told, ...(program ?? [process.execPath]), ...args];
  const child = spawn(line[0]!, line.slice(1), { cwd, env: { PATH: process.env['PATH'] ?? '', ...env } });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (data) => {
      output += data;
    });
  }
  const code = await new Promise<number | null>((done) => child.on('close', done));
  const lines = readdirSync(folder).flatMap((name) => readFileSync(join(folder, name), 'utf8').split('\n'));
  const unique = (found: string[]): string[] => [...new Set(found)].sort();
  return { code, output, peers: unique(lines.flatMap(peersIn)), touched: unique(lines.flatMap(touchedIn(cwd))) };
}

/** Whoever was named as an address, answered or not: a question that failed was asked all the same. */
function peersIn(line: string): string[] {
  if (!/^(connect|send)/.test(line)) return [];
  const inet = /sin6?_port=htons\((\d+)\).*?(?:inet_addr\("([^"]+)"\)|inet_pton\(AF_INET6, "([^"]+)")/.exec(line);
  if (!inet) return [];
  const address = inet[2] ?? inet[3] ?? '';
  return /^(127\.|::1$|::ffff:127\.)/.test(address) ? [] : [`${address} ${inet[1]}`];
}

const touchedIn =
  (cwd: string) =>
  (line: string): string[] => {
    if (/ = -1 /.test(line)) return [];
    const call = /^([a-z0-9]+)\(/.exec(line)?.[1] ?? '';
    if (/^open/.test(call) && !/O_(WRONLY|RDWR|CREAT|TRUNC)/.test(line)) return [];
    if (/^(connect|send|$)/.test(call) || call === '') return [];
    // `AT_FDCWD</folder>, "name"` and `"name"`: the folder is what stands before, or the working folder.
    return [...line.matchAll(/(?:<([^>]*)>, )?"([^"]*)"/g)].map(([, folder, name]) => resolve(folder ?? cwd, name!));
  };

export const main = join(root, 'daemon/main.ts');

export function madeFolder(...parts: string[]): string {
  const path = join(...parts);
  mkdirSync(path, { recursive: true });
  return path;
}
