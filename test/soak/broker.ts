/**
 * The plant's broker in the soak runs: a real Mosquitto in a folder of its own; where none is installed the embedded
 * one, which the run says, and which knows no passwords and forgets everything at a restart.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { startEmbeddedBroker } from '../../daemon/publish/embedded-broker.ts';
import { until } from './moments.ts';

/** Debian keeps it in sbin, which is not on every user's path. */
const env = { PATH: `${process.env['PATH']}:/usr/sbin:/usr/local/sbin` };

export interface Broker {
  /** With its version. */
  readonly name: string;
  readonly port: number;
  readonly url: string;
  /** Mosquitto writes what it holds at a gentle end, and is not asked at the other one. */
  stop(how?: 'gently' | 'hard'): Promise<void>;
}

export interface User {
  readonly name: string;
  readonly password: string;
}

export interface BrokerSettings {
  readonly folder: string;
  /** A free one where absent. */
  readonly port?: number;
  readonly user?: User;
}

export function mosquittoVersion(): string | null {
  const { stdout, error } = spawnSync('mosquitto', ['-h'], { env, encoding: 'utf8' });
  return error ? null : (/version (\S+)/.exec(stdout)?.[1] ?? null);
}

export async function openBroker(settings: BrokerSettings): Promise<Broker> {
  const version = mosquittoVersion();
  return version === null ? openEmbedded(settings) : openMosquitto(settings, version);
}

async function openEmbedded({ port = 0 }: BrokerSettings): Promise<Broker> {
  const quiet = (): void => undefined;
  const broker = await startEmbeddedBroker(port, 'port', { debug: quiet, info: quiet, warn: quiet, error: quiet });
  return { name: 'embedded (no Mosquitto is installed)', ...broker };
}

async function openMosquitto({ folder, port, user }: BrokerSettings, version: string): Promise<Broker> {
  mkdirSync(folder, { recursive: true });
  const at = port ?? (await freePort());
  const passwords = join(folder, 'passwords');
  if (user) {
    writeFileSync(passwords, '', { mode: 0o600 });
    spawnSync('mosquitto_passwd', ['-b', passwords, user.name, user.password], { env });
  }
  const lines = [
    ...(process.getuid?.() === 0 ? ['user root'] : []),
    `listener ${at} 127.0.0.1`,
    ...(user ? ['allow_anonymous false', `password_file ${passwords}`] : ['allow_anonymous true']),
    // What a subscriber with a session has not read yet outlives a gentle end.
    'persistence true',
    `persistence_location ${folder}/`,
    'max_queued_messages 0',
    'set_tcp_nodelay true',
  ];
  const file = join(folder, 'mosquitto.conf');
  writeFileSync(file, `${lines.join('\n')}\n`);
  const child = spawn('mosquitto', ['-c', file], { env, stdio: 'ignore' });
  process.once('exit', () => child.kill('SIGKILL'));
  await until(`Mosquitto answers on ${at}`, () => answers(at));
  const stop = (how: 'gently' | 'hard' = 'gently'): Promise<void> => end(child, how);
  return { name: `Mosquitto ${version}`, port: at, url: `mqtt://127.0.0.1:${at}`, stop };
}

async function end(child: ChildProcess, how: 'gently' | 'hard'): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill(how === 'gently' ? 'SIGTERM' : 'SIGKILL');
  await ended;
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('error', () => resolve(false));
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
  });
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((listens) => server.listen(0, '127.0.0.1', listens));
  const { port } = server.address() as { port: number };
  await new Promise<void>((closed) => server.close(() => closed()));
  return port;
}
