/**
 * The users as the running daemon knows them: read at start, read again while it runs, asked at every login. A file
 * that became unreadable changes nothing: whoever was in the last good one stays, and a problem stands until it is
 * mended. One password is checked at a time, and few wait, so that guessing costs the guesser and not the line.
 */
import { messageOf } from '../../errors.ts';
import type { Clock } from '../clock.ts';
import type { Role } from '../command/port.ts';
import type { StateFolder } from '../state/folder.ts';
import { Attempts } from './attempts.ts';
import { matches, nobody } from './password.ts';
import { parseUsers, type User, type Users } from './users.ts';
import { loadUsers, readUsersText, usersFile } from './users-file.ts';

/** A user that was taken out may stay this long. */
const rereadMs = 2000;
/** Logins that wait for theirs to be checked; each takes about 0.1 s. */
const waitingMax = 16;

export type Login =
  | { readonly granted: true; readonly role: Role }
  | { readonly granted: false; readonly why: 'wrong' | 'waits' | 'busy'; readonly waitMs: number };

export interface UserStoreOptions {
  readonly state: StateFolder;
  readonly clock: Clock;
}

export class UserStore {
  readonly #options: UserStoreOptions;
  readonly #attempts = new Attempts();
  readonly #listeners: ((gone: readonly string[]) => void)[] = [];
  readonly #stopped = new AbortController();
  readonly #path: string;
  #users: Users = [];
  #lost = false;
  #text: string | null = null;
  #waiting = 0;
  #turn: Promise<unknown> = Promise.resolve();
  #problem: string | null = null;

  constructor(options: UserStoreOptions) {
    this.#options = options;
    this.#path = usersFile(options.state).path;
  }

  /** Rejects with `state/stuck` or `user/file` where the file can neither be understood nor moved; then follows it. */
  async start(): Promise<void> {
    this.#lost = (await loadUsers(this.#options.state)).lost;
    this.#take(await this.#read());
    this.#follow();
  }

  stop(): void {
    this.#stopped.abort();
  }

  /** There were users when it started, and nobody knows who: not the same as none yet. */
  get lost(): boolean {
    return this.#lost;
  }

  get users(): Users {
    return this.#users;
  }

  /** Why the file on disk is not what is in force; null where it is. */
  get problem(): string | null {
    return this.#problem;
  }

  find(name: string): User | null {
    return this.#users.find((user) => user.name === name) ?? null;
  }

  /**
   * Called when the file was read anew, with the names of users who are gone or have another password: their sessions
   * must end.
   */
  onChange(listener: (gone: readonly string[]) => void): void {
    this.#listeners.push(listener);
  }

  /** `place` is where the attempt comes from: a certificate, or an address. */
  async login(name: string, password: string, place: string): Promise<Login> {
    const { clock } = this.#options;
    // All unknown names from one place are one: a new name for each guess must not buy another check of 0.1 s.
    const counted = this.find(name) ? name : '';
    const waitMs = this.#attempts.waitMs(counted, place, clock.nowMs());
    if (waitMs > 0) return { granted: false, why: 'waits', waitMs };
    if (this.#waiting >= waitingMax) return { granted: false, why: 'busy', waitMs: 0 };
    this.#waiting++;
    try {
      const right = await this.#inTurn(() => matches(password, this.find(name)?.password ?? nobody));
      // Asked again: the file may have changed meanwhile.
      const user = this.find(name);
      if (right && user) {
        this.#attempts.right(counted, place);
        return { granted: true, role: user.role };
      }
      return { granted: false, why: 'wrong', waitMs: this.#attempts.wrong(counted, place, clock.nowMs()) };
    } finally {
      this.#waiting--;
    }
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#turn.then(work);
    this.#turn = mine.catch(() => undefined); // the caller is told; the next one is not held up
    return mine;
  }

  #follow(): void {
    const again = async (): Promise<void> => {
      try {
        const text = await this.#read();
        if (text !== this.#text) {
          this.#take(text);
          await usersFile(this.#options.state).refreshCopy();
        }
        this.#problem = null;
      } catch (error) {
        this.#problem = messageOf(error);
      }
      this.#follow();
    };
    this.#options.clock.after(rereadMs, () => void again(), this.#stopped.signal);
  }

  async #read(): Promise<string | null> {
    return readUsersText(this.#path);
  }

  #take(text: string | null): void {
    const users = text === null ? [] : parseUsers(text, this.#path);
    const same = (user: User): boolean =>
      users.some(({ name, password }) => name === user.name && password.hash === user.password.hash);
    const gone = this.#users.filter((user) => !same(user)).map(({ name }) => name);
    this.#users = users;
    this.#text = text;
    for (const listener of this.#listeners) listener(gone);
  }
}
