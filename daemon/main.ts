/**
 * The composition root: the only place that touches the process. Signals, exit codes, standard streams and the
 * environment become values here; commands and all below them get those values.
 */
import { randomBytes } from 'node:crypto';
import { closeSync, fstatSync, openSync } from 'node:fs';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { diskFiles } from '../drivers/files.ts';
import { fail } from '../errors.ts';
import { systemClock } from './clock.ts';
import { type Context, Interrupted } from './commands/command.ts';
import { dispatch, exitCodes, report } from './commands/dispatch.ts';
import { loadCommand, seats } from './commands/index.ts';
import { onHangup, onStopSignals, stopSignals } from './commands/stopping.ts';
import { countedFiles, leaveNow, leaveWith } from './leave.ts';
import { createLog, forJournal, type LogLevel, logLevels, openLineWriter } from './log.ts';

/** Last words wait this long for their reader. */
const flushMaxMs = 1000;

const stopping = new AbortController();
const files = countedFiles(diskFiles);
const stdout = openLineWriter(1, () => stopping.abort(new Interrupted('a closed output', 141)));
// Without a reader of its log the daemon goes on: it is here for the plant.
const stderr = openLineWriter(2, () => {});

const onSignal = onStopSignals(
  () => systemClock.nowMs(),
  (reason) => stopping.abort(reason),
  (exitCode) => leaveNow(exitCode, files),
);
const hangup = onHangup({ inTerminal: hasTerminal(), hasTerminal, stop: onSignal });
for (const signal of stopSignals) process.on(signal, signal === 'SIGHUP' ? hangup.heard : onSignal);
// A launcher that could not become this process holds the other end: where it is gone, nobody could stop us any more.
process.once('disconnect', () => onSignal('SIGTERM'));

/** Also where standard streams lead elsewhere: the terminal that closing sends us SIGHUP. */
function hasTerminal(): boolean {
  try {
    closeSync(openSync('/dev/tty', 'r+'));
    return true;
  } catch {
    return false; // none, or taken away
  }
}

const context: Context = {
  stdout: (line) => stdout.write(`${line}\n`),
  stderr: (line) => stderr.write(`${line}\n`),
  env: process.env,
  cwd: process.cwd(),
  clock: systemClock,
  signal: stopping.signal,
  onReload: hangup.onReload,
  log: createLog({
    level: firstLevel(process.env['TWINSPECT_LOG_LEVEL']),
    sink: isJournal(2) ? forJournal(stderr) : stderr,
  }),
  files,
  stdin: readStdin,
  unguessable: (count) => randomBytes(count),
  packageRoot: fileURLToPath(new URL('..', import.meta.url)).replace(/\/$/, ''),
};

/** What is piped in is a secret or a short list; more is the wrong file. */
const stdinMaxChars = 65_536;

async function readStdin(): Promise<string> {
  let text = '';
  process.stdin.setEncoding('utf8');
  for await (const piece of process.stdin) {
    text += piece;
    if (text.length > stdinMaxChars) throw fail('usage/stdin', { limit: stdinMaxChars });
  }
  return text;
}

/** Whether systemd's journal reads this descriptor: it says in the environment which file that is (systemd.exec(5)). */
function isJournal(fd: number): boolean {
  const { dev, ino } = fstatSync(fd, { bigint: true });
  return process.env['JOURNAL_STREAM'] === `${dev}:${ino}`;
}

/** Before the configuration is read; a wrong level is refused there, with all other mistakes. */
function firstLevel(wanted: string | undefined): LogLevel {
  return logLevels.find((level) => level === wanted) ?? 'info';
}

async function leave(code: number): Promise<never> {
  const late = new Promise<void>((resolve) => systemClock.after(flushMaxMs, resolve));
  await Promise.race([Promise.all([stdout.flush(), stderr.flush()]), late]);
  return leaveWith(code, systemClock, files);
}

function crash(error: unknown): void {
  report(error, context);
  void leave(exitCodes.fault);
}
process.on('uncaughtException', crash);
process.on('unhandledRejection', crash);

await leave(await dispatch(process.argv.slice(2), context, { seats, load: loadCommand }));
