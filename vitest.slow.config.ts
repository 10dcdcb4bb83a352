import { defineConfig } from 'vitest/config';
import { common } from './vitest.config.ts';

// Whole daemons under faults, a simulated PLC and simulated cameras over real sockets: minutes, most of them waiting.
// A bundle is taught before some of them, which a busy machine takes its time for.
export default defineConfig({
  test: { ...common, hookTimeout: 180_000, testTimeout: 60_000, include: ['test/**/*.slow.test.ts'] },
});
