/** A wire to a port that can freeze: both ends believe in the connection, and nothing arrives any more. */
import { connect, createServer, type Socket } from 'node:net';

export interface Wire {
  readonly port: number;
  /** For those connected now; who connects later gets through. */
  freeze(): void;
  close(): Promise<void>;
}

export async function openWire(targetPort: number): Promise<Wire> {
  const live = new Set<Socket>();
  const frozen = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect(targetPort, '127.0.0.1');
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      live.add(one);
      // A frozen socket is read no more, so not even its end is seen.
      one.on('data', (data) => {
        if (live.has(one)) other.write(data);
      });
      one.on('error', () => one.destroy());
      one.on('close', () => {
        if (live.delete(one)) other.destroy();
      });
    }
  });
  await new Promise<void>((listens) => server.listen(0, '127.0.0.1', listens));
  return {
    port: (server.address() as { port: number }).port,
    freeze() {
      for (const socket of live) {
        socket.pause();
        frozen.add(socket);
      }
      live.clear();
    },
    async close() {
      for (const socket of [...live, ...frozen]) socket.destroy();
      await new Promise<void>((closed) => server.close(() => closed()));
    },
  };
}
