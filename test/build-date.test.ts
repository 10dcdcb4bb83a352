import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { builtAtMs } from '../daemon/build-date.ts';
import { root } from './architecture/source.ts';

test('the build date is that of the newest release', () => {
  const released = /^## \d+\.\d+\.\d+ \((\d{4}-\d{2}-\d{2})\)$/m.exec(readFileSync(join(root, 'CHANGELOG.md'), 'utf8'));
  expect(new Date(builtAtMs).toISOString().slice(0, 10)).toBe(released?.[1]);
});
