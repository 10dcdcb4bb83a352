/**
 * Parts that the plant opens by command: the exposure is asked for once the part is open, and triggers that the
 * plant counted and that never came are parts too. Refuses commands where a camera's counter opens the parts, and
 * after the stop: an error to whoever sent it, since no part can tell of it then.
 */
import { fail, invariant, messageOf } from '../../errors.ts';
import type { Clock } from '../clock.ts';
import type { Refusal } from './condition.ts';
import { maxMissedTriggers } from './counter.ts';
import type { LineCounters } from './counters.ts';
import type { LinePart } from './line-part.ts';
import type { LineSettings } from './settings.ts';
import type { PartOrigin } from './verdict.ts';

/** A trigger of the plant, with its own ids. */
export interface CommandedTrigger extends Omit<PartOrigin, 'triggerSource'> {
  readonly partId: string | null;
  /** Triggers just before this one that never came, by the plant's own count; at most `maxMissedTriggers`. */
  readonly unseen?: number;
}

/** What is known of a trigger that was not heard at its own time. */
export interface Unseen {
  /** Why its part is closed at once; absent where it can still be judged. */
  readonly refusal?: Refusal;
  /** On the monotonic clock, as far as can be told; NaN where nothing tells. */
  readonly dueAtMs: number;
  /** Of one whose instant is not known: it was before this. */
  readonly beforeMs?: number;
}

/** A trigger of which a later one's count tells, and nothing else. */
export function unheardBefore(beforeMs: number): Unseen {
  return { dueAtMs: Number.NaN, beforeMs };
}

/** What the line does for its commands. */
export interface CommandedLine {
  open(partId: string | null, origin: PartOrigin, unseen?: Unseen): LinePart;
  fault(part: LinePart, reason: 'cameraLost', detail: string): void;
  stopped(): boolean;
}

export interface CommandingDeps {
  readonly settings: LineSettings;
  readonly clock: Clock;
  /** Asks the cameras to expose; those that hardware triggers need no asking. */
  readonly expose?: (() => void) | undefined;
}

type Books = Pick<LineCounters, 'triggersRefused' | 'unseenTriggers'>;

export class Commanding {
  readonly #deps: CommandingDeps;
  readonly #line: CommandedLine;
  readonly #counters: Books;
  #exposing: number | null = null;
  #openedLastMs: number;

  constructor(deps: CommandingDeps, line: CommandedLine, counters: Books) {
    this.#deps = deps;
    this.#line = line;
    this.#counters = counters;
    this.#openedLastMs = deps.clock.nowMs();
  }

  /** The part whose exposure is asked for at this very moment: an edge heard now is its own. */
  get exposing(): number | null {
    return this.#exposing;
  }

  /** Opens the part. Throws `line/command` or `line/stopped`. */
  trigger({ partId, unseen = 0, ...ids }: CommandedTrigger): LinePart {
    const { lineId, triggerFrom } = this.#deps.settings;
    if (triggerFrom !== null) throw fail('line/command', { line: lineId, camera: triggerFrom });
    if (this.#line.stopped()) {
      this.#counters.triggersRefused++;
      throw fail('line/stopped', { line: lineId });
    }
    const origin: PartOrigin = { triggerSource: 'command', ...ids };
    this.#openUnseen(unseen, origin);
    const part = this.#line.open(partId, origin);
    this.#openedLastMs = part.openedAtMs;
    this.#expose(part);
    return part;
  }

  /** Evenly since the part before: so their edges, if they had any, are not taken for the one's that came. */
  #openUnseen(unseen: number, origin: PartOrigin): void {
    invariant(unseen <= maxMissedTriggers, `${unseen} triggers are no gap`);
    const sinceMs = this.#openedLastMs;
    const stepMs = (this.#deps.clock.nowMs() - sinceMs) / (unseen + 1);
    this.#counters.unseenTriggers += unseen;
    for (let before = unseen; before > 0; before--) {
      const plantSequence = origin.plantSequence === null ? null : (origin.plantSequence - before) >>> 0;
      const detail = 'the plant counted this trigger and it never came';
      const dueAtMs = sinceMs + (unseen + 1 - before) * stepMs;
      this.#line.open(null, { ...origin, plantSequence }, { refusal: { reason: 'unmatched', detail }, dueAtMs });
    }
  }

  #expose(part: LinePart): void {
    if (!this.#deps.expose || part.state.phase === 'closed') return;
    this.#exposing = part.ordinal;
    try {
      this.#deps.expose();
    } catch (error) {
      this.#line.fault(part, 'cameraLost', messageOf(error));
    } finally {
      this.#exposing = null;
    }
  }
}
