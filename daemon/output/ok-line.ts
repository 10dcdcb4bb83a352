/**
 * The OK line of a station, as a control lane: energised only for the part triggered last, once its pass is committed
 * and announced, for a time or until the next trigger. It refuses everything else: a verdict of an older part, a
 * challenge sample, a line that is not ready. Where a second part is triggered before the first one's verdict, the
 * first one's OK is never shown: a PLC that overlaps parts reads the tags.
 */
import type { Clock } from '../clock.ts';
import type { VerdictRecord } from '../line/verdict.ts';
import type { ControlLane, Health, HealthListener } from '../publish/lane.ts';
import type { LineStatus } from '../publish/status.ts';
import type { DigitalOutput } from './port.ts';

export interface OkLineDeps {
  readonly lineId: string;
  readonly output: DigitalOutput;
  readonly clock: Pick<Clock, 'after'>;
  /** How long it is energised at most; 0: until the next trigger. */
  readonly holdMs: number;
}

export class OkLine implements ControlLane {
  readonly #deps: OkLineDeps;
  readonly #listeners: HealthListener[] = [];
  readonly #counters = { energised: 0 };
  /** The part triggered last; null before the first one and once its verdict was shown. */
  #awaited: number | null = null;
  #ready = false;
  #hold = new AbortController();

  constructor(deps: OkLineDeps) {
    this.#deps = deps;
    deps.output.release();
    deps.output.onProblem(() => {
      for (const listener of this.#listeners) listener(this.health());
    });
  }

  opened(_part: unknown, sequence: number): void {
    this.#release();
    this.#awaited = sequence;
  }

  announce(record: VerdictRecord): void {
    const own = record.sequence === this.#awaited;
    if (own) this.#awaited = null;
    this.#release();
    if (!own || !this.#ready || record.challenge || record.decision !== 'pass') return;
    const { output, clock, holdMs } = this.#deps;
    this.#hold = new AbortController();
    this.#counters.energised++;
    output.energise();
    if (holdMs > 0) clock.after(holdMs, () => this.#release(), this.#hold.signal);
  }

  showMask(): void {
    // One wire has no room for it.
  }

  /** A line that would not judge the next part says OK to none. */
  showStatus(status: LineStatus): void {
    this.#ready = status.ready;
    if (!status.ready) this.#release();
  }

  /** What is not proven to work any more says no OK either. */
  beat(problem: string | null): void {
    if (problem !== null) this.#release();
  }

  health(): Health {
    const { problem } = this.#deps.output;
    return { name: `output ${this.#deps.lineId}`, ok: problem === null, problem, counters: { ...this.#counters } };
  }

  onHealth(listener: HealthListener): void {
    this.#listeners.push(listener);
  }

  #release(): void {
    this.#hold.abort();
    this.#deps.output.release();
  }
}
