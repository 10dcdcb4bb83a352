/**
 * One configuration key: what it means, what it may be, and when a change of it takes effect.
 * A key knows its own words ("a whole number of ms from 50 to 60000"), so that the error, the reference and the check
 * can never disagree. No key holds a secret: secrets are files, and a key names the file.
 */
import { invariant } from '../errors.ts';

export type Scalar = string | number | boolean;

/** Rows by their key. */
export type Table = Readonly<Record<string, Readonly<Record<string, Scalar | null>>>>;

export type KeyValue = Scalar | Table;

/** `live`: at once; `between parts`: from the next part on; `restart`: when the daemon is started again. */
export type TakesEffect = 'live' | 'between parts' | 'restart';

interface About<T extends KeyValue> {
  readonly doc: string;
  readonly default: T;
  readonly takes: TakesEffect;
}

/** What is wrong inside a value, by the names from the key down. */
export interface Finding {
  readonly names: readonly string[];
  readonly problem: string;
  /** What was perhaps meant. */
  readonly hint: string | null;
}

/** A cell of a table: what it may be, without a default of its own. */
export type Column<T extends Scalar = Scalar> = Omit<Key<T>, 'default' | 'takes'>;

export interface Key<T extends KeyValue = KeyValue> extends About<T> {
  readonly unit: string | null;
  /** Of a table: the columns of its rows. */
  readonly columns?: Readonly<Record<string, Column & { readonly optional: boolean }>>;
  /** Of a table: every problem in its rows; empty exactly where it is accepted. */
  findings?(value: unknown): readonly Finding[];
  /** What a value must be, as it stands in errors and in the reference. */
  readonly expected: string;
  accepts(value: unknown): value is T;
  /** An environment variable's text as a value; the text itself where it is not of this kind, so that it is refused. */
  fromText(text: string): unknown;
  /** The value as it may be shown to people and logs. */
  show(value: unknown): string;
  /** What is wrong with a value of the right form; null where nothing is. */
  readonly flaw?: ((value: string) => string | null) | undefined;
}

/** Longest value printed back in an error, characters: a whole file pasted into a key must not fill the screen. */
const shownMaxChars = 80;

export function showValue(value: unknown): string {
  const text = value === undefined ? 'nothing' : (JSON.stringify(value) ?? String(value));
  return text.length > shownMaxChars ? `${text.slice(0, shownMaxChars)}...` : text;
}

/** Why a key does not accept a value, with what was found. */
export function refusalOf({ accepts, show, expected, flaw }: Omit<Key, 'default' | 'takes'>, value: unknown): string {
  invariant(!accepts(value), 'a value that is accepted is not refused');
  const flawed = typeof value === 'string' ? (flaw?.(value) ?? null) : null;
  return `found ${show(value)}, ${flawed ?? `expected ${expected}`}`;
}

interface Range {
  readonly unit?: string;
  readonly min: number;
  readonly max: number;
}

interface Documented {
  readonly doc: string;
}

function numeric<A extends Documented & Range>(about: A, whole: boolean): Omit<A, 'unit'> & Column<number> {
  const { min, max, unit = null } = about;
  const noun = whole ? 'a whole number' : 'a number';
  return {
    ...about,
    unit,
    expected: `${noun}${unit === null ? '' : ` of ${unit}`} from ${min} to ${max}`,
    accepts: (value): value is number =>
      typeof value === 'number' && value >= min && value <= max && (!whole || Number.isInteger(value)),
    fromText: (text) => (/^-?\d+(\.\d+)?(e-?\d+)?$/i.test(text) ? Number(text) : text),
    show: (value) => (typeof value === 'number' && !Number.isFinite(value) ? String(value) : showValue(value)),
  };
}

export function wholeKey(about: About<number> & Range): Key<number> {
  return numeric(about, true);
}

export function numberKey(about: About<number> & Range): Key<number> {
  return numeric(about, false);
}

export function numberColumn(about: Documented & Range): Column<number> {
  return numeric(about, false);
}

export function switchKey(about: About<boolean>): Key<boolean> {
  return {
    ...about,
    unit: null,
    expected: 'true or false',
    accepts: (value): value is boolean => typeof value === 'boolean',
    fromText: (text) => (text === 'true' ? true : text === 'false' ? false : text),
    show: showValue,
  };
}

export function choiceKey<const T extends string>(
  about: Omit<About<string>, 'default'> & { readonly values: readonly T[]; readonly default: NoInfer<T> },
): Key<T> {
  const { values, ...rest } = about;
  return {
    ...rest,
    unit: null,
    expected: `one of ${values.join(', ')}`,
    accepts: (value): value is T => (values as readonly unknown[]).includes(value),
    fromText: (text) => text,
    show: showValue,
  };
}

interface TextRules {
  /** Completes "text: ..." in the reference and in errors. */
  readonly expected: string;
  readonly matches: RegExp;
  readonly show?: (value: unknown) => string;
  /** Of a text: no variable in braces. Of a path: see `unexpandedPath`. */
  readonly flaw?: (value: string) => string | null;
}

export function textKey(about: About<string> & TextRules): Key<string> {
  return text(about);
}

export function textColumn(about: Documented & TextRules): Column<string> {
  return text(about);
}

function text<A extends Documented & TextRules>(about: A): Omit<A, 'matches' | 'show' | 'flaw'> & Column<string> {
  const { matches, show = showValue, flaw = unexpanded, ...rest } = about;
  return {
    ...rest,
    unit: null,
    expected: about.expected,
    accepts: (value): value is string => typeof value === 'string' && matches.test(value) && flaw(value) === null,
    fromText: (text) => text,
    show,
    flaw,
  };
}

/** What is left of a default inside the braces is not repeated: it may be a password. */
function unexpanded(text: string): string | null {
  const name = /\$\{(\w*)/.exec(text)?.[1];
  return name === undefined ? null : `and nothing here puts a value in for \${${name}}: write it out`;
}

/** What a shell, a unit or a template would have put in stands in the path as it is: a folder of that name is made. */
function unexpandedPath(path: string): string | null {
  const home = /^~[^/]*(?=\/|$)/.exec(path)?.[0];
  if (home !== undefined) return `and nothing here puts a home folder in for ${home}: write it out`;
  const named = /(?:^|\/)\$(\w+)/.exec(path)?.[1];
  if (named !== undefined) return `and nothing here puts a value in for $${named}: write it out`;
  if (/\$\(|\{\{/.test(path)) return 'and nothing here works out $(...) or {{...}}: write it out';
  return unexpanded(path);
}

/** Longest path Linux takes, bytes; a longer one is a pasted mistake. */
const pathMaxChars = 4096;

/** A control character in a path is a pasted mistake. */
const pathPattern = (leastChars: number): RegExp => new RegExp(`^[^\\u0000-\\u001f]{${leastChars},${pathMaxChars}}$`);

export function pathColumn(about: Documented & { readonly expected: string }): Column<string> {
  return text({ ...about, matches: pathPattern(1), flaw: unexpandedPath });
}

export function pathKey(about: About<string> & { readonly expected?: string }): Key<string> {
  const mayBeEmpty = about.default === '';
  return textKey({
    expected: mayBeEmpty ? 'a path, or empty for none' : 'a path',
    ...about,
    matches: pathPattern(mayBeEmpty ? 0 : 1),
    flaw: unexpandedPath,
  });
}
