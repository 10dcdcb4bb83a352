/**
 * The parts under way and the jobs they belong to: which one a state, or an event, speaks of. Numbers of jobs are the
 * line's own and rise, also over restarts. Bounded by what the line has in flight; the oldest gives way beyond it.
 */
import type { OpenedPart } from '../../../line/sink.ts';
import { resultIdOf } from '../../payload.ts';
import { jobIdOf, ownRunOf } from './result.ts';

/** The line itself closes parts at 1024 in flight. */
const openMax = 2048;

export class Jobs {
  readonly #lineId: string;
  /** Sequence -> job, of the parts that are open. */
  readonly #open = new Map<number, string>();
  /** Of those, the ones that a command opened and nobody stopped waiting for. */
  readonly #commanded = new Set<number>();
  readonly #startedAtMs: number;
  #counted = 0;
  #run: string;
  #last: string;

  /** `startedAtMs`: wall clock of the start, which tells the jobs of one start from another's. */
  constructor(lineId: string, startedAtMs: number) {
    this.#lineId = lineId;
    this.#startedAtMs = startedAtMs;
    this.#run = ownRunOf(lineId);
    this.#last = this.#run;
  }

  /** A number for a job that a client starts. */
  next(): string {
    this.#counted += 1;
    return `${this.#lineId}-job-${this.#startedAtMs.toString(36)}-${this.#counted}`;
  }

  opened(part: OpenedPart, sequence: number): void {
    const { lineId, origin } = part;
    this.#last = jobIdOf({ ...origin, lineId, resultId: resultIdOf(lineId, sequence) });
    this.#open.set(sequence, this.#last);
    if (origin.triggerSource === 'command') this.#commanded.add(sequence);
    const oldest = this.#open.size > openMax ? this.#open.keys().next().value : undefined;
    if (oldest !== undefined) this.closed(oldest);
  }

  closed(sequence: number): void {
    this.#open.delete(sequence);
    this.#commanded.delete(sequence);
  }

  /** The job of a part that is open. */
  of(sequence: number): string | undefined {
    return this.#open.get(sequence);
  }

  /** A commanded part is being judged. */
  get working(): boolean {
    return this.#commanded.size > 0;
  }

  /** Nobody waits for the parts under way any more; their results come all the same. */
  release(): void {
    this.#commanded.clear();
  }

  /** The continuous run begins under this job; null = the line's own. */
  runs(job: string | null): void {
    this.#run = job ?? ownRunOf(this.#lineId);
  }

  /** The job that a state speaks of. */
  current(continuous: boolean): string {
    return continuous ? this.#run : this.#last;
  }
}
