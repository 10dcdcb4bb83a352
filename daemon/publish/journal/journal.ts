/**
 * The journal as the daemon sees it: sequences are handed out at once, everything else is a promise answered by the
 * thread behind. What a kill left open is closed when the journal opens, before anything new is written.
 */
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { fail, invariant, messageOf } from '../../../errors.ts';
import type { Clock } from '../../clock.ts';
import type { VerdictRecord } from '../../line/verdict.ts';
import { stamp } from '../../state/damage.ts';
import type { StateFolder } from '../../state/folder.ts';
import { type DurationFigures, Durations } from './durations.ts';
import { type JournalLimits, journalLimits } from './limits.ts';
import type {
  Answer,
  FirstWord,
  JournalCall,
  JournalCalls,
  News,
  OpenPart,
  PendingMask,
  PendingRecord,
  Question,
  Recovered,
  StoredMask,
  StoreFigures,
  ThrownError,
  WorkerStart,
} from './messages.ts';
import { SequenceCopy } from './sequence-copy.ts';

export interface JournalOptions {
  /** The folder of the daemon's state; the journal is one file in it (and SQLite's write-ahead log beside). */
  readonly state: StateFolder;
  readonly clock: Clock;
  /** `/etc/machine-id`; null or absent where there is none: another machine is then not noticed. */
  readonly machineId?: string | null;
  readonly limits?: Partial<JournalLimits>;
}

export interface JournalFigures extends StoreFigures {
  /** The transactions that held a commit, fsync included, as the thread measured them; null before the first. */
  readonly commit: DurationFigures | null;
  /** The same as the daemon waited for it: with the way to the thread and back. */
  readonly commitWait: DurationFigures | null;
}

/**
 * Opens or makes the journal; a damaged one is set aside and told as a fault. Rejects with `journal/unwritable`,
 * `journal/locked`, `journal/version` or `state/stuck`.
 */
export async function openJournal(options: JournalOptions): Promise<Journal> {
  const limits = { ...journalLimits, ...options.limits };
  const { state, clock, machineId = null } = options;
  const path = join(state.path, 'journal.sqlite');
  const copy = new SequenceCopy(state);
  const setAside = { folder: state.setAsideFolder, stamp: stamp(clock.wallMs()) };
  const workerData: WorkerStart = {
    ...{ path, limits, machineId, setAside, closedAtMs: clock.wallMs() },
    knownUpTo: await copy.load(),
  };
  const worker = new Worker(new URL('./worker.ts', import.meta.url), {
    name: 'journal',
    workerData,
    // The test runner's loaders and flags are not for this thread.
    execArgv: [],
  });
  const { promise, resolve, reject } = Promise.withResolvers<Recovered>();
  worker.once('message', (word: FirstWord) => ('error' in word ? reject(revive(word.error)) : resolve(word.recovered)));
  worker.once('error', (error) => reject(fail('journal/unwritable', { path, cause: messageOf(error) }, error)));
  const recovered = await promise;
  const journal = new Journal(worker, path, recovered, limits, { state, clock, copy });
  await journal.tell(recovered);
  return journal;
}

interface JournalAround {
  readonly state: StateFolder;
  readonly clock: Clock;
  readonly copy: SequenceCopy;
}

interface Waiting {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

export class Journal {
  /** The parts a kill had left open, closed as undecided / interrupted when this journal opened. */
  readonly recovered: readonly VerdictRecord[];
  /** Records below it are of an earlier run. */
  readonly firstSequence: number;
  readonly #worker: Worker;
  readonly #path: string;
  readonly #clock: Clock;
  readonly #around: JournalAround;
  readonly #reserve: number;
  readonly #waiting = new Map<number, Waiting>();
  readonly #commit: Durations;
  readonly #commitWait: Durations;
  #nextId = 1;
  #nextSequence: number;
  #reservedUpTo: number;
  #epoch: string;
  #ended: string | null = null;

