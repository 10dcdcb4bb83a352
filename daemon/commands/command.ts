/**
 * What a command of `twinspect` is, and all it may touch: everything of the process comes to it through the context.
 */
import type { FileReader } from '../../drivers/files.ts';
import type { Clock } from '../clock.ts';
import type { RootLog } from '../log.ts';
import type { Args, Option } from './args.ts';

export interface Command {
  readonly name: string;
  /** One line, as in the list of all commands. */
  readonly summary: string;
  /** Every way to call it, without "twinspect". */
  readonly usage: readonly string[];
  readonly options: Readonly<Record<string, Option>>;
  /**
   * Its sub-commands by name; null or absent: it has none. Which one is called is the first argument, and is checked
   * before the command runs, as are its options.
   */
  readonly actions?: Readonly<Record<string, Action>>;
  /** What else its help says, a line each. */
  readonly notes?: readonly string[];
  /** Returns the exit code where it is not 0; throws an operating error with a row of the table. */
  run(context: Context, args: Args): Promise<number | undefined> | Promise<void>;
}

/** A sub-command, such as `show` of `bundle show`. */
export interface Action {
  readonly summary: string;
  /** Those of the command's options that it takes. */
  readonly options: readonly string[];
}

export interface Context {
  /** One line to stdout: results. Never blocks. */
  stdout(line: string): void;
  /** One line to stderr: progress and remarks for people. Never blocks. */
  stderr(line: string): void;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly clock: Clock;
  /** Aborts on SIGINT, SIGTERM or when nobody reads the results; the reason says which. */
  readonly signal: AbortSignal;
  /** Calls back at each SIGHUP that asks for the configuration to be read again; from then on it does not stop us. */
  onReload(asked: () => void): void;
  readonly log: RootLog;
  readonly files: FileReader;
  /** Everything of standard input, as text, up to a bound. */
  stdin(): Promise<string>;
  /** Bytes that nobody can guess: for salts. Never for what must come out the same again. */
  unguessable(count: number): Uint8Array;
  /** Folder of this installation: shipped bundles, package.json. */
  readonly packageRoot: string;
}

/** The reason of an abort by a signal; a command that throws it exits as the shell expects. */
export class Interrupted extends Error {
  readonly exitCode: number;

  constructor(signal: string, exitCode: number) {
    super(`stopped by ${signal}`);
    this.name = 'Interrupted';
    this.exitCode = exitCode;
  }
}
