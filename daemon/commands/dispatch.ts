/**
 * argv -> command -> exit code. Exit codes: 0 done, 1 operating error, 2 wrong call, 70 a fault of our own,
 * 128 + n stopped by signal n before it was done.
 */
import { nearestName } from '../../config/problems.ts';
import { noticing } from '../../drivers/files.ts';
import { fail, messageOf, TwinspectError } from '../../errors.ts';
import { type Option, readArgs } from './args.ts';
import { type Command, type Context, Interrupted } from './command.ts';
import type { Seat } from './index.ts';

export const exitCodes = { done: 0, failed: 1, usage: 2, fault: 70 } as const;

export interface CommandSet {
  readonly seats: readonly Seat[];
  load(name: string): Promise<Command>;
}

/** Runs the command that argv names; never rejects. */
export async function dispatch(argv: readonly string[], context: Context, commands: CommandSet): Promise<number> {
  try {
    return await call(argv, context, commands);
  } catch (error) {
    return report(error, context);
  }
}

async function call(argv: readonly string[], context: Context, commands: CommandSet): Promise<number> {
  const [name, ...rest] = argv;
  if (name === undefined) {
    for (const line of overview(commands.seats)) context.stderr(line);
    return exitCodes.usage;
  }
  if (name === '--version') {
    context.stdout(await version(context));
    return exitCodes.done;
  }
  const asked = name === '--help' || name === '-h' || name === 'help';
  if (asked && (rest[0] === undefined || rest[0] === 'help')) {
    for (const line of overview(commands.seats)) context.stdout(line);
    return exitCodes.done;
  }
  const wanted = asked ? rest[0]! : name;
  const command = await seated(wanted, commands);
  const { args, help, action } = readArgs(command, asked ? ['--help', ...rest.slice(1)] : rest);
  const files = noticing(context.files, (path, what) => context.stderr(`warning: ${path}: ${what}`));
  if (!help) return (await command.run({ ...context, files }, args)) ?? exitCodes.done;
  for (const line of action === null ? commandHelp(command) : actionHelp(command, action)) context.stdout(line);
  return exitCodes.done;
}

async function seated(name: string, { seats, load }: CommandSet): Promise<Command> {
  const names = seats.map((seat) => seat.name);
  if (names.includes(name)) return load(name);
  const near = nearestName(name, [...names, '--version', '--help']);
  throw fail('usage/command', {
    found: name,
    hint: near === null ? `there are ${names.join(', ')}` : `did you mean ${near}?`,
  });
}

/** Tells people what went wrong, and what to do; a stack only where it is wanted or the fault is ours. */
export function report(error: unknown, { stderr, log, signal }: Pick<Context, 'stderr' | 'log' | 'signal'>): number {
  const stopped = signal.aborted && signal.reason instanceof Interrupted ? signal.reason : null;
  if (stopped && (error === stopped || (error as Error | null)?.name === 'AbortError')) {
    stderr(`twinspect: ${stopped.message}`);
    return stopped.exitCode;
  }
  const known = operatingError(error);
  if (known === null) {
    stderr(`twinspect: a fault of our own: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    for (const cause of causes(error)) stderr(`caused by: ${cause}`);
    return exitCodes.fault;
  }
  stderr(`error ${known.code}: ${known.message}`);
  stderr(`what to do: ${known.action}`);
  if (log.level === 'debug') {
    stderr(known.stack ?? '');
    for (const cause of causes(known)) stderr(`caused by: ${cause}`);
  }
  return known.code.startsWith('usage/') ? exitCodes.usage : exitCodes.failed;
}

/** What the system refused (EACCES, ENOSPC ...) is an operating error too, though no row of ours was thrown. */
function operatingError(error: unknown): TwinspectError | null {
  if (error instanceof TwinspectError) return error;
  const system = error instanceof Error && typeof (error as NodeJS.ErrnoException).syscall === 'string';
  return system ? fail('system/refused', { cause: messageOf(error) }, error) : null;
}

function* causes(error: unknown): Generator<string> {
  let cause = error instanceof Error ? error.cause : undefined;
  // A chain longer than this is a loop.
  for (let depth = 0; cause !== undefined && depth < 8; depth++) {
    yield cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
    cause = cause instanceof Error ? cause.cause : undefined;
  }
}

function overview(seats: readonly Seat[]): string[] {
  const width = Math.max(...seats.map(({ name }) => name.length));
  return [
    'usage: twinspect COMMAND [OPTIONS]',
    '',
    ...seats.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`),
    '',
    'twinspect COMMAND --help explains a command; twinspect --version says which version this is.',
  ];
}

export function commandHelp({ name, summary, usage, options, actions, notes = [] }: Command): string[] {
  const list = Object.entries(actions ?? {}).map(([action, { summary: does }]): [string, string] => [action, does]);
  const more = list.length > 0 ? [`twinspect ${name} SUB-COMMAND --help explains one of them.`] : [];
  return [
    `twinspect ${name}: ${summary}`,
    '',
    ...usageLines(usage),
    '',
    ...(list.length > 0 ? [...columns(list), ''] : []),
    ...columns([...Object.entries(options).map(optionRow), helpRow]),
    ...[...notes, ...more].flatMap((note) => ['', note]),
  ];
}

/** Of one sub-command: its own ways to call it, its own options, and what they mean to it. */
export function actionHelp({ name, usage, options, actions }: Command, action: string): string[] {
  const { summary, options: taken } = actions![action]!;
  const own = Object.entries(options).filter(([option]) => taken.includes(option));
  const rows = own.map(([option, { doc, ...rest }]) => optionRow([option, { ...rest, doc: docFor(action, doc) }]));
  return [
    `twinspect ${name} ${action}: ${summary}`,
    '',
    ...usageLines(usage.filter((line) => line === `${name} ${action}` || line.startsWith(`${name} ${action} `))),
    '',
    ...columns([...rows, helpRow]),
  ];
}

const helpRow: readonly [string, string] = ['-h, --help', 'this text'];

function optionRow([option, { short, value, doc }]: [string, Option]): [string, string] {
  return [`${short === undefined ? '' : `-${short}, `}--${option}${value === undefined ? '' : ` ${value}`}`, doc];
}

function usageLines(usage: readonly string[]): string[] {
  return usage.map((line, index) => `${index === 0 ? 'usage: ' : '       '}twinspect ${line}`);
}

function columns(rows: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(...rows.map(([text]) => text.length));
  return rows.map(([text, doc]) => `  ${text.padEnd(width)}  ${doc}`);
}

/** `show, verify: this; list: that` as one of them reads it. */
function docFor(action: string, doc: string): string {
  for (const part of doc.split('; ')) {
    const [, names, text] = /^([a-z][a-z, -]*): (.*)$/.exec(part) ?? [];
    if (names?.split(', ').includes(action)) return text!;
  }
  return doc;
}

export async function version({ files, packageRoot }: Pick<Context, 'files' | 'packageRoot'>): Promise<string> {
  const text = new TextDecoder().decode(await files.read(`${packageRoot}/package.json`));
  return (JSON.parse(text) as { version: string }).version;
}
