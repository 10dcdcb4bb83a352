/** Asks the daemon of a line how it is, through its status socket; says by name why there is no answer. */
import { lstat } from 'node:fs/promises';
import { connect } from 'node:net';
import { type ErrorCode, fail, messageOf, TwinspectError } from '../../errors.ts';
import type { Clock } from '../clock.ts';
import { socketPathMaxBytes } from './place.ts';
import { type DaemonReport, reportSchema } from './report.ts';

/** A daemon answers within milliseconds, and within a second where the machine is starved. */
export const askMaxMs = 3000;
/** A report is some ten kilobytes, characters; whoever sends more is no daemon of ours. */
const answerMaxChars = 4 * 1024 * 1024;

export interface Answered {
  readonly path: string;
  readonly report: DaemonReport;
}

/**
 * The first that answers. Rejects with `status/hung`, `status/denied`, `status/foreign` or `status/path` where one of
 * them is there and cannot be asked, else with `status/stale`, else with `status/none`.
 */
export async function askDaemon(paths: readonly string[], lineId: string, clock: Clock): Promise<Answered> {
  const problems: TwinspectError[] = [];
  for (const path of paths) {
    try {
      return { path, report: await askSocket(path, clock, askMaxMs) };
    } catch (error) {
      if (!(error instanceof TwinspectError)) throw error;
      problems.push(error);
    }
  }
  const worst = (codes: readonly ErrorCode[]): TwinspectError | undefined =>
    problems.find(({ code }) => codes.includes(code));
  const there = worst(['status/hung', 'status/denied', 'status/foreign']) ?? worst(['status/stale']);
  if (there) throw there;
  throw fail('status/none', { line: lineId, paths: paths.join(', ') });
}

/** No daemon is there, as far as can be told: nothing where its socket would be, or one left by a killed daemon. */
export function isAbsent(error: unknown): boolean {
  return error instanceof TwinspectError && (error.code === 'status/none' || error.code === 'status/stale');
}

/** Rejects as `askDaemon` does. */
export async function askSocket(path: string, clock: Clock, limitMs: number): Promise<DaemonReport> {
  const bytes = Buffer.byteLength(path);
  // Some systems cut a longer one off and connect to something else.
  if (bytes > socketPathMaxBytes) throw fail('status/path', { path, bytes, most: socketPathMaxBytes });
  const found = await lstat(path).catch(() => null);
  if (found !== null && !found.isSocket()) throw fail('status/foreign', { path, problem: 'is no socket' });
  const text = await received(path, clock, limitMs);
  return parsed(path, text);
}

function received(path: string, clock: Clock, limitMs: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const answered = new AbortController();
    const socket = connect({ path });
    let text = '';
    const end = (settle: () => void): void => {
      answered.abort();
      socket.destroy();
      settle();
    };
    clock.after(limitMs, () => end(() => reject(fail('status/hung', { path, limitMs }))), answered.signal);
    socket.setEncoding('utf8');
    socket.on('error', (error) => end(() => reject(connectError(path, error))));
    socket.on('data', (chunk: string) => {
      text += chunk;
      const problem = `sent more than ${answerMaxChars} characters`;
      if (text.length > answerMaxChars) end(() => reject(fail('status/foreign', { path, problem })));
    });
    socket.on('end', () => end(() => resolve(text)));
  });
}

function connectError(path: string, error: Error): Error {
  switch ((error as NodeJS.ErrnoException).code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return fail('status/none', { line: path, paths: path }, error);
    case 'ECONNREFUSED':
      return fail('status/stale', { path }, error);
    case 'EACCES':
    case 'EPERM':
      return fail('status/denied', { path }, error);
    default:
      return fail('status/foreign', { path, problem: `cannot be asked: ${messageOf(error)}` }, error);
  }
}

function parsed(path: string, text: string): DaemonReport {
  let report: unknown;
  try {
    report = JSON.parse(text);
  } catch (error) {
    const problem = text === '' ? 'gave no answer' : 'did not answer in JSON';
    throw fail('status/foreign', { path, problem }, error);
  }
  const schema = (report as { schema?: unknown } | null)?.schema;
  if (schema === reportSchema) return report as DaemonReport;
  throw fail('status/foreign', { path, problem: `answered as ${JSON.stringify(schema)}, expected ${reportSchema}` });
}
