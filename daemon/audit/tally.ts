/**
 * Counts what somebody outside can cause as often as he likes, so that he cannot fill the disk: the first of a kind
 * goes into the record at once, the others of its window as one entry with their number. Kinds are counted too: beyond
 * `kindsMax` in one window the rest is one kind, of many.
 */
import type { Clock } from '../clock.ts';
import type { AuditEntry } from './port.ts';

export interface TallyLimits {
  /** With `kindsMax` the most that denied tries can write: 65 entries in ten minutes, 3 MB a day. */
  readonly windowMs: number;
  readonly kindsMax: number;
}

export const tallyLimits: TallyLimits = { windowMs: 600_000, kindsMax: 32 };

interface Kind {
  readonly entry: AuditEntry;
  more: number;
}

const many: AuditEntry = {
  action: 'tries',
  target: 'many',
  who: { name: 'many', via: 'local', role: null, certificate: null },
  from: null,
  to: null,
  result: 'denied',
  cause: 'more kinds of tries than are told apart in one window',
};

export class Tally {
  readonly #clock: Clock;
  readonly #limits: TallyLimits;
  readonly #write: (entry: AuditEntry, times: number) => void;
  readonly #kinds = new Map<string, Kind>();
  readonly #closed = new AbortController();
  #waiting = false;

  constructor(clock: Clock, write: (entry: AuditEntry, times: number) => void, limits = tallyLimits) {
    this.#clock = clock;
    this.#limits = limits;
    this.#write = write;
  }

  add(entry: AuditEntry): void {
    if (this.#closed.signal.aborted) return;
    const own = kindOf(entry);
    const known = this.#kinds.has(own) || this.#kinds.size < this.#limits.kindsMax;
    const [key, first] = known ? [own, entry] : ['many', many];
    const kind = this.#kinds.get(key);
    if (kind) kind.more++;
    else {
      this.#kinds.set(key, { entry: first, more: 0 });
      this.#write(first, 1);
    }
    this.#wait();
  }

  /** Writes what was counted; nothing is counted after. */
  close(): void {
    this.#closed.abort();
    this.#tell();
  }

  /** One window for all kinds: it begins with the first one that comes after a quiet time. */
  #wait(): void {
    if (this.#waiting) return;
    this.#waiting = true;
    this.#clock.after(this.#limits.windowMs, () => this.#tell(), this.#closed.signal);
  }

  #tell(): void {
    this.#waiting = false;
    const counted = [...this.#kinds.values()];
    this.#kinds.clear();
    for (const { entry, more } of counted) if (more > 0) this.#write(entry, more);
  }
}

/** Without the values: who asks for another recipe at each try is one kind all the same. */
function kindOf({ action, target, who, result }: AuditEntry): string {
  return JSON.stringify([action, target, who.name, who.via, who.certificate, result]);
}
