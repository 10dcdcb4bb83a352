/** What a test's plant is made of, for processes beside the test runner too. */
import { resolveConfig } from '../../config/load.ts';
import type { Config } from '../../config/schema.ts';
import { systemClock } from '../../daemon/clock.ts';
import { SyntheticCamera } from '../../drivers/synthetic/camera.ts';
import type { Fault } from '../../drivers/synthetic/faults.ts';
import { WorkerRenderer } from '../../drivers/synthetic/renderer.ts';
import { grid, product } from '../inference/tiny-bundle.ts';

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

/** Shows a part when told to; the same seed as the bundle's good parts. */
export function syntheticCamera(faults: (part: number) => Fault | null = () => null): SyntheticCamera {
  const settings = { id: 'camera1', seed: 1, periodMs: null, defectRate: 0, grid, faults };
  return new SyntheticCamera(settings, systemClock, new WorkerRenderer());
}
