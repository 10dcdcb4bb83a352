/**
 * What a check finds, and what it is given. One set of checks stands behind `doctor`, `config check` and what `run`
 * says where it does not start, so that none of them says good where another one fails.
 */
import type { Config } from '../../config/schema.ts';
import type { FileReader } from '../../drivers/index.ts';
import { messageOf, TwinspectError } from '../../errors.ts';
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import type { DaemonReport } from '../status/report.ts';

export interface Finding {
  readonly check: string;
  /** `warn`: the daemon runs, with a limit that is said; `fail`: it does not run, or not as configured. */
  readonly status: 'ok' | 'warn' | 'fail';
  readonly text: string;
  /** What to do; only where something is to be done. */
  readonly advice?: string;
  /** The error's code, as docs/errors.md lists it; only where there is one. */
  readonly code?: string;
}

export type Found = Omit<Finding, 'check'>;

export interface Surroundings {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly files: FileReader;
  readonly log: Log;
  readonly signal: AbortSignal;
  /** The daemon that runs this configuration now: what it holds is not taken by somebody else. Null: none runs. */
  readonly beside: DaemonReport | null;
  /** Files and ports alone: no bundle is loaded, no camera opened, nobody on the network asked. */
  readonly quick: boolean;
}

export interface Check {
  readonly name: string;
  /** Whatever is thrown is a finding as well. */
  run(around: Surroundings, config: Config): Promise<Found | readonly Found[]>;
}

/** An error as what was found: `fail`, with its own advice; `key` of the configuration is what led there. */
export function foundError(error: unknown, key: string | null = null): Found {
  const named = key === null ? '' : `The key ${key} names it. `;
  if (!(error instanceof TwinspectError)) return { status: 'fail', text: messageOf(error) };
  return { status: 'fail', text: error.message, advice: `${named}${error.action}`, code: error.code };
}

/** What `work` says is good, or why it is not. */
export async function tried(work: () => Promise<string>, key: string | null = null): Promise<Found> {
  try {
    return { status: 'ok', text: await work() };
  } catch (error) {
    return foundError(error, key);
  }
}

/** Of several things: those that are not good, or where all are the one sentence for it. */
export function troubles(found: readonly Found[], good: string): readonly Found[] {
  const bad = found.filter(({ status }) => status !== 'ok');
  return bad.length > 0 ? bad : [{ status: 'ok', text: good }];
}

/** Runs checks one after the other; a check that breaks is a finding like any other. */
export async function runChecks(
  checks: readonly Check[],
  around: Surroundings,
  config: Config,
): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  for (const { name, run } of checks) {
    around.signal.throwIfAborted();
    const found = await run(around, config).catch((error: unknown) => foundError(error));
    for (const each of [found].flat()) findings.push({ check: name, ...each });
  }
  return findings;
}
