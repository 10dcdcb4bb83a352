/** A whole daemon in this process, everything real but its camera's parts: the synthetic ones, one at a time. */

import { onTestFinished } from 'vitest';
import { resolveConfig } from '../../config/load.ts';
import type { Config } from '../../config/schema.ts';
import { systemClock } from '../../daemon/clock.ts';
import type { VerdictRecord } from '../../daemon/line/verdict.ts';
import { createLog } from '../../daemon/log.ts';
import { Daemon } from '../../daemon/supervise/daemon.ts';
import { diskFiles } from '../../drivers/files.ts';
import type { Camera } from '../../drivers/index.ts';
import { SyntheticCamera } from '../../drivers/synthetic/camera.ts';
import type { Fault } from '../../drivers/synthetic/faults.ts';
import { WorkerRenderer } from '../../drivers/synthetic/renderer.ts';
import { until } from '../inference/rig.ts';
import { grid, product } from '../inference/tiny-bundle.ts';

export interface Plant {
  readonly daemon: Daemon;
  readonly records: VerdictRecord[];
  readonly said: string[];
}

export function testConfig(stateDir: string, bundle: string, changes: Partial<Config> = {}): Config {
  const { config } = resolveConfig(null, {}, 'test');
  return {
    ...config,
    line: { ...config.line, bundle, product, deadlineMs: 1500 },
    inference: { ...config.inference, threads: 1, restartBackoffMs: 10 },
    mqtt: { ...config.mqtt, embeddedPort: 0 },
    opcua: { ...config.opcua, enabled: false },
    stateDir,
    ...changes,
  };
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

/** Shows a part when told to; the same seed as the bundle's good parts. */
export function syntheticCamera(faults: (part: number) => Fault | null = () => null): SyntheticCamera {
  const settings = { id: 'camera1', seed: 1, periodMs: null, defectRate: 0, grid, faults };
  return new SyntheticCamera(settings, systemClock, new WorkerRenderer());
}

/** Exposes one part and waits for what is said of it. */
export async function show(camera: Camera, { records }: Plant): Promise<VerdictRecord> {
  const before = records.length;
  camera.trigger();
  await until(`verdict ${before + 1}`, () => records.length > before);
  return records[before]!;
}
