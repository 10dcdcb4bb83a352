import { expect, test } from 'vitest';
import type { Interrupted } from '../../daemon/commands/command.ts';
import { onHangup, onStopSignals, sameSignalMs } from '../../daemon/commands/stopping.ts';

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

test.each([
  ['outside a terminal', false, false, 'read again'],
  ['in a terminal that is there', true, true, 'read again'],
  ['in a terminal that was closed', true, false, 'stop'],
])('SIGHUP %s', (_where, inTerminal, there, expected) => {
  const told: string[] = [];
  const hangup = onHangup({ inTerminal, hasTerminal: () => there, stop: () => void told.push('stop') });
  hangup.onReload(() => void told.push('read again'));
  hangup.heard();
  expect(told).toEqual([expected]);
});

test('SIGHUP stops a command that has nothing to read again', () => {
  const told: string[] = [];
  onHangup({ inTerminal: false, hasTerminal: () => false, stop: (signal) => void told.push(signal) }).heard();
  expect(told).toEqual(['SIGHUP']);
});
