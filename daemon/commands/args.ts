/**
 * The arguments of one command, read by the options it declares. Whatever is wrong says what there is instead.
 * The only user of `parseArgs`.
 */
import { parseArgs } from 'node:util';
import { nearestName } from '../../config/problems.ts';
import { fail, invariant } from '../../errors.ts';

type Values = Readonly<Record<string, string | boolean | (string | boolean)[] | undefined>>;

export interface Option {
  readonly type: 'string' | 'boolean';
  readonly short?: string;
  /** Placeholder of the value in the help: `FILE`, `N` ... Needed where type is string. */
  readonly value?: string;
  readonly doc: string;
  readonly multiple?: boolean;
}

export interface Bounds {
  readonly min: number;
  readonly max: number;
}

export class Args {
  readonly #values: Values;
  readonly positionals: readonly string[];
  readonly command: string;

  constructor(command: string, values: Values, positionals: readonly string[]) {
    this.command = command;
    this.#values = values;
    this.positionals = positionals;
  }

  flag(name: string): boolean {
    return this.#values[name] === true;
  }

  text(name: string): string | null {
    const value = this.#values[name];
    invariant(value === undefined || typeof value === 'string', `option ${name} is not a single text`);
    return value ?? null;
  }

  texts(name: string): string[] {
    const value = this.#values[name] ?? [];
    return (Array.isArray(value) ? value : [value]).map(String);
  }

  required(name: string): string {
    const value = this.text(name);
    if (value === null) throw fail('usage/missing', { command: this.command, what: `--${name}` });
    return value;
  }

  whole(name: string, { min, max }: Bounds): number | null {
    return this.#numeric(name, (value) => Number.isInteger(value) && value >= min && value <= max, {
      expected: `a whole number from ${min} to ${max}`,
    });
  }

  number(name: string, { min, max }: Bounds): number | null {
    return this.#numeric(name, (value) => value >= min && value <= max, { expected: `a number from ${min} to ${max}` });
  }

  /** The positional at a place, called `what` in the error where it is missing. */
  positional(index: number, what: string): string {
    const value = this.positionals[index];
    if (value === undefined) throw fail('usage/missing', { command: this.command, what });
    return value;
  }

  /** Refuses options that mean nothing beside `--name`, which is given: whoever wrote them expects something. */
  alone(name: string, beside: readonly string[]): void {
    const given = Object.keys(this.#values).find((other) => other !== name && !beside.includes(other));
    if (given === undefined) return;
    throw fail('usage/value', { option: name, found: `--${given} beside it`, expected: expectedBeside(beside) });
  }

  /** Refuses an option that means something beside another one only. */
  needs(name: string, other: string): void {
    if (this.#values[name] === undefined || this.#values[other] !== undefined) return;
    throw fail('usage/missing', { command: this.command, what: `--${other} beside --${name}` });
  }

  /** Refuses positionals nobody asked for: most often an option without its dashes. */
  atMost(count: number): void {
    const extra = this.positionals[count];
    if (extra !== undefined) throw fail('usage/extra', { command: this.command, found: extra });
  }

  #numeric(name: string, fits: (value: number) => boolean, { expected }: { expected: string }): number | null {
    const text = this.text(name);
    if (text === null) return null;
    const value = text.trim() === '' ? Number.NaN : Number(text);
    if (!fits(value)) throw fail('usage/value', { option: name, found: text, expected });
    return value;
  }
}

function expectedBeside(names: readonly string[]): string {
  return names.length === 0 ? 'no other option' : `no other option than ${names.map((name) => `--${name}`).join(', ')}`;
}

/** `--precision`: which variant of a bundle; fp32 where it is not said. */
export function precisionOf(args: Args): 'fp32' | 'fp16' | 'int8' {
  const found = args.text('precision') ?? 'fp32';
  if (found === 'fp32' || found === 'fp16' || found === 'int8') return found;
  throw fail('usage/value', { option: 'precision', found, expected: 'fp32, fp16 or int8' });
}

/** What is read by: a command, with its sub-commands where it has some. */
export interface Readable {
  readonly name: string;
  readonly options: Readonly<Record<string, Option>>;
  readonly actions?: Readonly<Record<string, { readonly options: readonly string[] }>>;
}

export interface ReadArgs {
  readonly args: Args;
  readonly help: boolean;
  /** The sub-command that was called; null where there is none, or `--help` asks for all of them. */
  readonly action: string | null;
}

/** Reads argv by the options of a command or of its sub-command; `--help` is an option of every one. */
export function readArgs(command: Readable, argv: readonly string[]): ReadArgs {
  const options = { ...command.options, help: { type: 'boolean', short: 'h', doc: '' } as const };
  const { values, positionals, tokens } = parseArgs({
    args: [...argv],
    options,
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const help = values['help'] === true;
  const action = actionOf(command, positionals[0], help);
  const name = action === null ? command.name : `${command.name} ${action}`;
  const taken = action === null ? Object.keys(options) : [...command.actions![action]!.options, 'help'];
  for (const token of tokens) {
    if (token.kind !== 'option') continue;
    const option = taken.includes(token.name) ? options[token.name as keyof typeof options] : undefined;
    if (option === undefined) throw unknownOption(name, token.rawName, taken);
    requireFit(token, option.type);
  }
  return { args: new Args(name, values, positionals), help, action };
}

/** Throws `usage/missing` or `usage/action`. */
function actionOf({ name, actions }: Readable, found: string | undefined, help: boolean): string | null {
  if (!actions) return null;
  const known = Object.keys(actions);
  if (found === undefined) {
    if (help) return null;
    throw fail('usage/missing', { command: name, what: `a sub-command, one of ${known.join(', ')}` });
  }
  if (known.includes(found)) return found;
  const near = nearestName(found, known);
  const hint = near === null ? `there are ${known.join(', ')}` : `did you mean ${near}?`;
  throw fail('usage/action', { command: name, found, hint });
}

function unknownOption(command: string, found: string, taken: readonly string[]): Error {
  const known = taken.map((option) => `--${option}`);
  const near = nearestName(found, known);
  const hint = near === null ? `it knows ${known.join(', ')}` : `did you mean ${near}?`;
  return fail('usage/option', { command, found, hint });
}

/** A flag takes no value; an option takes one that does not look like the next option. */
function requireFit(
  token: { name: string; value?: string | undefined; inlineValue?: boolean | undefined },
  type: string,
): void {
  const { name, value, inlineValue } = token;
  if (type === 'boolean') {
    if (value !== undefined) throw fail('usage/value', { option: name, found: value, expected: 'no value' });
    return;
  }
  const swallowed = inlineValue !== true && value?.startsWith('-') === true && !/^-\d/.test(value);
  // An empty one is a variable that was not set: as a path it would be the working folder.
  if (value === undefined || swallowed || value.trim() === '') {
    throw fail('usage/value', { option: name, found: value?.trim() || 'nothing', expected: 'a value' });
  }
}
