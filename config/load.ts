/**
 * Defaults, then the file, then the environment: one checked, frozen configuration, or every problem at once.
 * The only importer of `convict`, which overlays the sources; what it would bend into shape ("12abc" to 12, "no" to
 * true) is checked by the keys themselves instead. Reads through a port and writes nothing.
 */
import convict from 'convict';
import { fail, invariant } from '../errors.ts';
import { crossProblems } from './cross.ts';
import { type ConfigDocument, parseConfigText } from './document.ts';
import { type Environment, environmentValues } from './environment.ts';
import { type Finding, type Key, refusalOf, type Table } from './key.ts';
import { type ConfigProblem, describeProblem, nearestName } from './problems.ts';
import { type Config, environmentName, isKey, keys, type Section, schema } from './schema.ts';
import { bundleFolder } from './shipped.ts';
import { completeTable } from './table-key.ts';

export type Source = 'default' | 'file' | 'environment';

export interface ConfigInput {
  /** Null: no file, defaults and environment only. */
  readonly file: string | null;
  readonly env: Environment;
  /** Rejects with an operating error that names the path. */
  readFile(path: string): Promise<string>;
}

export interface LoadedConfig {
  readonly config: Config;
  /** Where each key's value comes from, by dotted path. */
  readonly sources: ReadonlyMap<string, Source>;
  /** The file as it was read: what later readings of it are compared with. Null without a file. */
  readonly text: string | null;
  /** What was found beside it and does not count, one sentence each. */
  readonly warnings: readonly string[];
}

/** Loads and checks. Throws `config/invalid` with all problems, or `config/syntax` where there is nothing to check. */
export async function loadConfig(input: ConfigInput): Promise<LoadedConfig> {
  const { file, env } = input;
  return file === null
    ? resolveConfig(null, env, 'the environment')
    : loadConfigText(await input.readFile(file), file, env);
}

/** The same of a file that was read already. */
export function loadConfigText(text: string, file: string, env: Environment): LoadedConfig {
  return { ...resolveConfig(parseConfigText(text, file), env, file), text };
}

/** The same from a document that is parsed already; `name` is what the error calls it. */
export function resolveConfig(document: ConfigDocument | null, env: Environment, name: string): LoadedConfig {
  const problems: ConfigProblem[] = [];
  const fromFile = document === null ? new Map<string, unknown>() : fileValues(document, problems);
  const { values: fromEnv, warnings } = environmentValues(env, problems);
  checkValues(fromFile, fromEnv, document, problems);
  if (problems.length === 0) {
    const config = overlay(fromFile, fromEnv);
    problems.push(...crossProblems(config));
    const sources = sourcesOf(fromFile, fromEnv);
    if (problems.length === 0) return { config: freeze(config), sources, text: null, warnings };
  }
  throw fail('config/invalid', {
    name,
    count: problems.length,
    noun: problems.length === 1 ? 'problem' : 'problems',
    problems: problems.map((problem) => `\n  ${describeProblem(problem)}`).join(''),
  });
}

/** The file's values by dotted path; unknown keys and sections of the wrong kind become problems. */
function fileValues(document: ConfigDocument, problems: ConfigProblem[]): Map<string, unknown> {
  const values = new Map<string, unknown>();
  // A file of comments only is an empty configuration.
  if (document.value !== null && document.value !== undefined) walk(document.value, schema as unknown as Section, []);
  return values;

  function walk(value: unknown, section: Section, names: readonly string[]): void {
    const line = document.lineOf(names);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      const path = names.join('.') || 'the file';
      const expected = `a section with ${Object.keys(section).join(', ')}`;
      problems.push({ path, line, problem: `is not a section, expected ${expected}`, hint: null });
      return;
    }
    for (const [name, child] of Object.entries(value)) {
      const path = [...names, name];
      const node = Object.hasOwn(section, name) ? section[name] : undefined;
      if (node === undefined) {
        problems.push(unknownKey(path.join('.'), document.lineOf(path)));
      } else if (isKey(node) && !(node.columns && child === null)) {
        values.set(path.join('.'), child);
      } else if (!isKey(node) && child !== null) {
        // `mqtt:` with every key below it commented out is an empty section, not a mistake; so is an empty table.
        walk(child, node, path);
      }
    }
  }
}

function unknownKey(path: string, line: number | null): ConfigProblem {
  if (keys.has(path)) {
    return { path, line, problem: 'is a dotted key', hint: 'write each name on a level of its own' };
  }
  const near = nearestName(path, [...keys.keys(), ...Object.keys(schema)]);
  const hint = near === null ? `the keys are listed by "twinspect config doc"` : `did you mean ${near}?`;
  return { path, line, problem: 'unknown key', hint };
}

