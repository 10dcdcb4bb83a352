import { defineConfig } from 'vitest/config';
import { common } from './vitest.config.ts';

// Whole daemons under faults, a simulated PLC and simulated cameras over real sockets: minutes, most of them waiting.
// Some teach bundles, for which a busy machine takes its time: the limits catch what hangs, and measure nothing.
export default defineConfig({
  test: { ...common, hookTimeout: 180_000, testTimeout: 180_000, include: ['test/**/*.slow.test.ts'] },
});
