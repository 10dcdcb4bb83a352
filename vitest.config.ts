import { defineConfig } from 'vitest/config';
import { patienceMs, testMaxMs } from './test/patience.ts';

/** Two workers: the machines this runs on have two cores and native inference uses both. */
export const common = {
  ...{ maxWorkers: 2, testTimeout: testMaxMs, hookTimeout: testMaxMs, expect: { poll: { timeout: patienceMs } } },
  globalSetup: ['test/run-folder.ts'],
};

// The quick suite. What waits for whole daemons, simulated cameras and faults is in vitest.slow.config.ts.
export default defineConfig({
  test: { ...common, include: ['test/**/*.test.ts'], exclude: ['test/soak/**', 'test/**/*.slow.test.ts'] },
});
