import { expect, test } from 'vitest';
import type { Interrupted } from '../../daemon/commands/command.ts';
import { onStopSignals, sameSignalMs } from '../../daemon/commands/stopping.ts';

test('the first signal stops in order, its echoes are the same one, a later one stops at once', () => {
  let nowMs = 1000;
  const told: string[] = [];
  const onSignal = onStopSignals(
    () => nowMs,
    (reason: Interrupted) => void told.push(`soft: ${reason.message}, ${reason.exitCode}`),
    (exitCode) => void told.push(`hard: ${exitCode}`),
  );
  onSignal('SIGINT');
  onSignal('SIGINT');
  nowMs += sameSignalMs - 1;
  onSignal('SIGTERM');
  expect(told).toEqual(['soft: stopped by SIGINT, 130']);
  nowMs += 1;
  onSignal('SIGTERM');
  expect(told.at(-1)).toBe('hard: 143');
});
