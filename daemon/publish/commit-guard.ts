/**
 * The rule of the journal, per line: what is announced is on the disk first, within a bound, or is not a pass. What
 * went out without its record is kept here until the journal takes it; so long a fault stands and the record lane
 * holds, for it must not tell another story than the control lane did, even where a slow commit succeeds after all.
 */
import { fail, messageOf } from '../../errors.ts';
import type { Clock } from '../clock.ts';
import { withoutCommit } from '../line/sink.ts';
import type { VerdictRecord } from '../line/verdict.ts';
import type { Journal } from './journal/journal.ts';
import type { Log } from './lane.ts';
import type { RecordLane } from './record-lane.ts';
import type { LineCounters } from './status.ts';

export interface CommitLimits {
  /** A commit that takes longer counts as failed; lies inside the part's deadline. */
  readonly commitMaxMs: number;
  /** Between two tries to write while the journal is at fault. */
  readonly probeMs: number;
  /** Records kept in memory until the journal takes them: three minutes at 5 parts/s, about 1 MB. */
  readonly unjournaledMax: number;
}

export const commitLimits: CommitLimits = { commitMaxMs: 250, probeMs: 1000, unjournaledMax: 1000 };

export interface CommitGuardOptions {
  readonly lineId: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly journal: Journal;
  readonly recordLane: RecordLane | null;
  readonly counters: LineCounters;
  readonly limits?: Partial<CommitLimits>;
  /** The fault came, went or changed. */
  readonly faultChanged: () => void;
}

export class CommitGuard {
  readonly #options: CommitGuardOptions;
  readonly #limits: CommitLimits;
  readonly #stopping = new AbortController();
  /** Announced, and not in the journal as announced; oldest first. */
  readonly #unjournaled = new Map<number, VerdictRecord>();
  #fault: string | null = null;
  #probing = false;

  constructor(options: CommitGuardOptions) {
    this.#options = options;
    this.#limits = { ...commitLimits, ...options.limits };
  }

  /** Why no pass goes out; null while the journal is written. */
  get fault(): string | null {
    return this.#fault;
  }

  /** What may be announced of a judged part, and whether it is on the disk. */
  async commit(judged: VerdictRecord): Promise<{ record: VerdictRecord; committed: boolean }> {
    try {
      await this.#commitInTime(judged);
      this.#endFault();
      return { record: judged, committed: true };
    } catch (error) {
      const record = withoutCommit(judged, messageOf(error));
      this.#keep(record);
      this.failed(error);
      return { record, committed: false };
    }
  }

  /** Something could not be written: from here on the plant knows. */
  failed(error: unknown): void {
    const text = messageOf(error);
    if (this.#fault === null) {
      this.#options.log.error(
        { lineId: this.#options.lineId, cause: text },
        'the journal cannot be written: no part passes',
      );
    }
    this.#setFault(text);
    this.#probeLater();
  }

  /** One last try for what is still kept; what the journal does not take now is lost to the record lane, and said. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    if (this.#unjournaled.size === 0) return;
    try {
      await this.#flush();
    } catch (error) {
      const results = [...this.#unjournaled.values()].map((record) => record.resultId);
      this.#options.counters.recordsLost += results.length;
      this.#options.log.error({ results, cause: messageOf(error) }, 'records lost: the journal never took them');
    }
  }

  async #commitInTime(record: VerdictRecord): Promise<void> {
    const { clock, journal, recordLane } = this.#options;
    const limitMs = this.#limits.commitMaxMs;
    const bound = new AbortController();
    const late = Promise.withResolvers<never>();
    clock.after(limitMs, () => late.reject(fail('journal/slow', { limitMs })), bound.signal);
    try {
      await Promise.race([journal.commit(record, recordLane !== null), late.promise]);
    } finally {
      bound.abort();
    }
  }

  #keep(record: VerdictRecord): void {
    this.#options.counters.unjournaled += 1;
    this.#unjournaled.set(record.sequence, record);
    if (this.#unjournaled.size > this.#limits.unjournaledMax) {
      const [sequence, oldest] = this.#unjournaled.entries().next().value as [number, VerdictRecord];
      this.#unjournaled.delete(sequence);
      this.#options.counters.recordsLost += 1;
      this.#options.log.error({ resultId: oldest.resultId }, 'record lost: the journal takes nothing');
    }
    this.#holdRecordLane();
  }

  #holdRecordLane(): void {
    const first = this.#unjournaled.keys().next().value;
    this.#options.recordLane?.holdFrom(first ?? null);
  }

  async #flush(): Promise<void> {
    for (const [sequence, record] of this.#unjournaled) {
      await this.#commitInTime(record);
      this.#unjournaled.delete(sequence);
      this.#holdRecordLane();
    }
  }

  #setFault(text: string | null): void {
    if (text === this.#fault) return;
    this.#fault = text;
    this.#options.faultChanged();
  }

  /** A plant that heeds "not ready" sends no part, so the way back cannot wait for one. */
  #probeLater(): void {
    if (this.#probing || this.#stopping.signal.aborted) return;
    this.#probing = true;
    const probe = async (): Promise<void> => {
      try {
        await this.#options.journal.probe();
        await this.#flush();
        this.#probing = false;
        this.#endFault();
      } catch (error) {
        this.#probing = false;
        this.failed(error);
      }
    };
    this.#options.clock.after(this.#limits.probeMs, () => void probe(), this.#stopping.signal);
  }

  /** The fault ends only when nothing announced is missing in the journal. */
  #endFault(): void {
    if (this.#fault === null || this.#unjournaled.size > 0) return;
    this.#options.log.info({ lineId: this.#options.lineId }, 'the journal can be written again');
    this.#setFault(null);
    this.#options.recordLane?.wake();
  }
}
