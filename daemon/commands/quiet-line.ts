/** A whole line for measuring: journal and embedded broker as ever, but no OPC UA server, no evidence, few words. */
import { join } from 'node:path';
import { resolveConfig } from '../../config/load.ts';
import type { Config } from '../../config/schema.ts';
import type { VerdictRecord } from '../line/verdict.ts';
import { Daemon } from '../supervise/daemon.ts';
import type { BenchCamera } from './bench-camera.ts';
import type { Context } from './command.ts';

/** `folder` takes its state. The records fill as verdicts are announced. */
export function quietLine(
  context: Context,
  camera: BenchCamera,
  folder: string,
  line: Partial<Config['line']>,
): { daemon: Daemon; records: readonly VerdictRecord[] } {
  const base = resolveConfig(null, {}, 'defaults').config;
  const config: Config = {
    ...base,
    line: { ...base.line, ...line },
    mqtt: { ...base.mqtt, embeddedPort: 0 },
    opcua: { ...base.opcua, enabled: false },
    evidence: { ...base.evidence, enabled: false },
    stateDir: join(folder, 'state'),
  };
  const { cwd, clock, log, files, signal } = context;
  const records: VerdictRecord[] = [];
  const announced = (record: VerdictRecord): void => void records.push(record);
  log.setLevel('warn');
  return { daemon: new Daemon({ config, cwd, clock, log, files, signal, announced, camera }), records };
}
