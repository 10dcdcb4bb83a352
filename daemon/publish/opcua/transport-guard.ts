/**
 * What comes over a connection must not end the daemon. When the Hello is answered the library (2.186.4) takes down
 * the listeners of the connection's packet assembler, and goes on feeding it what came in the same segment: a chunk of
 * a bad length behind a Hello, from anybody, is an error event that nobody hears, for which Node ends the process.
 * Here whatever is thrown while a connection's bytes are read ends that connection, and is counted.
 */
import type { Socket } from 'node:net';
import { ServerTCP_transport } from 'node-opcua';
import { messageOf } from '../../../errors.ts';
import type { Log } from '../lane.ts';

let refused = 0;
let say: Log | null = null;
let guarded = false;

/** Connections of this process that were closed for what they sent. */
export function malformedConnections(): number {
  return refused;
}

/** For the whole process, as the library has one class of connections. */
export function guardTransport(log: Log): void {
  say = log;
  if (guarded) return;
  guarded = true;
  const { init } = ServerTCP_transport.prototype;
  ServerTCP_transport.prototype.init = function (this: ServerTCP_transport, socket, callback) {
    init.call(this, socket, callback);
    guard(socket as unknown as Socket);
  };
}

function guard(socket: Socket): void {
  const readers = socket.listeners('data') as ((data: Buffer) => void)[];
  socket.removeAllListeners('data');
  socket.on('data', (data: Buffer) => {
    try {
      for (const read of readers) read.call(socket, data);
    } catch (error) {
      refused += 1;
      const from = socket.remoteAddress ?? 'a connection that is gone';
      say?.warn({ from, cause: messageOf(error) }, 'OPC UA: a malformed message; its connection is closed');
      socket.destroy();
    }
  });
}
