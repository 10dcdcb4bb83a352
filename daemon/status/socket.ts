/**
 * The status socket of a daemon: whoever connects is given one line of JSON, and that is all. Nothing that is sent to
 * it is read, so it can be asked of nothing; what it gives holds no secret. Read by the user and the group of the
 * daemon.
 *
 * It appears whole, by a rename, over one that a killed daemon left behind. Where one answers there already, another
 * daemon runs on the same state folder; what is no socket is not touched.
 */
import { chmod, lstat, mkdir, rename, rm } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { dirname } from 'node:path';
import { fail, messageOf, type TwinspectError } from '../../errors.ts';
import type { Clock } from '../clock.ts';
import { askSocket } from './ask.ts';
import { socketPathMaxBytes } from './place.ts';

export interface StatusSocketOptions {
  /** The first that can be made is taken. */
  readonly paths: readonly string[];
  readonly lineId: string;
  /** Of this process: part of the name under which the socket is made. */
  readonly pid: number;
  readonly report: () => unknown;
  readonly clock: Clock;
  readonly log: { warn(values: object, text: string): void };
}

export interface StatusSocket {
  readonly path: string;
  close(): Promise<void>;
}

/** People and a monitoring program; each is gone within a moment. */
const connectionsMax = 16;
/** Who does not read by then is cut off. */
const readMaxMs = 2000;
/** User and group: connecting takes the right to write. */
const socketMode = 0o660;
/** A daemon that runs answers within milliseconds; one that is loading a bundle on a slow machine, within a second. */
const probeMaxMs = 1500;

/**
 * Rejects with `status/running` or `status/denied` where another daemon has it, and with what was wrong with the first
 * place (`status/foreign`, `status/path`, `status/unusable`) where none of them can be used.
 */
export async function openStatusSocket(options: StatusSocketOptions): Promise<StatusSocket> {
  const { paths, lineId, clock } = options;
  // All of them: another daemon may have been told of other folders.
  for (const path of paths) await refuseAnother(path, lineId, clock);
  let first: unknown = null;
  for (const path of paths) {
    try {
      return await openAt(path, options);
    } catch (error) {
      first ??= error;
    }
  }
  throw first;
}

async function refuseAnother(path: string, line: string, clock: Clock): Promise<void> {
  const running = (pid: number | string): Error => fail('status/running', { line, path, pid });
  let pid: number;
  try {
    ({ pid } = await askSocket(path, clock, probeMaxMs));
  } catch (error) {
    const { code } = error as Partial<TwinspectError>;
    if (code === 'status/hung') throw running('unknown, it does not answer');
    if (code === 'status/denied') throw error; // somebody else's: never put ours over it
    return; // nobody is there, or it is none of ours: said when it is to be opened
  }
  throw running(pid);
}

async function openAt(path: string, { pid, report, clock, log }: StatusSocketOptions): Promise<StatusSocket> {
  const made = `${path}.${pid}`;
  const bytes = Buffer.byteLength(made);
  if (bytes > socketPathMaxBytes) throw fail('status/path', { path, bytes, most: socketPathMaxBytes });
  const found = await lstat(path).catch(() => null);
  if (found !== null && !found.isSocket()) throw fail('status/foreign', { path, problem: 'is no socket' });
  const sockets = new Set<Socket>();
  const server = createServer((socket) => serve(socket, sockets, report, clock, log));
  server.maxConnections = connectionsMax;
  try {
    await mkdir(dirname(path), { recursive: true });
    await rm(made, { force: true });
    await listen(server, made);
    await chmod(made, socketMode);
    const own = (await lstat(made)).ino;
    await rename(made, path);
    server.on('error', (error) => log.warn({ path, error }, `status socket: ${messageOf(error)}`));
    return { path, close: () => close(server, sockets, path, own) };
  } catch (error) {
    server.close();
    await rm(made, { force: true }).catch(() => undefined);
    throw fail('status/unusable', { path, cause: messageOf(error) }, error);
  }
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ path }, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function serve(
  socket: Socket,
  sockets: Set<Socket>,
  report: () => unknown,
  clock: Clock,
  log: StatusSocketOptions['log'],
): void {
  sockets.add(socket);
  const gone = new AbortController();
  socket.once('close', () => {
    sockets.delete(socket);
    gone.abort();
  });
  socket.on('error', () => undefined); // whoever asked went away: nobody waits for the answer
  clock.after(readMaxMs, () => socket.destroy(), gone.signal);
  // What is sent is dropped: it would only fill memory.
  socket.resume();
  try {
    socket.end(`${JSON.stringify(report())}\n`);
  } catch (error) {
    log.warn({ error }, `status socket: the report cannot be made: ${messageOf(error)}`);
    socket.destroy();
  }
}

/** Removes the file only while it is ours: a daemon that came after may have put its own there. */
async function close(server: Server, sockets: Set<Socket>, path: string, own: number): Promise<void> {
  const found = await lstat(path).catch(() => null);
  if (found?.ino === own) await rm(path, { force: true });
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  for (const socket of sockets) socket.destroy();
  await closed;
}
