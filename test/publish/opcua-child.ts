/** Starts and stops the OPC UA server in a process of its own, whose console a test can read. */
import { writeSync } from 'node:fs';
import { systemClock } from '../../daemon/clock.ts';
import { startOpcUa } from '../../daemon/publish/opcua/server.ts';
import { stateAt } from '../state/at.ts';

const quiet = () => undefined;
const log = { debug: quiet, info: quiet, warn: quiet, error: quiet };
const stateFolder = process.argv[2] as string;
const settings = { host: '127.0.0.1', port: 0, state: stateAt(stateFolder) };
const latest = async () => [];
const server = await startOpcUa({
  settings,
  setting: 'opcua.port',
  lineIds: ['line1'],
  clock: systemClock,
  log,
  latest,
});
writeSync(1, 'listens\n');
await server.stop();
