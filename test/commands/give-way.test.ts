import { execFileSync } from 'node:child_process';
import process from 'node:process';
import { expect, test } from 'vitest';
import { root } from '../architecture/source.ts';

test('a process that gives way is the first to go when memory ends', () => {
  // In a process of its own: what is raised cannot be lowered again without privilege.
  const program = `await (await import('./daemon/commands/give-way.ts')).giveWay();
    process.stdout.write(require('node:fs').readFileSync('/proc/self/oom_score_adj', 'utf8'));`;
  const text = execFileSync(process.execPath, ['--input-type=commonjs', '-e', `(async () => { ${program} })()`], {
    cwd: root,
  });
  expect(text.toString().trim()).toBe('1000');
});
