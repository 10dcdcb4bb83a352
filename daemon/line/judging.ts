/**
 * From a framed part to its outcome: the pair brought onto the bundle's grid, one inference at a time, the judgement.
 * Refuses pairs of another size than the bundle's, readings after the deadline, and readings of another bundle.
 * Between two inferences waiting changes (a bundle swap) are let in.
 */
import { fail, invariant, TwinspectError } from '../../errors.ts';
import type { Clock } from '../clock.ts';
import type { InferencePort, Reading, ServedBundle } from '../inference/port.ts';
import { Gap } from './gap.ts';
import type { HeldPair, Register } from './held.ts';
import { judge } from './judge.ts';
import type { LinePart } from './line-part.ts';
import type { FaultReason, PartEvent } from './part.ts';
import { decideWithinMs, type LineSettings } from './settings.ts';
import { InferenceTurn } from './turn.ts';

/** What the line does for the judging of its parts. */
export interface JudgingLine {
  /** The part whose turn is next: the oldest complete pair. */
  framed(): LinePart | undefined;
  step(part: LinePart, event: PartEvent): void;
  fault(part: LinePart, reason: FaultReason, detail: string): void;
  /** An inference is over; the next one, where a part waited, has begun. */
  over(): void;
  /** A reading whose part was closed before it came. */
  late(part: LinePart, reading: Reading): void;
}

export interface JudgingDeps {
  readonly settings: LineSettings;
  readonly clock: Clock;
  readonly port: InferencePort;
  readonly register: Register;
}

export class Judging {
  readonly #deps: JudgingDeps;
  readonly #line: JudgingLine;
  readonly #turn: InferenceTurn;
  readonly #gap: Gap;

  constructor(deps: JudgingDeps, line: JudgingLine) {
    this.#deps = deps;
    this.#line = line;
    this.#turn = new InferenceTurn(deps.clock, deps.settings.abandonAfterMs);
    this.#gap = new Gap(deps.settings.lineId);
  }

  get busy(): boolean {
    return this.#turn.busy;
  }

  get counters(): InferenceTurn['counters'] {
    return this.#turn.counters;
  }

  /** Makes a change while no part is being judged. Resolves when it is made, rejects as it throws. */
  between(change: () => void): Promise<void> {
    const made = this.#gap.ask(change);
    this.next();
    return made;
  }

  /** Lets a check have the turn; false while another has it. Rejects as it does, or when it is not over in time. */
  async check(check: (signal: AbortSignal) => Promise<void>, limitMs: number): Promise<boolean> {
    if (this.#turn.busy) return false;
    const { promise, resolve, reject } = Promise.withResolvers<boolean>();
    const bound = new AbortController();
    this.#deps.clock.after(limitMs, () => this.#turn.giveUp('the check took too long'), bound.signal);
    this.#turn.begin(check, {
      done: () => resolve(true),
      failed: (cause) => reject(fail('inference/check', { cause })),
      late: () => undefined,
      over: () => {
        bound.abort();
        reject(fail('inference/hung', { limitMs }));
        this.next();
        this.#line.over();
      },
    });
    return promise;
  }

  /** The part being judged was closed: nobody waits for its reading any more. */
  giveUp(cause: string): void {
    this.#turn.giveUp(cause);
  }

  /** Begins the next inference, and lets waiting changes in before it. */
  next(): void {
    while (!this.#turn.busy) {
      this.#gap.open();
      const part = this.#line.framed();
      if (!part) return;
      this.#begin(part);
    }
  }

  #begin(part: LinePart): void {
    const bundle = this.#deps.port.bundle();
    const { held, bundle: atOpening } = part;
    invariant(held, 'a framed part has no pair');
    const changed = atOpening && bundle && atOpening.recipe !== bundle.recipe;
    if (bundle === null || changed) {
      if (!changed) part.bundle = bundle;
      const detail = changed ? 'the recipe was changed while the part was open' : 'no bundle is in service';
      this.#line.fault(part, 'noModel', detail);
      return;
    }
    part.bundle = bundle;
    this.#line.step(part, { kind: 'inferring' });
    held.hold();
    this.#turn.begin((signal) => this.#infer(held, bundle, signal), {
      done: (reading) => this.#read(part, bundle, reading),
      late: (reading) => this.#late(part, reading),
      failed: (cause, error) => this.#line.fault(part, isSize(error) ? 'size' : 'inference', cause),
      over: () => {
        held.letGo();
        this.next();
        this.#line.over();
      },
    });
  }

  /** Brings the pair onto the bundle's grid, and infers. Rejects with `image/size` where it is another. */
  async #infer(held: HeldPair, bundle: ServedBundle, signal: AbortSignal): Promise<Reading> {
    const images = await held.register(this.#deps.register);
    signal.throwIfAborted();
    const [actual, expected] = [images, bundle].map(({ widthPx, heightPx }) => `${widthPx} x ${heightPx}`);
    if (actual !== expected)
      throw fail('image/size', { what: 'the pair', actual: actual!, expected: `the bundle's ${expected}` });
    return this.#deps.port.infer(images, signal);
  }

  #late(part: LinePart, reading: Reading): void {
    this.#turn.counters.lateReadings++;
    this.#line.late(part, reading);
  }

  #read(part: LinePart, bundle: ServedBundle, reading: Reading): void {
    const { settings, clock, port } = this.#deps;
    // A busy event loop may bring the reading before the timer that should have closed the part.
    if (clock.nowMs() - part.openedAtMs >= decideWithinMs(settings)) {
      this.#line.step(part, { kind: 'deadline' });
      this.#late(part, reading);
    } else if (port.bundle()?.digest !== bundle.digest) {
      this.#line.fault(part, 'inference', 'the bundle was changed while the part was judged');
    } else {
      const judgement = judge(bundle, reading);
      part.judged = { reading, judgement };
      this.#line.step(part, { kind: 'reading', outcome: judgement });
    }
  }
}

const isSize = (error: unknown): boolean => error instanceof TwinspectError && error.code === 'image/size';
