/**
 * A command as it comes over MQTT: JSON on `cmd/<verb>`, read by hand and refused by field. Keep it in step with
 * `schema/command.json`, which says the same to whoever sends; a test holds the two together.
 */
import { fail } from '../../../errors.ts';
import type { Order, TriggerRequest } from '../../command/port.ts';

/** The last level of the topic. */
export const verbs = [
  'trigger',
  'select-recipe',
  'set-threshold',
  'set-execution',
  'abort',
  'halt',
  'reset',
  'reset-counters',
] as const;
export type Verb = (typeof verbs)[number];

/** What each asks for: its role can be told before anything of the message is read. */
export const asksFor: Readonly<Record<Verb, Order['kind'] | 'trigger'>> = {
  trigger: 'trigger',
  'select-recipe': 'selectRecipe',
  'set-threshold': 'setThreshold',
  'set-execution': 'setExecution',
  abort: 'abort',
  halt: 'halt',
  reset: 'reset',
  'reset-counters': 'resetCounters',
};

export interface CommandMessage {
  readonly verb: Verb;
  /** Chosen by the sender, a new one for each command: the same again is the same command, done once. */
  readonly requestId: string;
  /** Wall clock of the sender, ms since 1970; null where it says nothing of when. */
  readonly sentAtMs: number | null;
  readonly does: { readonly trigger: TriggerRequest } | { readonly order: Order };
}

/** A command is some hundred bytes. */
export const commandMaxBytes = 8192;
const requestIdPattern = /^[A-Za-z0-9._:-]{1,64}$/;
/** A cause is a sentence; a part id is printed on the part. */
const [causeMaxChars, idMaxChars] = [256, 128];

type Fields = Record<string, unknown>;

export function isVerb(word: string): word is Verb {
  return (verbs as readonly string[]).includes(word);
}

/** The fields and the request's id where it can be told, so that even a refusal can be answered to somebody. */
export function parseFields(payload: Uint8Array): { fields: Fields; requestId: string | null } | string {
  if (payload.length > commandMaxBytes) {
    return `the message is ${payload.length} bytes, expected at most ${commandMaxBytes}`;
  }
  let parsed: unknown;
  try {
    parsed = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(payload));
  } catch {
    // What it is instead is the sender's to look at.
    return 'the message is not JSON in UTF-8';
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    return 'the message is not a JSON object';
  }
  const fields = parsed as Fields;
  const { requestId } = fields;
  const known = typeof requestId === 'string' && requestIdPattern.test(requestId);
  return { fields, requestId: known ? requestId : null };
}

/** Throws `mqtt/command`, naming field, value and expectation. */
export function readCommand(verb: Verb, fields: Fields): CommandMessage {
  const read = new FieldReader(verb, fields);
  const requestId = read.text('requestId', '1 to 64 of A-Z a-z 0-9 . _ : -', (text) => requestIdPattern.test(text));
  const sentAtMs = read.optional('sentAtMs', 'ms since 1970', isTime) as number | null;
  const does = readers[verb](read);
  read.nothingElse();
  return { verb, requestId, sentAtMs, does };
}

const readers: Record<Verb, (read: FieldReader) => CommandMessage['does']> = {
  trigger: (read) => ({
    trigger: {
      partId: read.id('partId'),
      plantSequence: read.optional('plantSequence', 'a whole number from 0 to 4294967295', isUint32) as number | null,
      measId: read.id('measId'),
      productId: read.id('productId'),
      jobId: read.id('jobId'),
      challenge: (read.optional('challenge', 'true or false', isSwitch) as boolean | null) ?? false,
    },
  }),
  'select-recipe': (read) => ({
    order: { kind: 'selectRecipe', recipe: read.needed('recipe', 'a whole number from 0 to 32767', isInt16) as number },
  }),
  'set-threshold': (read) => ({
    order: {
      kind: 'setThreshold',
      threshold: read.needed('threshold', 'a number, or null for the one of the bundle', isThreshold) as number | null,
    },
  }),
  'set-execution': (read) => ({
    order: {
      kind: 'setExecution',
      execution: read.needed('execution', 'continuous, single or stopped', isExecution) as 'continuous',
    },
  }),
  abort: (read) => ({ order: { kind: 'abort', cause: read.cause() } }),
  halt: (read) => ({ order: { kind: 'halt', cause: read.cause() } }),
  reset: (read) => ({ order: { kind: 'reset', cause: read.cause() } }),
  'reset-counters': () => ({ order: { kind: 'resetCounters' } }),
};

const isTime = (value: unknown): boolean => typeof value === 'number' && Number.isFinite(value) && value >= 0;
const isUint32 = (value: unknown): boolean => isWhole(value, 4_294_967_295);
const isInt16 = (value: unknown): boolean => isWhole(value, 32_767);
const isSwitch = (value: unknown): boolean => typeof value === 'boolean';
const isThreshold = (value: unknown): boolean =>
  value === null || (typeof value === 'number' && Number.isFinite(value));
const isExecution = (value: unknown): boolean => ['continuous', 'single', 'stopped'].includes(value as string);

function isWhole(value: unknown, max: number): boolean {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= max;
}

/** Longest value repeated in an answer, characters. */
const shownMaxChars = 60;

class FieldReader {
  readonly #verb: Verb;
  readonly #fields: Fields;
  readonly #read = new Set<string>();

  constructor(verb: Verb, fields: Fields) {
    this.#verb = verb;
    this.#fields = fields;
  }

  needed(name: string, expected: string, fits: (value: unknown) => boolean): unknown {
    this.#read.add(name);
    const value = Object.hasOwn(this.#fields, name) ? this.#fields[name] : undefined;
    if (fits(value)) return value;
    const shown = value === undefined ? 'missing' : JSON.stringify(value).slice(0, shownMaxChars);
    throw this.#refusal(`${name} is ${shown}, expected ${expected}`);
  }

  optional(name: string, expected: string, fits: (value: unknown) => boolean): unknown {
    return (
      this.needed(name, `${expected}, or nothing`, (value) => value === undefined || value === null || fits(value)) ??
      null
    );
  }

  text(name: string, expected: string, fits: (text: string) => boolean): string {
    return this.needed(name, expected, (value) => typeof value === 'string' && fits(value)) as string;
  }

  id(name: string): string | null {
    const expected = `a text of 1 to ${idMaxChars} characters`;
    const fits = (value: unknown): boolean => typeof value === 'string' && isLine(value, 1, idMaxChars);
    return this.optional(name, expected, fits) as string | null;
  }

  cause(): string {
    const expected = `one line of 1 to ${causeMaxChars} characters: why`;
    return this.text('cause', expected, (text) => isLine(text, 1, causeMaxChars));
  }

  /** A field we do not know is a typing error, or a wish we would not fulfil. */
  nothingElse(): void {
    const other = Object.keys(this.#fields).find((name) => !this.#read.has(name));
    if (other === undefined) return;
    const known = [...this.#read].join(', ');
    throw this.#refusal(`unknown field ${JSON.stringify(other.slice(0, shownMaxChars))}, expected ${known}`);
  }

  #refusal(problem: string): Error {
    return fail('mqtt/command', { verb: this.#verb, problem });
  }
}

function isLine(text: string, minChars: number, maxChars: number): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  return text.length >= minChars && text.length <= maxChars && !/[\u0000-\u001f\u007f]/.test(text);
}
