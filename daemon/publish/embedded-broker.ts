/**
 * The broker of the first run and of the tests, on loopback only: nothing to install for a first look. No persistence
 * and no users; a plant uses a broker of its own. The only file that knows aedes.
 */
import { createServer, type Socket } from 'node:net';
import { Aedes } from 'aedes';
import type { Log } from './lane.ts';
import { listenError } from './listen-error.ts';

export interface EmbeddedBroker {
  readonly port: number;
  readonly url: string;
  stop(): Promise<void>;
}

/** Screens, a plant simulator and the daemon itself; more is a mistake. */
const connectionsMax = 100;
/** A subscriber that does not read is dropped rather than remembered: messages waiting per client. */
const queueMax = 1000;
const host = '127.0.0.1';

/** Port 0 takes a free one. Rejects with `port/taken` or `port/listen`. */
export async function startEmbeddedBroker(port: number, setting: string, log: Log): Promise<EmbeddedBroker> {
  const broker = new Aedes({ queueLimit: queueMax });
  await broker.listen();
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    broker.handle(socket);
  });
  server.maxConnections = connectionsMax;
  broker.on('clientError', (client, error) => log.debug({ client: client.id, cause: error.message }, 'broker: client'));
  broker.on('connectionError', (_client, error) => log.debug({ cause: error.message }, 'broker: connection'));
  const close = (): Promise<void> => new Promise((resolve) => broker.close(() => resolve()));
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, host, () => resolve());
    });
  } catch (error) {
    await close();
    throw listenError('The embedded MQTT broker', host, port, setting, error);
  }
  const address = server.address();
  const bound = typeof address === 'object' && address ? address.port : port;
  log.info({ host, port: bound }, 'embedded MQTT broker listens');
  return {
    port: bound,
    url: `mqtt://${host}:${bound}`,
    async stop() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      await close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
