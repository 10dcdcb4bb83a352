/** A real Mosquitto for the tests, with the listener a test asks for. A CI run must have it installed. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { freePort, temporaryFolder, until } from '../publish/fixtures.ts';

/** Debian keeps it in sbin, which is not on every user's path. */
const searchPath = `${process.env['PATH']}:/usr/sbin:/usr/local/sbin`;

export function mosquittoVersion(): string | null {
  const { stdout, error } = spawnSync('mosquitto', ['-h'], { env: { PATH: searchPath }, encoding: 'utf8' });
  return error ? null : (/version (\S+)/.exec(stdout)?.[1] ?? null);
}

/** Where Mosquitto is not installed its tests are skipped by name; a CI run must have it. */
export const skipMosquitto = mosquittoVersion() === null && process.env['CI'] === undefined;

export interface Broker {
  readonly port: number;
  /** What it wrote about itself. */
  said(): string;
  /** kill -9: nothing is said to anybody. */
  stop(): Promise<void>;
}

export interface BrokerWish {
  readonly port?: number;
  readonly users?: Readonly<Record<string, string>>;
  /** Files of a TLS listener; with `clientCa` only clients whose certificate it signed are let in. */
  readonly tls?: { readonly cert: string; readonly key: string; readonly clientCa?: string };
  /** Lines of the access list. */
  readonly acl?: readonly string[];
  /** Further lines of its configuration. */
  readonly more?: readonly string[];
}

export async function startMosquitto(wish: BrokerWish = {}): Promise<Broker> {
  const folder = temporaryFolder();
  const port = wish.port ?? (await freePort());
  writeFileSync(join(folder, 'mosquitto.conf'), configuration(folder, port, wish).join('\n'));
  const child = spawn('mosquitto', ['-v', '-c', join(folder, 'mosquitto.conf')], {
    env: { PATH: searchPath },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.on('data', (data) => {
    said = (said + String(data)).slice(-100_000);
  });
  const stop = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  };
  onTestFinished(stop);
  await until('mosquitto listens', async () => {
    if (child.exitCode !== null) throw new Error(`mosquitto ended: ${said}`);
    return answers(port);
  });
  return { port, stop, said: () => said };
}

function configuration(folder: string, port: number, { users, tls, acl, more = [] }: BrokerWish): string[] {
  const lines = [`listener ${port} 127.0.0.1`, `allow_anonymous ${users === undefined}`, ...more];
  if (process.getuid?.() === 0) lines.unshift('user root');
  if (users) {
    const file = join(folder, 'passwords');
    writeFileSync(file, '');
    for (const [name, password] of Object.entries(users)) {
      spawnSync('mosquitto_passwd', ['-b', file, name, password], { env: { PATH: searchPath } });
    }
    lines.push(`password_file ${file}`);
  }
  if (acl) {
    writeFileSync(join(folder, 'acl'), `${acl.join('\n')}\n`);
    lines.push(`acl_file ${join(folder, 'acl')}`);
  }
  if (tls) {
    lines.push(`certfile ${tls.cert}`, `keyfile ${tls.key}`);
    if (tls.clientCa) lines.push(`cafile ${tls.clientCa}`, 'require_certificate true');
  }
  return [...lines, ''];
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}
