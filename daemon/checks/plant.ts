/** Checks of what the plant sees: ports to listen on, the PLC to reach, the output, the triggers that open parts. */
import { connect } from 'node:net';
import { resolve } from 'node:path';
import type { Config } from '../../config/schema.ts';
import type { Clock } from '../clock.ts';
import { deviceSettings, plcPasswordReader } from '../supervise/own-lanes.ts';
import { type Check, type Found, type Surroundings, tried } from './finding.ts';
import { portFree } from './port-free.ts';

/** A PLC on a plant network answers in milliseconds; one that takes this long is as good as absent. */
const connectTimeoutMs = 2000;
/** OPC UA's own. */
const opcUaPort = 4840;

export const plantChecks: readonly Check[] = [
  {
    name: 'opcua',
    async run(around, { opcua }) {
      if (!opcua.enabled) return { status: 'ok', text: 'switched off' };
      const { host, port } = opcua;
      return portFree(around, { what: 'The OPC UA server', key: 'opcua.port', host, port });
    },
  },
  {
    name: 'plc',
    async run(around, config) {
      const { plc } = config;
      if (plc.url === '') return { status: 'ok', text: 'no server of a PLC is named' };
      const secret = await plcPassword(around, config);
      if (secret.status !== 'ok') return secret;
      const { hostname, port } = new URL(plc.url);
      if (around.quick) return { status: 'ok', text: `${plc.url}, not asked` };
      const problem = await reach(hostname, Number(port === '' ? opcUaPort : port), around.clock);
      if (problem === null) return { status: 'ok', text: `${plc.url} takes connections` };
      // No failure: the daemon starts without it and goes on trying.
      const advice = 'Switch the PLC on or correct plc.url; until then it has no verdicts of this line.';
      return { status: 'warn', text: `${plc.url}: ${problem}`, advice };
    },
  },
  {
    name: 'output',
    async run({ beside, cwd }, { output, line, stateDir }) {
      if (output.driver === 'none') return { status: 'ok', text: 'no digital output' };
      if (beside) return { status: 'ok', text: `${output.driver}: held by the running daemon` };
      const { probeDevice } = await import('../output/device.ts');
      return tried(async () => probeDevice(deviceSettings(output, line.id, resolve(cwd, stateDir))));
    },
  },
  {
    name: 'triggers',
    async run(_around, { camera }) {
      return {
        status: 'ok',
        text:
          `camera ${camera.driver} counts its own triggers, each opens a part; where neither a counter nor a command ` +
          'of the plant opens it, a part that both cameras miss is invisible',
      };
    },
  },
];

async function plcPassword({ cwd, env, files }: Surroundings, { plc }: Config): Promise<Found> {
  if (plc.username === '') return { status: 'ok', text: 'no user' };
  const credentials = env['CREDENTIALS_DIRECTORY'] ?? null;
  return tried(async () => {
    await plcPasswordReader(plc.passwordFile, { cwd, credentials, files })();
    return 'the password can be read';
  }, 'plc.passwordFile');
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
