/**
 * Tells closed parts to the sink in trigger order, keeps the books of what was told, and watches what the sink says
 * of each commit. A pass whose record could not be committed is counted as what went out: undecided / journal.
 */

import { messageOf } from '../../errors.ts';
import type { LineCounters } from './counters.ts';
import type { PartEvidence, VerdictSink } from './sink.ts';
import { withoutCommit } from './sink.ts';
import type { VerdictRecord } from './verdict.ts';

type Books = Pick<LineCounters, 'decisions' | 'reasons' | 'challenges' | 'uncommitted'>;

export class Teller {
  readonly #sink: VerdictSink;
  readonly #books: Books;
  readonly #settled: () => void;
  #pending = 0;
  #journalProblem: string | null = null;

  /** `settled` is called whenever a commit was answered. */
  constructor(sink: VerdictSink, books: Books, settled: () => void) {
    this.#sink = sink;
    this.#books = books;
    this.#settled = settled;
  }

  /** Records told and not yet answered. */
  get pending(): number {
    return this.#pending;
  }

  /** Why the latest answered record was not committed; null where it was. */
  get journalProblem(): string | null {
    return this.#journalProblem;
  }

  tell(record: VerdictRecord, evidence: PartEvidence | null): void {
    this.#count(record, 1);
    this.#pending++;
    Promise.try(() => this.#sink.closed(record, evidence)).then(
      (committed) => this.#answered(record, committed ? null : 'the record could not be committed'),
      (error: unknown) => this.#answered(record, messageOf(error)),
    );
  }

  #answered(record: VerdictRecord, problem: string | null): void {
    this.#pending--;
    this.#journalProblem = problem;
    if (problem !== null) {
      this.#books.uncommitted++;
      this.#count(record, -1);
      this.#count(withoutCommit(record, problem), 1);
    }
    this.#settled();
  }

  #count(record: VerdictRecord, by: 1 | -1): void {
    if (record.challenge) {
      this.#books.challenges[record.decision] += by;
      return;
    }
    this.#books.decisions[record.decision] += by;
    this.#books.reasons[record.reason] += by;
  }
}
