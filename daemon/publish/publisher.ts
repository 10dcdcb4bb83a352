/**
 * From the line's judgement to the plant, one publisher per line. It journals first, then announces in the control
 * lane; the record lane runs behind it from the journal. It refuses to let a pass out that is not on the disk: such a
 * part becomes undecided / journal, the line is not ready, and a fault stands until the journal can be written again.
 */
import { createHash } from 'node:crypto';
import { invariant, messageOf } from '../../errors.ts';
import type { Clock } from '../clock.ts';
import type { LineCommands } from '../command/port.ts';
import type { OpenedPart, PartEvidence, VerdictSink } from '../line/sink.ts';
import type { Mask, VerdictRecord } from '../line/verdict.ts';
import { CommitGuard, type CommitLimits } from './commit-guard.ts';
import type { Journal } from './journal/journal.ts';
import type { ControlLane, Health, HealthListener, Log } from './lane.ts';
import { checkLineId, type MaskReference } from './payload.ts';
import type { RecordLane } from './record-lane.ts';
import type { LineCounters, LineState, LineStatus } from './status.ts';

export type EncodePng = (pixels: Uint8Array, widthPx: number, heightPx: number, channels: 1 | 3) => Promise<Uint8Array>;

export interface PublisherLimits {
  /** Masks being encoded at once; the encoder is off this thread, its queue is memory. */
  readonly encodingMax: number;
  /** PLCs watch for a step within a second or two. */
  readonly heartbeatMs: number;
  /** The status topic is repeated at least so often, for its counters. */
  readonly statusMs: number;
}

export const publisherLimits: PublisherLimits = {
  encodingMax: 4,
  heartbeatMs: 500,
  statusMs: 10_000,
};

export interface PublisherOptions {
  readonly lineId: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly journal: Journal;
  readonly control: readonly ControlLane[];
  /** Null where nobody keeps records but the result store. */
  readonly recordLane: RecordLane | null;
  readonly encodePng: EncodePng;
  /** The topic masks will be found on; null where no lane carries them. */
  readonly maskTopic: ((resultId: string) => string) | null;
  readonly counters: LineCounters;
  /**
   * What is at fault with the state folder and waits for a person; null or absent: nothing. Shown as a warning: a PLC
   * that takes no pass while `Fault` stands must not stop the line for it.
   */
  readonly stateFault?: () => string | null;
  /** Told of each verdict as it went out, after the lanes: for the console and the bench. */
  readonly announced?: (record: VerdictRecord, committed: boolean) => void;
  readonly limits?: Partial<PublisherLimits & CommitLimits>;
}

/** All zero; shared between a line's publisher and its record lane. */
export function newCounters(): LineCounters {
  return {
    opened: 0,
    challenges: 0,
    rejectsInARow: 0,
    pass: 0,
    fail: 0,
    undecided: 0,
    unjournaled: 0,
    recordsLost: 0,
    recordsSent: 0,
    recordsReplayed: 0,
    masksSent: 0,
    masksDropped: 0,
  };
}

export class Publisher implements VerdictSink {
  readonly #options: PublisherOptions;
  readonly #limits: PublisherLimits;
  readonly #stopping = new AbortController();
  readonly #guard: CommitGuard;
  readonly #healthListeners: HealthListener[] = [];
  #state: LineState = { ready: false, why: 'starting', fault: null, bundle: null };
  #encoding = 0;
  #statusShownMs = Number.NEGATIVE_INFINITY;
  #pulse: string | null = 'not checked yet';

  constructor(options: PublisherOptions) {
    checkLineId(options.lineId);
    this.#options = options;
    this.#limits = { ...publisherLimits, ...options.limits };
    this.#guard = new CommitGuard({ ...options, faultChanged: () => this.#faultChanged() });
  }

