/**
 * A secret from a file: usable where it is needed, invisible everywhere else. Logged, printed, joined or turned into
 * JSON it says `[secret]`; only `reveal()` gives it.
 */
import { fail } from '../errors.ts';

/** No password is longer, characters; a longer file is the wrong file. */
const secretMaxChars = 4096;

export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return '[secret]';
  }

  toJSON(): string {
    return '[secret]';
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return '[secret]';
  }
}

/** Reads a secret; the line end that every editor adds is not part of it. */
export async function readSecret(path: string, readFile: (path: string) => Promise<string>): Promise<Secret> {
  const text = (await readFile(path)).replace(/\r?\n$/, '');
  const problem =
    text === ''
      ? 'is empty'
      : text.length > secretMaxChars
        ? `is longer than ${secretMaxChars} characters`
        : /[\r\n]/.test(text)
          ? 'has more than one line'
          : null;
  if (problem !== null) throw fail('config/secret', { path, problem });
  return new Secret(text);
}
