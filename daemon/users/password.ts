/**
 * Passwords as they are kept: scrypt with a salt for each (RFC 7914), its cost written beside the hash, so that a
 * later release may raise it. Hashing runs outside the main thread, and never on more than one password at a time.
 */
import { scrypt, timingSafeEqual } from 'node:crypto';
import { fail } from '../../errors.ts';

/** 32 MB and about 0.1 s for each guess: 128 * N * r bytes. */
const cost = { N: 2 ** 15, r: 8, p: 1 } as const;
/** A file that asks for more would be a way to take the machine's memory, bytes. */
const memoryMaxBytes = 128 * 1024 * 1024;
const hashBytes = 32;
export const saltBytes = 16;
/** Shorter ones are guessed. */
const lengthMinChars = 10;
/** What OPC UA clients send at most fits in one RSA block or a few; longer is the wrong file. */
const lengthMaxChars = 256;

export interface HashedPassword {
  readonly N: number;
  readonly r: number;
  readonly p: number;
  /** Hex. */
  readonly salt: string;
  /** Hex. */
  readonly hash: string;
}

/** Throws `user/password` for one that is too short or too long. */
export async function hashPassword(password: string, salt: Uint8Array): Promise<HashedPassword> {
  const length = [...password].length;
  if (length < lengthMinChars || length > lengthMaxChars) {
    throw fail('user/password', { actual: length, least: lengthMinChars, most: lengthMaxChars });
  }
  const hash = await derive(password, salt, cost);
  return { ...cost, salt: Buffer.from(salt).toString('hex'), hash: hash.toString('hex') };
}

/** Takes as long for a wrong password as for the right one. */
export async function matches(password: string, { salt, hash, ...asked }: HashedPassword): Promise<boolean> {
  const expected = Buffer.from(hash, 'hex');
  return timingSafeEqual(await derive(password, Buffer.from(salt, 'hex'), asked), expected);
}

/** Of nobody: what an unknown name is checked against, so that its answer takes as long as a known one's. */
export const nobody: HashedPassword = { ...cost, salt: '00'.repeat(saltBytes), hash: '00'.repeat(hashBytes) };

/** Whether these are numbers scrypt takes, within our memory, and a hash of our length. */
export function isHashed(value: unknown): value is HashedPassword {
  const { N, r, p, salt, hash } = (value ?? {}) as Record<keyof HashedPassword, unknown>;
  const whole = (n: unknown, most: number): n is number =>
    Number.isInteger(n) && (n as number) > 0 && Number(n) <= most;
  const hex = (text: unknown, bytes: number): boolean =>
    typeof text === 'string' && text.length === 2 * bytes && /^[0-9a-f]*$/.test(text);
  if (!whole(N, 2 ** 20) || !whole(r, 32) || !whole(p, 16)) return false;
  const powerOfTwo = N > 1 && (N & (N - 1)) === 0;
  return powerOfTwo && 128 * N * r <= memoryMaxBytes && hex(salt, saltBytes) && hex(hash, hashBytes);
}

function derive(password: string, salt: Uint8Array, { N, r, p }: Pick<HashedPassword, 'N' | 'r' | 'p'>) {
  // The same password typed on two systems may be composed differently (RFC 8265, 4.2.2).
  const normal = password.normalize('NFC');
  // Scrypt wants a little above 128 * N * r for itself.
  const options = { N, r, p, maxmem: memoryMaxBytes + 2 ** 20 };
  return new Promise<Buffer>((resolve, reject) =>
    scrypt(normal, salt, hashBytes, options, (error, key) => (error ? reject(error) : resolve(key))),
  );
}
