/**
 * What a signal means, by when it comes: the first stops in order, a later one stops at once. One Ctrl-C reaches us
 * several times (from the terminal, from npm, from the launcher); those within a moment of the first are the same one.
 */
import { Interrupted } from './command.ts';

/** Far above the spread of one Ctrl-C, far below a person's second one. */
export const sameSignalMs = 500;

const numbers = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 } as const;
export type StopSignal = keyof typeof numbers;
export const stopSignals = Object.keys(numbers) as StopSignal[];

/** Makes the listener of all stop signals. `hard` does not return. */
export function onStopSignals(
  nowMs: () => number,
  soft: (reason: Interrupted) => void,
  hard: (exitCode: number) => void,
): (signal: StopSignal) => void {
  let firstMs: number | null = null;
  return (signal) => {
    const exitCode = 128 + numbers[signal];
    if (firstMs === null) {
      firstMs = nowMs();
      soft(new Interrupted(signal, exitCode));
    } else if (nowMs() - firstMs >= sameSignalMs) {
      hard(exitCode);
    }
  };
}
