/**
 * Who may ask, and with which role: the users file of the state folder, as text and as a table. Holds hashes, never a
 * password. A file that is damaged is refused whole: half a list of users is not a list of users.
 */
import { fail } from '../../errors.ts';
import { type Role, roles } from '../command/port.ts';
import { type HashedPassword, isHashed } from './password.ts';

export interface User {
  readonly name: string;
  readonly role: Role;
  readonly password: HashedPassword;
}

export type Users = readonly User[];

/** What stands in the file. `lost`: there were users once who could not be read any more, and none was added since. */
export interface UsersFile {
  readonly users: Users;
  readonly lost: boolean;
}

/** In the state folder. */
export const usersFileName = 'users.json';
const version = 1;
/** People and machines of one station; a longer list is a directory service, which this is not. */
const usersMax = 100;

const namePattern = /^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$/;
/** OPC UA calls sessions without a user so; a user of that name would be taken for none. */
const reserved = ['anonymous'];

/** Throws `user/name`. */
export function checkUserName(name: string): void {
  if (namePattern.test(name) && !reserved.includes(name.toLowerCase())) return;
  throw fail('user/name', { actual: JSON.stringify(name.slice(0, 80)), reserved: reserved.join(', ') });
}

/** Throws `user/file`. */
export function parseUsers(text: string, path: string): Users {
  return parseUsersFile(text, path).users;
}

/** Throws `user/file`. */
export function parseUsersFile(text: string, path: string): UsersFile {
  const bad = (problem: string): Error => fail('user/file', { path, problem });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw bad('is not JSON'); // what the parser says quotes the file
  }
  const { version: found, users, lost } = (value ?? {}) as { version?: unknown; users?: unknown; lost?: unknown };
  if (found !== version) throw bad(`has version ${JSON.stringify(found)}, expected ${version}`);
  if (!Array.isArray(users) || users.length > usersMax) throw bad(`has no list of at most ${usersMax} users`);
  const parsed = users.map((user, index) => parseUser(user, (problem) => bad(`user ${index + 1} ${problem}`)));
  if (new Set(parsed.map(({ name }) => name)).size < parsed.length) throw bad('names a user twice');
  return { users: parsed, lost: lost === true };
}

function parseUser(value: unknown, bad: (problem: string) => Error): User {
  const { name, role, password } = (value ?? {}) as Record<keyof User, unknown>;
  if (typeof name !== 'string' || !namePattern.test(name)) throw bad('has no name');
  if (!isRole(role)) throw bad(`has no role; expected one of ${roles.join(', ')}`);
  if (!isHashed(password)) throw bad('has no password hash');
  const { N, r, p, salt, hash } = password;
  return { name, role, password: { N, r, p, salt, hash } };
}

export function isRole(value: unknown): value is Role {
  return (roles as readonly unknown[]).includes(value);
}

/** `lost` is written where there are no users any more: that is not the same as none yet. */
export function usersText(users: Users, lost = false): string {
  return `${JSON.stringify({ version, users, ...(lost && { lost }) }, null, 2)}\n`;
}

/** A list with one more. Throws `user/exists`, `user/many`. */
export function withUser(users: Users, user: User): Users {
  if (users.some(({ name }) => name === user.name)) throw fail('user/exists', { name: user.name });
  if (users.length >= usersMax) throw fail('user/many', { limit: usersMax });
  return [...users, user];
}

/** A list in which one is changed, or gone where `change` is null. Throws `user/unknown`. */
export function withChange(users: Users, name: string, change: Partial<Omit<User, 'name'>> | null): Users {
  if (!users.some((user) => user.name === name)) {
    throw fail('user/unknown', { name, known: users.map((user) => user.name).join(', ') || 'none' });
  }
  return users.flatMap((user) => (user.name !== name ? [user] : change === null ? [] : [{ ...user, ...change }]));
}
