/**
 * The plant's side for the publishing tests: a real Mosquitto, a subscriber that checks each message against its
 * schema, and a wire in between that can be cut, frozen and healed.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import mqtt from 'mqtt';
import { expect, onTestFinished } from 'vitest';
import type { StatusPayload, VerdictPayload } from '../../daemon/publish/payload.ts';
import { freePort, temporaryFolder, until } from './fixtures.ts';

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
  stop(): Promise<void>;
}

export async function startMosquitto(port?: number, user?: { name: string; password: string }): Promise<Broker> {
  const folder = temporaryFolder();
  const at = port ?? (await freePort());
  const passwords = join(folder, 'passwords');
  if (user) {
    writeFileSync(passwords, '');
    spawnSync('mosquitto_passwd', ['-b', passwords, user.name, user.password], { env: { PATH: searchPath } });
  }
  const access = user ? `allow_anonymous false\npassword_file ${passwords}` : 'allow_anonymous true';
  const rootUser = process.getuid?.() === 0 ? 'user root\n' : '';
  writeFileSync(join(folder, 'mosquitto.conf'), `${rootUser}listener ${at} 127.0.0.1\n${access}\n`);
  const child = spawn('mosquitto', ['-c', join(folder, 'mosquitto.conf')], {
    env: { PATH: searchPath },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.on('data', (data) => {
    said += String(data);
  });
  const stop = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  };
  onTestFinished(stop);
  await until(`mosquitto on ${at}: ${said}`, () => answers(at));
  return { port: at, stop };
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}

/** A wire to a port: what is cut is cut for both sides, what is frozen stays open and carries nothing. */
export class Wire {
  readonly #sockets = new Set<Socket>();
  #open = true;
  #frozen = false;
  port = 0;

  static async to(target: number, port = 0): Promise<Wire> {
    const wire = new Wire();
    const server = createServer((near) => {
      const far = connect(target, '127.0.0.1');
      for (const [one, other] of [
        [near, far],
        [far, near],
      ] as const) {
        wire.#sockets.add(one);
        one.on('data', (data) => wire.#frozen || other.write(data));
        one.on('error', () => other.destroy());
        one.on('close', () => {
          wire.#sockets.delete(one);
          other.destroy();
        });
      }
      if (!wire.#open) near.destroy();
    });
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', () => resolve()));
    wire.port = (server.address() as { port: number }).port;
    onTestFinished(() => {
      wire.cut();
      server.close();
    });
    return wire;
  }

  cut(): void {
    this.#open = false;
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Half open: both ends believe in the connection, nothing arrives. */
  freeze(): void {
    this.#frozen = true;
  }

  heal(): void {
    this.#frozen = false;
    this.#open = true;
  }
}

const ajv = new Ajv({ allErrors: true, allowUnionTypes: true });
const schemaOf = (name: string) =>
  ajv.compile(JSON.parse(readFileSync(new URL(`../../daemon/publish/schema/${name}.json`, import.meta.url), 'utf8')));
const validators = { verdict: schemaOf('verdict'), status: schemaOf('status') };

/** Throws where a message does not follow the schema of its topic. */
export function checkMessage(leaf: string, message: unknown): void {
  const validate = leaf === 'status' ? validators.status : validators.verdict;
  expect(validate(message), `${leaf}: ${JSON.stringify(validate.errors)}`).toBe(true);
}

/** Everything a line says, as it arrived. */
export class Subscriber {
  readonly status: StatusPayload[] = [];
  readonly verdict: VerdictPayload[] = [];
  readonly record: VerdictPayload[] = [];
  readonly last: { payload: VerdictPayload; retained: boolean }[] = [];
  readonly masks: { topic: string; png: Buffer }[] = [];
  readonly #refused: string[] = [];

  static async at(port: number, options: mqtt.IClientOptions = {}, topics = 'twinspect/#'): Promise<Subscriber> {
    const subscriber = new Subscriber();
    const client = mqtt.connect(`mqtt://127.0.0.1:${port}`, { reconnectPeriod: 50, ...options });
    onTestFinished(() => client.endAsync(true));
    client.on('message', (topic, payload, packet) => subscriber.#take(topic, payload, packet.retain));
    await new Promise<void>((resolve) => client.once('connect', () => resolve()));
    await client.subscribeAsync(topics, { qos: 1 });
    return subscriber;
  }

  #take(topic: string, payload: Buffer, retained: boolean): void {
    const leaf = topic.split('/')[2] ?? '';
    if (leaf === 'mask') {
      this.masks.push({ topic, png: payload });
      return;
    }
    const message = JSON.parse(payload.toString());
    try {
      checkMessage(leaf, message);
    } catch (error) {
      this.#refused.push(String(error));
    }
    if (leaf === 'last') this.last.push({ payload: message, retained });
    else this[leaf as 'status' | 'verdict' | 'record'].push(message);
  }

  /** Each message so far followed its schema. */
  expectValid(): void {
    expect(this.#refused).toEqual([]);
  }

  /** The records in the order they first came. */
  firstArrivals(): number[] {
    return [...new Set(this.record.map((record) => record.sequence))];
  }
}
