/**
 * A process of a soak run, as the run sees it: told what to do in its argument, it speaks in words that have a kind.
 * A process that ends before the word that is waited for fails the run with what it said on stderr.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { patienceMs } from '../patience.ts';
import { within } from './moments.ts';

/** Kept of what it says on stderr, characters. */
const saidMax = 4000;

export interface Word {
  readonly kind: string;
}

export class Child<W extends Word> {
  readonly #child: ChildProcess;
  readonly #name: string;
  readonly #words: W[] = [];
  readonly #ended: Promise<unknown>;
  #said = '';
  #heard = Promise.withResolvers<void>();
  #over = false;

  constructor(entry: URL, settings: object) {
    this.#name = entry.pathname.split('/').at(-1)!;
    this.#child = fork(entry, [JSON.stringify(settings)], {
      // Not the flags of the program around us: a test runner's loaders are not for it.
      execArgv: [],
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      serialization: 'advanced',
    });
    this.#child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.#said = (this.#said + text).slice(-saidMax);
    });
    this.#child.on('message', (word: W) => {
      this.#words.push(word);
      this.#wake();
    });
    this.#ended = once(this.#child, 'exit').then(() => {
      this.#over = true;
      this.#wake();
    });
  }

  get pid(): number {
    return this.#child.pid!;
  }

  #wake(): void {
    this.#heard.resolve();
    this.#heard = Promise.withResolvers();
  }

  /** The next word of this kind; words of other kinds that came before stay for who waits for them. */
  word<K extends W['kind']>(kind: K, boundMs = patienceMs): Promise<Extract<W, { kind: K }>> {
    const find = async (): Promise<Extract<W, { kind: K }>> => {
      for (;;) {
        const at = this.#words.findIndex((word) => word.kind === kind);
        if (at >= 0) return this.#words.splice(at, 1)[0] as Extract<W, { kind: K }>;
        if (this.#over) throw new Error(`${this.#name} ended before it said "${kind}": ${this.#said}`);
        await this.#heard.promise;
      }
    };
    return within(`"${kind}" of ${this.#name}`, boundMs, find());
  }

  tell(word: Word): void {
    this.#child.send(word);
  }

  /** Asks, and waits for the answer. */
  ask<K extends W['kind']>(question: Word, kind: K, boundMs?: number): Promise<Extract<W, { kind: K }>> {
    this.tell(question);
    return this.word(kind, boundMs);
  }

  get over(): boolean {
    return this.#over;
  }

  /** SIGKILL: no farewell, no last commit. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#ended;
  }

  /** Waits for its end by itself; where it does not come, kills it and says so. */
  async gone(boundMs = patienceMs): Promise<void> {
    try {
      await within(`the end of ${this.#name}`, boundMs, this.#ended);
    } finally {
      this.#child.kill('SIGKILL');
    }
  }
}

/** For the process itself: what it was told at its start. */
export function toldSettings<T>(): T {
  return JSON.parse(process.argv[2]!) as T;
}

export function say(word: Word): void {
  process.send!(word);
}

/** Ends with the run that started it, however that ends. */
export function heed(listener: (word: Word) => void | Promise<void>): void {
  process.on('message', (word: Word) => void listener(word));
  process.on('disconnect', () => process.exit(1));
}