  constructor(worker: Worker, path: string, recovered: Recovered, limits: JournalLimits, around: JournalAround) {
    this.#worker = worker;
    this.#path = path;
    this.#clock = around.clock;
    this.#around = around;
    this.#epoch = recovered.epoch;
    this.#reserve = limits.reserve;
    this.#commit = new Durations(limits.durationsMax);
    this.#commitWait = new Durations(limits.durationsMax);
    this.recovered = recovered.closed;
    this.firstSequence = recovered.nextSequence;
    this.#nextSequence = recovered.nextSequence;
    this.#reservedUpTo = recovered.reservedUpTo;
    worker.on('message', (word: Answer | News) => ('news' in word ? this.#heed(word) : this.#settle(word)));
    worker.on('error', (error) => this.#end(`its thread failed: ${messageOf(error)}`));
    worker.on('exit', () => this.#end('its thread has ended'));
  }

  /** Of the records that are committed from now on: a record is told from every other one by epoch and sequence. */
  get epoch(): string {
    return this.#epoch;
  }

  /** What was found when it opened: faults for a person, a new epoch for the log, the number for its copy. */
  async tell({ damage, epoch, epochWhy, reservedUpTo }: Recovered): Promise<void> {
    const { state, copy } = this.#around;
    if (epochWhy !== null) state.say({ epoch, why: epochWhy }, 'journal: records carry a new epoch');
    if (damage.length > 0) await state.faults.raise('journal', damage.join('; '));
    await copy.save(epoch, reservedUpTo);
  }

  /**
   * Hands out the part's sequence at once; the entry is written behind and, the thread being first in first out, is on
   * the disk before the record that closes the part.
   */
  open(part: OpenPart): { sequence: number; journaled: Promise<null> } {
    const sequence = this.#nextSequence;
    this.#nextSequence += 1;
    const reserveUpTo = this.#reserveAhead();
    const journaled = this.#ask('open', { part, sequence, reserveUpTo });
    if (reserveUpTo !== null) this.#copyNumber(journaled, reserveUpTo);
    return { sequence, journaled };
  }

  /** Once the journal has it on the disk; where that fails, whoever opened the part is told. */
  #copyNumber(journaled: Promise<null>, upTo: number): void {
    const { copy } = this.#around;
    journaled.then(
      () => copy.save(this.#epoch, upTo),
      () => undefined,
    );
  }

  /** Numbers are set aside again at half of the reserve; null while that is not needed. */
  #reserveAhead(): number | null {
    if (this.#nextSequence + this.#reserve / 2 <= this.#reservedUpTo) return null;
    this.#reservedUpTo = this.#nextSequence + this.#reserve;
    return this.#reservedUpTo;
  }

  /**
   * Closes the part on the disk; the promise resolves after the fsync. With `awaitsLink` the record waits for its
   * acknowledgement, without it is kept for the result store only. The same sequence again replaces the record.
   */
  async commit(record: VerdictRecord, awaitsLink: boolean): Promise<void> {
    const startedMs = this.#clock.nowMs();
    this.#commit.add(await this.#ask('commit', { record, awaitsLink }));
    this.#commitWait.add(this.#clock.nowMs() - startedMs);
  }

  attachMask(lineId: string, mask: StoredMask): Promise<null> {
    return this.#ask('attachMask', { lineId, mask });
  }

  /** The oldest records of the line that wait for their acknowledgement, in order. */
  pending(lineId: string, after: number, limit: number): Promise<PendingRecord[]> {
    return this.#ask('pending', { lineId, after, limit });
  }

  /** The oldest mask that waits, of a record not beyond `upTo`. */
  pendingMask(lineId: string, upTo: number): Promise<PendingMask | null> {
    return this.#ask('pendingMask', { lineId, upTo });
  }

  acknowledge(lineId: string, sequence: number): Promise<null> {
    return this.#ask('acknowledge', { lineId, sequence });
  }

  acknowledgeMask(sequence: number): Promise<null> {
    return this.#ask('acknowledgeMask', { sequence });
  }

  /** The newest records of a line below the sequence `before`, acknowledged or not, newest first. */
  latest(lineId: string, limit: number, before: number | null = null): Promise<VerdictRecord[]> {
    return this.#ask('latest', { lineId, limit, before });
  }

  /** The line's record of this sequence; null where it is not kept any more, or never was. */
  bySequence(lineId: string, sequence: number): Promise<VerdictRecord | null> {
    return this.#ask('bySequence', { lineId, sequence });
  }

  /** Resolves when a commit would succeed now; rejects with the reason why not. */
  probe(): Promise<null> {
    return this.#ask('probe', { reserveUpTo: this.#reservedUpTo });
  }

  async figures(): Promise<JournalFigures> {
    const store = await this.#ask('figures', null);
    return { ...store, commit: this.#commit.figures(), commitWait: this.#commitWait.figures() };
  }

  /** Writes what was asked before, gives unused numbers back and ends the thread; within the bound in any case. */
  async close(timeoutMs = 5000): Promise<void> {
    if (this.#ended !== null) return;
    const bound = new AbortController();
    const late = Promise.withResolvers<null>();
    this.#clock.after(timeoutMs, () => late.resolve(null), bound.signal);
    const upTo = this.#nextSequence - 1;
    // The copy first: it must never know a higher number than the journal, which would look like a loss.
    const closed = this.#around.copy.save(this.#epoch, upTo).then(() => this.#ask('close', { reservedUpTo: upTo }));
    closed.catch(() => undefined); // whoever waits is told; nobody does after the bound
    const bounded = Promise.race([closed, late.promise]);
    try {
      await bounded;
    } finally {
      bound.abort();
      this.#end('it is closed');
      await this.#worker.terminate();
    }
  }

  #ask<C extends JournalCall>(call: C, ask: JournalCalls[C]['ask']): Promise<JournalCalls[C]['answer']> {
    const { promise, resolve, reject } = Promise.withResolvers<JournalCalls[C]['answer']>();
    if (this.#ended !== null) {
      reject(fail('journal/unwritable', { path: this.#path, cause: this.#ended }));
      return promise;
    }
    const id = this.#nextId;
    this.#nextId += 1;
    this.#waiting.set(id, { resolve: resolve as (value: unknown) => void, reject });
    this.#worker.postMessage({ id, call, ask } as Question);
    return promise;
  }

  #heed(word: News): void {
    const { state, clock } = this.#around;
    if (word.news === 'reserveUsed') {
      const when = new Date(clock.wallMs()).toISOString();
      const text = `the disk of ${this.#path} is full: since ${when} the journal lives on its reserve`;
      void state.faults.raise('disk', `${text} of ${word.bytes} bytes; free space`);
      return;
    }
    const { recovered } = word;
    this.#epoch = recovered.epoch;
    this.#nextSequence = Math.max(this.#nextSequence, recovered.nextSequence);
    this.#reservedUpTo = recovered.reservedUpTo;
    void this.tell(recovered);
  }

  #settle(answer: Answer): void {
    if (this.#ended !== null) return; // already rejected
    const waiting = this.#waiting.get(answer.id);
    invariant(waiting, `the journal answered ${answer.id}, which nobody asked`);
    this.#waiting.delete(answer.id);
    if ('error' in answer) waiting.reject(revive(answer.error));
    else waiting.resolve(answer.value);
  }

  #end(cause: string): void {
    this.#ended ??= cause;
    for (const { reject } of this.#waiting.values()) reject(fail('journal/unwritable', { path: this.#path, cause }));
    this.#waiting.clear();
  }
}

/** An error of the thread, again an error of the table. */
function revive(error: ThrownError): Error {
  return error.code === null ? new Error(error.message) : fail(error.code, error.values);
}
