/**
 * What is wrong with a configuration, as data: where, what was found, what was expected, what was perhaps meant.
 * Values of unknown keys are never repeated: a password put in the wrong place must not end in a log.
 */
export { editDistance, nearestName } from '../nearest.ts';

export interface ConfigProblem {
  /** Dotted key, or the name of the environment variable. */
  readonly path: string;
  /** Line of the file; null where it does not come from a file. */
  readonly line: number | null;
  /** `found X, expected Y`, or what else is wrong. */
  readonly problem: string;
  /** What was perhaps meant. */
  readonly hint: string | null;
}

export function describeProblem({ path, line, problem, hint }: ConfigProblem): string {
  return `${path}${line === null ? '' : ` (line ${line})`}: ${problem}${hint === null ? '' : `; ${hint}`}`;
}
