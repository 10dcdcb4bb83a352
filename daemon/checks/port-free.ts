/** Whether a port can be listened on, by listening on it for a moment. */
import { createServer } from 'node:net';
import { listenError } from '../publish/listen-error.ts';
import { type Found, foundError, type Surroundings } from './finding.ts';

export interface WantedPort {
  readonly what: string;
  /** The key that sets it. */
  readonly key: string;
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
}

export async function portFree({ beside }: Surroundings, { what, key, host, port }: WantedPort): Promise<Found> {
  const address = `${host}:${port}`;
  if (beside && port !== 0 && beside.listens[key] === port) {
    return { status: 'ok', text: `${address}: the running daemon listens there (process ${beside.pid})` };
  }
  const problem = await new Promise<Error | null>((resolve) => {
    const server = createServer();
    server.once('error', resolve);
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(null)));
  });
  if (problem !== null) return foundError(listenError(what, host, port, key, problem));
  return { status: 'ok', text: port === 0 ? 'takes a free port' : `${address} is free` };
}