/** A wrong value in the file is a problem even where the environment overrides it: tomorrow it does not. */
function checkValues(
  fromFile: ReadonlyMap<string, unknown>,
  fromEnv: ReadonlyMap<string, unknown>,
  document: ConfigDocument | null,
  problems: ConfigProblem[],
): void {
  for (const [path, key] of keys) {
    if (fromFile.has(path)) {
      for (const { names, problem, hint } of findingsOf(key, fromFile.get(path))) {
        const full = [...path.split('.'), ...names];
        problems.push({ path: full.join('.'), line: document?.lineOf(full) ?? null, problem, hint });
      }
    }
    if (fromEnv.has(path)) {
      for (const { names, problem, hint } of findingsOf(key, fromEnv.get(path))) {
        const name = `${environmentName(path)} (${[path, ...names].join('.')})`;
        problems.push({ path: name, line: null, problem, hint });
      }
    }
  }
}

function findingsOf(key: Key, value: unknown): readonly Finding[] {
  if (key.findings) return key.findings(value);
  if (key.accepts(value)) return [];
  return [{ names: [], problem: refusalOf(key, value), hint: null }];
}

convict.addFormat({
  name: 'twinspect',
  validate(value, key) {
    invariant((key as unknown as Key).accepts(value), `config key of unchecked value ${String(value)}`);
  },
  // The identity: convict's own conversions accept what is not of the kind.
  coerce: (value) => value,
});

/** Convict's definition of a section: our keys with convict's names for format and variable, all but the tables. */
function definition(section: Section, prefix: string): convict.Schema<unknown> {
  return Object.fromEntries(
    Object.entries(section).flatMap(([name, node]) => {
      const path = `${prefix}${name}`;
      if (!isKey(node)) return [[name, definition(node, `${path}.`)]];
      return node.columns ? [] : [[name, { ...node, format: 'twinspect', env: environmentName(path) }]];
    }),
  );
}

/** The tables, which stand on the first level: whole from one source, since convict would merge them row by row. */
function tables(
  fromFile: ReadonlyMap<string, unknown>,
  fromEnv: ReadonlyMap<string, unknown>,
): Record<string, unknown> {
  const found = [...keys].flatMap(([path, key]) => {
    if (!key.columns) return [];
    invariant(!path.includes('.'), `the table ${path} is not on the first level`);
    const given = fromEnv.get(path) ?? fromFile.get(path);
    return [[path, given === undefined ? key.default : completeTable(key, given as Table)]];
  });
  return Object.fromEntries(found) as Record<string, unknown>;
}

function overlay(fromFile: ReadonlyMap<string, unknown>, fromEnv: ReadonlyMap<string, unknown>): Config {
  const isScalar = ([path]: readonly [string, unknown]): boolean => !keys.get(path)!.columns;
  const env = Object.fromEntries([...fromEnv].filter(isScalar).map(([path, value]) => [environmentName(path), value]));
  const sources = { env: env as NodeJS.ProcessEnv, args: [] };
  const merged = convict<Record<string, unknown>>(
    definition(schema as unknown as Section, '') as convict.Schema<Record<string, unknown>>,
    sources,
  );
  merged.load(nest(new Map([...fromFile].filter(isScalar))));
  merged.validate({ allowed: 'strict' });
  const config = { ...(merged.getProperties() as unknown as Config), ...tables(fromFile, fromEnv) };
  return { ...config, line: { ...config.line, bundle: bundleFolder(config.line.bundle) } };
}

function nest(values: ReadonlyMap<string, unknown>): Record<string, unknown> {
  const root: Record<string, unknown> = {};
  for (const [path, value] of values) {
    const names = path.split('.');
    let at = root;
    for (const name of names.slice(0, -1)) {
      at[name] ??= {};
      at = at[name] as Record<string, unknown>;
    }
    at[names.at(-1)!] = value;
  }
  return root;
}

function sourcesOf(
  fromFile: ReadonlyMap<string, unknown>,
  fromEnv: ReadonlyMap<string, unknown>,
): ReadonlyMap<string, Source> {
  const from = (path: string): Source => (fromEnv.has(path) ? 'environment' : fromFile.has(path) ? 'file' : 'default');
  return new Map([...keys.keys()].map((path) => [path, from(path)]));
}

function freeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) Object.values(value).forEach(freeze);
  return Object.freeze(value);
}
