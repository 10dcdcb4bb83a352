import { defineConfig } from 'vitest/config';
import { patienceMs, testMaxMs } from './test/patience.ts';

/** Two workers: the machines this runs on have two cores and native inference uses both. */
export const common = {
  ...{ maxWorkers: 2, testTimeout: testMaxMs, hookTimeout: testMaxMs, expect: { poll: { timeout: patienceMs } } },
  globalSetup: ['test/run-folder.ts'],
};

/**
 * The quick suite. What waits for whole daemons, simulated cameras and faults is in vitest.slow.config.ts. A worker
 * keeps its modules from file to file: most of the time went into loading and compiling the libraries anew for each.
 * So what a shared test module holds open, or changes in the process, must outlast one file.
 */
export default defineConfig({
  test: {
    ...{ ...common, isolate: false },
    ...{ include: ['test/**/*.test.ts'], exclude: ['test/soak/**', 'test/**/*.slow.test.ts'] },
  },
});
