/** Checks of what the plant sees: ports to listen on, the broker to reach, the triggers that open parts. */
import { connect, createServer } from 'node:net';
import type { Clock } from '../../clock.ts';
import { brokerAddress } from '../../publish/mqtt/settings.ts';
import type { Check } from './finding.ts';

/** A broker on a plant network answers in milliseconds; one that takes this long is as good as absent. */
const connectTimeoutMs = 2000;

const loopback = '127.0.0.1';

export const plantChecks: readonly Check[] = [
  {
    name: 'mqtt',
    async run({ clock }, { mqtt }) {
      if (!mqtt.enabled) return { status: 'ok', text: 'switched off' };
      if (mqtt.url === '') return portFree('mqtt.embeddedPort', loopback, mqtt.embeddedPort);
      const { host, port } = brokerAddress(mqtt.url);
      const target = `${host}:${port}`;
      const problem = await reach(host, port, clock);
      if (problem === null) return { status: 'ok', text: `broker ${target} answers` };
      // No failure: the daemon starts without its broker, and the journal keeps the records.
      const advice = 'Start the broker or correct mqtt.url; until then records wait in the journal.';
      return { status: 'warn', text: `broker ${target}: ${problem}`, advice };
    },
  },
  {
    name: 'opcua',
    async run(_context, { opcua }) {
      if (!opcua.enabled) return { status: 'ok', text: 'switched off' };
      return portFree('opcua.port', opcua.host, opcua.port);
    },
  },
  {
    name: 'triggers',
    async run(_context, { camera }) {
      return {
        status: 'ok',
        text:
          `camera ${camera.driver} counts its own triggers, each opens a part; where neither a counter nor a command ` +
          'of the plant opens it, a part that both cameras miss is invisible',
      };
    },
  },
];

async function portFree(key: string, host: string, port: number): Promise<Awaited<ReturnType<Check['run']>>> {
  const problem = await new Promise<NodeJS.ErrnoException | null>((resolve) => {
    const server = createServer();
    server.once('error', resolve);
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(null)));
  });
  const address = `${host}:${port}`;
  if (problem === null) return { status: 'ok', text: port === 0 ? 'takes a free port' : `${address} is free` };
  const text = `${address}: ${problem.code === 'EADDRINUSE' ? 'in use' : problem.message}`;
  const advice = `Stop what listens there (perhaps Twinspect itself), or set ${key}.`;
  // No failure: a doctor called beside the running daemon finds its ports in use, and all is well.
  return { status: 'warn', text, advice };
}

/** Null where somebody accepts the connection, else why not. */
function reach(host: string, port: number, clock: Clock): Promise<string | null> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const answered = new AbortController();
    const done = (problem: string | null): void => {
      answered.abort();
      socket.destroy();
      resolve(problem);
    };
    socket.once('connect', () => done(null));
    socket.once('error', (error) => done(error.message));
    clock.after(connectTimeoutMs, () => done(`no answer in ${connectTimeoutMs} ms`), answered.signal);
  });
}