  /** Shows "not ready, no verdict", tells of parts a kill had left open, and begins to beat and to drain. */
  async start(): Promise<void> {
    const { journal, lineId, log, recordLane } = this.#options;
    const interrupted = journal.recovered.filter((record) => record.lineId === lineId);
    if (interrupted.length > 0) {
      const results = interrupted.map((record) => record.resultId);
      log.warn({ lineId, results }, 'parts left open by the last run are closed as undecided / interrupted');
    }
    if (recordLane) recordLane.start();
    else await forgetWaiting(journal, lineId);
    this.#showStatus();
    this.#beat();
  }

  /** A part began. The sequence is given at once; its entry reaches the disk behind, before any verdict of it. */
  opened(part: OpenedPart): number {
    invariant(
      part.lineId === this.#options.lineId,
      `publisher of ${this.#options.lineId} got a part of ${part.lineId}`,
    );
    const { sequence, journaled } = this.#options.journal.open(part);
    this.#options.counters.opened += 1;
    for (const lane of this.#options.control) this.#guarded(() => lane.opened?.(part, sequence));
    // Not a verdict yet, so nothing to hold back: but from here on the plant shall know.
    journaled.catch((error: unknown) => this.#guard.failed(error));
    return sequence;
  }

  /** Both images of a part are here. */
  acquired(sequence: number): void {
    for (const lane of this.#options.control) this.#guarded(() => lane.acquired?.(sequence));
  }

  /**
   * A part is judged. Announced after its commit or the bound on it; resolves true when committed, false where it went
   * out without (and not as a pass).
   */
  async closed(judged: VerdictRecord, evidence: Pick<PartEvidence, 'mask'> | null): Promise<boolean> {
    const { counters, recordLane, announced } = this.#options;
    const mask = evidence?.mask ? this.#copyMask(evidence.mask) : null;
    const { record, committed } = await this.#guard.commit({ ...judged, epoch: this.#options.journal.epoch });
    count(counters, record);
    this.#announce(record, mask);
    announced?.(record, committed);
    if (mask) this.#encode(record, mask);
    recordLane?.wake();
    return committed;
  }

  /** The mask's memory is the line's, and is gone after this call; null where no encoder is free for it. */
  #copyMask(mask: Mask): Mask | null {
    if (this.#encoding < this.#limits.encodingMax) return { ...mask, pixels: mask.pixels.slice() };
    this.#options.counters.masksDropped += 1;
    return null;
  }

  /** What the line says of itself; shown at once. */
  setState(state: LineState): void {
    this.#state = state;
    this.#showStatus();
  }

  /** The journal does not answer: no part passes until it is written again. */
  journalSilent(problem: string): void {
    this.#guard.failed(new Error(problem));
  }

  /** A fault of the state folder came or went. */
  faultsChanged(): void {
    this.#showStatus();
  }

  /** Why capture and inference are not proven to work; null while they are: the heartbeat steps only then. */
  setPulse(problem: string | null): void {
    this.#pulse = problem;
  }

  /** Rejects in a row are counted anew. */
  resetRejects(): void {
    this.#options.counters.rejectsInARow = 0;
    this.#showStatus();
  }

  /** For the lanes that carry commands. */
  attach(commands: LineCommands, challenge: (on: boolean) => void): void {
    for (const lane of this.#options.control) lane.attach?.(commands, challenge);
  }

  status(): LineStatus {
    const { lineId, counters } = this.#options;
    // A lane's own fault needs a person too, but is no reason not to judge.
    const fault = this.#guard.fault ?? this.#state.fault ?? this.#laneFault();
    const stopped = this.#stopping.signal.aborted ? 'stopping' : null;
    const why = stopped ?? this.#guard.fault ?? this.#state.why ?? this.#state.fault;
    const of = stopped ? 'stopped' : this.#guard.fault !== null ? 'journal' : (this.#state.cause ?? 'other');
    const cause = why === null ? null : of;
    const stateFault = this.#options.stateFault?.() ?? null;
    const warnings = stateFault === null ? [] : [stateFault];
    return { lineId, ready: why === null, why, cause, fault, bundle: this.#state.bundle, counters, warnings };
  }

  #laneFault(): string | null {
    for (const lane of this.#options.control) {
      const { fault } = lane.health();
      if (fault) return fault;
    }
    return null;
  }

  /** The way to the disk, and how much went wrong on the way out. */
  health(): Health {
    const { lineId, counters } = this.#options;
    const problem = this.#guard.fault;
    return { name: `publisher ${lineId}`, ok: problem === null, problem, counters: { ...counters } };
  }

  onHealth(listener: HealthListener): void {
    this.#healthListeners.push(listener);
  }

  #faultChanged(): void {
    this.#showStatus();
    for (const listener of this.#healthListeners) listener(this.health());
  }

  /** Not ready, then one last try to journal what it still holds. Lanes and journal are their owner's to stop. */
  async stop(): Promise<void> {
    if (this.#stopping.signal.aborted) return;
    this.#stopping.abort();
    this.#showStatus();
    await this.#options.recordLane?.stop();
    await this.#guard.stop();
  }

  #announce(record: VerdictRecord, mask: Mask | null): void {
    const { control, maskTopic, counters } = this.#options;
    const reference: MaskReference | null =
      mask && maskTopic
        ? { topic: maskTopic(record.resultId), sha256: null, widthPx: mask.widthPx, heightPx: mask.heightPx }
        : null;
    for (const lane of control) this.#guarded(() => lane.announce(record, reference, counters));
  }

  #encode(record: VerdictRecord, mask: Mask): void {
    const { counters, journal, recordLane, encodePng, control, lineId, log } = this.#options;
    this.#encoding += 1;
    const encode = async (): Promise<void> => {
      try {
        const png = await encodePng(mask.pixels, mask.widthPx, mask.heightPx, 1);
        for (const lane of control) this.#guarded(() => lane.showMask(record, png));
        if (!recordLane) return;
        const sha256 = createHash('sha256').update(png).digest('hex');
        const { widthPx, heightPx } = mask;
        await journal.attachMask(lineId, { sequence: record.sequence, widthPx, heightPx, sha256, png });
      } catch (error) {
        counters.masksDropped += 1;
        log.warn({ resultId: record.resultId, cause: messageOf(error) }, 'mask dropped');
      } finally {
        this.#encoding -= 1;
        recordLane?.wake();
      }
    };
    const encoded = encode();
    recordLane?.waitForMask(record.sequence, encoded);
  }

  #showStatus(): void {
    const status = this.status();
    this.#statusShownMs = this.#options.clock.nowMs();
    for (const lane of this.#options.control) this.#guarded(() => lane.showStatus(status));
  }

  #beat(): void {
    for (const lane of this.#options.control) this.#guarded(() => lane.beat(this.#pulse));
    if (this.#options.clock.nowMs() - this.#statusShownMs >= this.#limits.statusMs) this.#showStatus();
    this.#options.clock.after(this.#limits.heartbeatMs, () => this.#beat(), this.#stopping.signal);
  }

  /** One lane's mistake must not keep the verdict from the others. Once this has stopped, lanes may be gone. */
  #guarded(show: () => void): void {
    try {
      if (!this.#guard.ended) show();
    } catch (error) {
      this.#options.log.error({ lineId: this.#options.lineId, cause: messageOf(error) }, 'a control lane failed');
    }
  }
}

/** A challenge proves the station; it is no production, whatever comes of it. */
function count(counters: LineCounters, { decision, challenge }: VerdictRecord): void {
  if (challenge) {
    counters.challenges += 1;
    return;
  }
  counters[decision] += 1;
  counters.rejectsInARow = decision === 'pass' ? 0 : counters.rejectsInARow + 1;
}

/** Without a record link nobody would ever acknowledge; the records stay for the result store. */
async function forgetWaiting(journal: Journal, lineId: string): Promise<void> {
  const pageSize = 500;
  for (;;) {
    const page = await journal.pending(lineId, 0, pageSize);
    await Promise.all(page.map(({ record }) => journal.acknowledge(lineId, record.sequence)));
    if (page.length < pageSize) return;
  }
}
