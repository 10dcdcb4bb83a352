/**
 * The log: one JSON object a line on stderr, for journald and for machines. The only importer of `pino`.
 * Writing never blocks and never grows without bound: what a frozen reader does not take is dropped and counted.
 * Secrets do not come here; fields that sound like one are blanked all the same.
 */
import pino from 'pino';
import { TwinspectError } from '../errors.ts';

export const logLevels = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof logLevels)[number];

/** What every part of the daemon needs of a log; rooms declare the same shape for themselves. */
export interface Log {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
  /** The same log with fields on every line, such as `component` and `line`. */
  child(fields: Record<string, string | number>): Log;
}

/** The log as the composition root holds it: its level can change while it is used, its children follow. */
export interface RootLog extends Log {
  readonly level: LogLevel;
  setLevel(level: LogLevel): void;
}

export interface LogOptions {
  readonly level: LogLevel;
  /** Takes whole lines. */
  readonly sink: { write(line: string): void };
}

/** syslog(3): a line that begins so is shown by `journalctl -p` with its severity, and without it in colour. */
const priorities: Readonly<Record<LogLevel, number>> = { debug: 7, info: 6, warn: 4, error: 3 };

/** The same sink for lines that systemd's journal reads. */
export function forJournal(sink: LogOptions['sink']): LogOptions['sink'] {
  return {
    write(line) {
      // Its level is the first field of each line.
      const level = /^\{"level":"(\w+)"/.exec(line)?.[1] as LogLevel | undefined;
      sink.write(level === undefined ? line : `<${priorities[level]}>${line}`);
    },
  };
}

/** Names of fields that are blanked wherever they stand in the first two levels. */
const secretFields = ['password', 'passphrase', 'secret', 'token', 'privateKey'];

export function createLog({ level, sink }: LogOptions): RootLog {
  let least = logLevels.indexOf(level);
  const describe = (thrown: unknown): unknown => describeError(thrown, least === 0);
  const root = pino(
    {
      // Levels are held here, not in pino, whose children keep the level they were born with.
      level: 'debug',
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { error: describe, err: describe },
      redact: { paths: secretFields.flatMap((field) => [field, `*.${field}`]), censor: '[secret]' },
    },
    sink,
  );

  const over = (lines: pino.Logger): Log => ({
    debug: (fields, message) => least <= 0 && lines.debug(fields, message),
    info: (fields, message) => least <= 1 && lines.info(fields, message),
    warn: (fields, message) => least <= 2 && lines.warn(fields, message),
    error: (fields, message) => lines.error(fields, message),
    child: (fields) => over(lines.child(fields)),
  });

  return {
    ...over(root),
    get level() {
      return logLevels[least]!;
    },
    setLevel(next) {
      least = logLevels.indexOf(next);
    },
  };
}

/** An error as fields: code and text for an operating error, the stack where it is wanted or the only evidence. */
function describeError(thrown: unknown, debug: boolean): unknown {
  if (!(thrown instanceof Error)) return thrown;
  const known = thrown instanceof TwinspectError;
  return {
    ...(known ? { code: thrown.code, action: thrown.action } : {}),
    message: thrown.message,
    ...(thrown.cause instanceof Error ? { cause: thrown.cause.message } : {}),
    ...(debug || !known ? { stack: thrown.stack } : {}),
  };
}

/** Lines waiting for a reader that does not read, bytes: minutes of a busy log, a small part of any device's memory. */
const waitingMaxBytes = 16 * 1024 * 1024;

export interface LineWriter {
  write(text: string): void;
  /** Lines dropped because nobody read. */
  dropped(): number;
  /** Resolves when everything is written, or cannot be. */
  flush(): Promise<void>;
}

/** Writes to an open file descriptor without blocking the thread (process.stdout blocks on a full pipe). */
export function openLineWriter(fd: number, broken: (error: Error) => void): LineWriter {
  const destination = pino.destination({ fd, sync: false, minLength: 0, maxLength: waitingMaxBytes });
  let dropped = 0;
  let ended = false;
  // Counted here: the destination's own flush() calls back at once where it does not collect lines.
  let waitingBytes = 0;
  destination.on('drop', (text: string) => {
    dropped++;
    waitingBytes -= Buffer.byteLength(text);
  });
  destination.on('write', (bytes: number) => {
    waitingBytes -= bytes;
  });
  destination.on('error', (error: Error) => {
    if (!ended) broken(error);
    ended = true;
  });
  return {
    write: (text) => {
      if (ended) {
        dropped++;
        return;
      }
      waitingBytes += Buffer.byteLength(text);
      destination.write(text);
    },
    dropped: () => dropped,
    flush: () =>
      new Promise((resolve) => {
        if (ended || waitingBytes === 0) return resolve();
        destination.once('error', () => resolve());
        destination.once('drain', () => resolve());
      }),
  };
}
