/** A whole daemon in this process, everything real but its camera's parts: the synthetic ones, one at a time. */

import { onTestFinished } from 'vitest';
import type { Config } from '../../config/schema.ts';
import { systemClock } from '../../daemon/clock.ts';
import type { VerdictRecord } from '../../daemon/line/verdict.ts';
import { createLog } from '../../daemon/log.ts';
import { Daemon } from '../../daemon/supervise/daemon.ts';
import { diskFiles } from '../../drivers/files.ts';
import type { Camera } from '../../drivers/index.ts';
import { until } from '../inference/rig.ts';

export { syntheticCamera, testConfig } from './plant.ts';

export interface Plant {
  readonly daemon: Daemon;
  readonly records: VerdictRecord[];
  readonly said: string[];
}

export function openDaemon(config: Config, camera?: Camera): Plant {
  const records: VerdictRecord[] = [];
  const said: string[] = [];
  const daemon = new Daemon({
    ...{ config, clock: systemClock, files: diskFiles, cwd: '/', ...(camera && { camera }) },
    log: createLog({ level: 'info', sink: { write: (line) => void said.push(line) } }),
    signal: new AbortController().signal,
    announced: (record) => void records.push(record),
  });
  onTestFinished(() => daemon.stop());
  return { daemon, records, said };
}

/** Exposes one part and waits for what is said of it. */
export async function show(camera: Camera, { records }: Plant): Promise<VerdictRecord> {
  const before = records.length;
  camera.trigger();
  await until(`verdict ${before + 1}`, () => records.length > before);
  return records[before]!;
}
