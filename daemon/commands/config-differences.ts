/** Where a running daemon differs from the configuration file as it is now and from the commands kept. Pure. */
import { isDeepStrictEqual } from 'node:util';
import { type Config, keys } from '../../config/schema.ts';
import { valueAt } from '../../config/watch.ts';
import { redacted } from '../status/redact.ts';
import type { DaemonReport } from '../status/report.ts';

export interface Difference {
  /** A key of the configuration, or `recipe`, `bundle`, `threshold`, `execution`, `halted`. */
  readonly what: string;
  /** As the file and the kept commands have it; without secrets, as the daemon's. */
  readonly file: unknown;
  readonly running: unknown;
  readonly why: string;
}

/** What the file and the kept commands come to. */
export interface Wanted {
  readonly recipe: number;
  /** Folder of its bundle. */
  readonly bundle: string;
  /** sha256 of the manifest that lies there; null where none can be read. */
  readonly digest: string | null;
  /** Null: the bundle's own. */
  readonly threshold: number | null;
  readonly execution: string;
  readonly halted: string | null;
}

/** Of thresholds that went through a float of 32 bits on their way. */
const thresholdTolerance = 1e-6;

export function differences(config: Config, wanted: Wanted, report: DaemonReport): Difference[] {
  return [...keyDifferences(config, report), ...effectiveDifferences(wanted, report)];
}

function keyDifferences(config: Config, { configuration }: DaemonReport): Difference[] {
  return [...keys].flatMap(([path, { takes }]) => {
    const [file, running] = [redacted(valueAt(config, path)), configuration.values[path]];
    // JSON has one kind of nothing; what came through it is compared as it came.
    if (isDeepStrictEqual(JSON.parse(JSON.stringify(file)), running ?? null)) return [];
    const why = takes === 'restart' ? 'takes effect at the next start' : `takes effect ${takes}, but did not`;
    const refused = configuration.refused ? `; the file was refused: ${configuration.refused.text}` : '';
    return [{ what: path, file, running, why: `${why}${refused}` }];
  });
}

function effectiveDifferences(wanted: Wanted, { effective, bundle, refusal }: DaemonReport): Difference[] {
  const found: Difference[] = [];
  const add = (what: string, file: unknown, running: unknown, why: string): void => {
    found.push({ what, file, running, why });
  };
  const refused = refusal ? `it was refused: ${refusal.text}` : 'it does not serve';
  if (effective.recipe !== wanted.recipe) add('recipe', wanted.recipe, effective.recipe, refused);
  const served = bundle && `${bundle.name}@${bundle.version}, digest ${bundle.digest}`;
  if (bundle === null || wanted.digest === null) {
    const why = bundle === null ? refused : 'nothing that can be read lies there any more; it serves from memory';
    add('bundle', wanted.bundle, served, why);
  } else if (bundle.digest !== wanted.digest) {
    const lies = `${wanted.bundle}, digest ${wanted.digest}`;
    add('bundle', lies, served, refusal ? refused : 'what lies there is another bundle than the one that was loaded');
  }
  const { threshold } = wanted;
  const off = threshold !== null && Math.abs((effective.threshold ?? 0) - threshold) > thresholdTolerance * threshold;
  if (off) add('threshold', threshold, effective.threshold, 'it is outside its bounds, or its recipe does not serve');
  if (effective.execution !== wanted.execution) add('execution', wanted.execution, effective.execution, 'by command');
  if (effective.halted !== wanted.halted) add('halted', wanted.halted, effective.halted, 'by command');
  return found;
}
