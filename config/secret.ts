/**
 * A secret from a file: usable where it is needed, invisible everywhere else. Logged, printed, joined or turned into
 * JSON it says `[secret]`; only `reveal()` gives it.
 */
import { resolve } from 'node:path';
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

/** Begins the path of a secret that systemd hands over (`LoadCredential=`), as in `credential:mqtt.password`. */
const credentialPrefix = 'credential:';

export interface SecretPlaces {
  readonly cwd: string;
  /** `$CREDENTIALS_DIRECTORY`: where systemd puts them for this service alone; null or absent outside of it. */
  readonly credentials?: string | null;
}

/** The file a key means: a path, or the name of a credential. Throws `config/credential`. */
export function secretFile(path: string, { cwd, credentials }: SecretPlaces): string {
  if (!path.startsWith(credentialPrefix)) return resolve(cwd, path);
  const name = path.slice(credentialPrefix.length);
  // The names systemd takes; none leads out of its folder.
  if (!/^[A-Za-z0-9_-][A-Za-z0-9._-]{0,254}$/.test(name)) {
    throw fail('config/credential', { path, problem: 'is no name of a credential' });
  }
  if (!credentials) {
    throw fail('config/credential', { path, problem: 'is asked for, and systemd handed over none' });
  }
  return resolve(credentials, name);
}

/** Reads a secret; the line end that every editor adds is not part of it. */
export async function readSecret(path: string, readFile: (path: string) => Promise<string>): Promise<Secret> {
  return secretOf(await readFile(path), path);
}

/** A secret from the text of a file, or of what `name` says. Throws `config/secret`. */
export function secretOf(whole: string, name: string): Secret {
  const text = whole.replace(/\r?\n$/, '');
  const problem =
    text === ''
      ? 'is empty'
      : text.length > secretMaxChars
        ? `is longer than ${secretMaxChars} characters`
        : /[\r\n]/.test(text)
          ? 'has more than one line'
          : null;
  if (problem !== null) throw fail('config/secret', { path: name, problem });
  return new Secret(text);
}
