import { defineConfig } from 'vitest/config';
import { common } from './vitest.config.ts';

// Whole daemons under faults, a simulated PLC and simulated cameras over real sockets: minutes, most of them waiting.
export default defineConfig({
  test: { ...common, include: ['test/**/*.slow.test.ts'] },
});
