import { defineConfig } from 'vitest/config';

// Two workers: the machines this runs on have two cores and native inference uses both.
export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/soak/**'],
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 30_000,
  },
});
