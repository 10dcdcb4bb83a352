/**
 * Configurations that `run` cannot start with: each by what is broken, what the folder holds, and the error's code. For
 * tests that hold `run` and `config check` against each other.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { ErrorCode } from '../../errors.ts';
import { makeAuthority } from '../net/certificates.ts';

export interface Broken {
  readonly what: string;
  readonly code: ErrorCode | RegExp;
  /** Sections of the configuration; the folder is the working folder. */
  make(folder: string): object | Promise<object>;
}

const authority = makeAuthority('plant authority');

function write(folder: string, name: string, text: string): void {
  writeFileSync(join(folder, name), text);
}

export async function takenPort(): Promise<number> {
  const server = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return (server.address() as { port: number }).port;
}

const replay = (more: object) => ({ camera: { driver: 'replay', replay: { folder: 'parts', ...more } } });
const brokerAt = (more: object) => ({ mqtt: { url: 'mqtts://127.0.0.1:1', ...more } });
const login = (passwordFile: string) => ({ mqtt: { url: 'mqtt://127.0.0.1:1', username: 'u', passwordFile } });

/** These fail before a bundle is loaded or a camera opened. */
export const brokenAtOnce: readonly Broken[] = [
  {
    what: 'a state folder that is a file',
    code: 'start/state',
    make: (folder) => {
      write(folder, 'file', '');
      return { stateDir: 'file' };
    },
  },
  {
    what: 'a state folder below a file',
    code: 'start/state',
    make: (folder) => {
      write(folder, 'file', '');
      return { stateDir: 'file/state' };
    },
  },
  { what: 'a folder to replay that is not there', code: 'dataset/layout', make: () => replay({}) },
  {
    what: 'a folder to replay without parts',
    code: 'dataset/layout',
    make: (folder) => {
      mkdirSync(join(folder, 'parts'));
      return replay({});
    },
  },
  {
    what: 'a recording that is none',
    code: 'recording/unreadable',
    make: (folder) => {
      write(folder, 'parts.mcap', 'this is no recording');
      return replay({ folder: 'parts.mcap' });
    },
  },
  { what: 'a recording that is not there', code: 'file/missing', make: () => replay({ folder: 'parts.mcap' }) },
  {
    what: 'a calibration that is not there',
    code: 'file/missing',
    make: () => ({ registration: { calibration: 'none.json' } }),
  },
  {
    what: 'a calibration that is none',
    code: 'calibration/field',
    make: (folder) => {
      write(folder, 'c.json', '{"rgb": 1}');
      return { registration: { calibration: 'c.json' } };
    },
  },
  {
    what: 'the port of the embedded broker taken',
    code: 'port/taken',
    make: async () => ({ mqtt: { embeddedPort: await takenPort() } }),
  },
  {
    what: 'the port of OPC UA taken',
    code: 'port/taken',
    make: async () => ({ opcua: { enabled: true, port: await takenPort() } }),
  },
  {
    what: 'OPC UA for others, and no user',
    code: 'opcua/noUser',
    make: () => ({ opcua: { enabled: true, port: 0, host: '0.0.0.0' } }),
  },
  { what: 'a password file that is not there', code: 'file/missing', make: () => login('none') },
  {
    what: 'an empty password file',
    code: 'config/secret',
    make: (folder) => {
      write(folder, 'password', '');
      return login('password');
    },
  },
  {
    what: 'a password file of two lines',
    code: 'config/secret',
    make: (folder) => {
      write(folder, 'password', 'one\ntwo\n');
      return login('password');
    },
  },
  { what: 'a credential, and no systemd', code: 'config/credential', make: () => login('credential:mqtt') },
  { what: 'a CA file that is not there', code: 'mqtt/tls', make: () => brokerAt({ tls: { caFile: 'none' } }) },
  {
    what: 'a CA file that is none',
    code: 'mqtt/tls',
    make: (folder) => {
      write(folder, 'ca.pem', 'no certificate');
      return brokerAt({ tls: { caFile: 'ca.pem' } });
    },
  },
  {
    what: 'a key of another certificate',
    code: 'mqtt/tls',
    make: (folder) => {
      write(folder, 'cert.pem', authority.issue('a').cert);
      write(folder, 'key.pem', authority.issue('b').key);
      return brokerAt({ tls: { certFile: 'cert.pem', keyFile: 'key.pem' } });
    },
  },
  {
    what: 'a pipeline with a sink of its own',
    code: 'camera/setting',
    make: () => ({
      camera: { driver: 'gstreamer', gstreamer: { pipeline: 'videotestsrc ! fakesink' } },
      depthCamera: { driver: 'aravis', aravis: { address: '192.0.2.7' } },
    }),
  },
  {
    what: 'a feature without a value',
    code: 'camera/setting',
    make: () => ({ camera: { driver: 'aravis', aravis: { address: '192.0.2.7', features: '= 7' } } }),
  },
  {
    what: 'a chip of pins that is not there',
    // Where there is no libgpiod, that is what is wrong first.
    code: /^output\/(device|library)$/,
    make: () => ({ output: { driver: 'gpiod', chip: 'gpiochip-none', pin: 1 } }),
  },
];

/** What every one of them has beside what is broken. */
export function configWith(sections: object): string {
  return JSON.stringify({
    mqtt: { embeddedPort: 0 },
    opcua: { enabled: false },
    evidence: { enabled: false },
    ...sections,
  });
}
