/** What a check of `doctor` found, and what a check is given. */
import type { Config } from '../../../config/schema.ts';
import type { Context } from '../command.ts';

export interface Finding {
  readonly check: string;
  /** `warn`: the daemon runs, with a limit that is said; `fail`: it does not run as configured. */
  readonly status: 'ok' | 'warn' | 'fail';
  readonly text: string;
  /** What to do; only where something is to be done. */
  readonly advice?: string;
}

export interface Check {
  readonly name: string;
  run(context: Context, config: Config): Promise<Omit<Finding, 'check'>>;
}
