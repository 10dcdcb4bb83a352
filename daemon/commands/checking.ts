/** The checks as commands call them: with the daemon that runs the configuration beside them, and told to people. */
import type { Config } from '../../config/schema.ts';
import { type Finding, runChecks, type Surroundings } from '../checks/finding.ts';
import { configChecks } from '../checks/index.ts';
import { askConfigured } from './ask-configured.ts';
import type { Context } from './command.ts';

/** A daemon that cannot be asked counts as none: then its ports are somebody's. */
export async function surroundingsOf(context: Context, config: Config, quick: boolean): Promise<Surroundings> {
  const answered = await askConfigured(context, config, null).catch(() => null);
  return { ...alone(context), quick, beside: answered?.report ?? null };
}

function alone({ cwd, env, clock, files, log, signal }: Context): Surroundings {
  return { cwd, env, clock, files, log, signal, quick: true, beside: null };
}

export function printFindings({ stdout }: Context, findings: readonly Finding[]): void {
  const width = Math.max(...findings.map(({ check }) => check.length));
  for (const { check, status, text, advice, code } of findings) {
    stdout(`${status.padEnd(4)}  ${check.padEnd(width)}  ${code === undefined ? '' : `${code}: `}${text}`);
    if (advice !== undefined) stdout(`${' '.repeat(width + 8)}${advice}`);
  }
}

export function failed(findings: readonly Finding[]): number {
  return findings.filter(({ status }) => status === 'fail').length;
}

/** `run` could not start because of `error`: what else stands in the way, so that one look mends it all. */
export async function tellOtherProblems(context: Context, config: Config, error: unknown): Promise<void> {
  if (context.signal.aborted) return;
  // The daemon that would answer now is the one that could not start.
  const findings = await runChecks(configChecks, alone(context), config);
  const told = error instanceof Error ? error.message : String(error);
  const others = findings.filter(({ status, text }) => status === 'fail' && text !== told);
  for (const { check, text, advice, code = check } of others) {
    context.stderr(`also ${code}: ${text}`);
    if (advice !== undefined) context.stderr(`what to do: ${advice}`);
  }
}
