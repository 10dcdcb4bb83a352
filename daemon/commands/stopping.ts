/**
 * What a signal means, by when it comes: the first stops in order, a later one stops at once. One Ctrl-C reaches us
 * several times (from the terminal, from npm, from the launcher); those within a moment of the first are the same one.
 * SIGHUP has two meanings, as everywhere: the terminal was closed, which stops, or the configuration is to be read
 * again.
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

export interface Reloading {
  /** True where this process began in a terminal. */
  readonly inTerminal: boolean;
  /** Whether it still has one: the system takes it away before it says so. */
  hasTerminal(): boolean;
  stop(signal: 'SIGHUP'): void;
}

/** The listener of SIGHUP: stops, until a command says that it can read its configuration again. */
export function onHangup({ inTerminal, hasTerminal, stop }: Reloading) {
  let reload: (() => void) | null = null;
  return {
    onReload(asked: () => void): void {
      reload = asked;
    },
    heard(): void {
      const closed = inTerminal && !hasTerminal();
      if (reload === null || closed) stop('SIGHUP');
      else reload();
    },
  };
}
