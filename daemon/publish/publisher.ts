/**
 * From the line's judgement to the plant, one publisher per line. It journals first, then announces in the control
 * lane; the record lane runs behind it from the journal. It refuses to let a pass out that is not on the disk: such a
 * part becomes undecided / journal, the line is not ready, and a fault stands until the journal can be written again.
 */
import { createHash } from 'node:crypto';
import { fail, invariant, messageOf } from '../../errors.ts';
import type { Clock } from '../clock.ts';
import { type OpenedPart, type PartEvidence, type VerdictSink, withoutCommit } from '../line/sink.ts';
import type { Mask, VerdictRecord } from '../line/verdict.ts';
import type { Journal } from './journal/journal.ts';
import type { ControlLane, Health, HealthListener, LineCounters, LineState, LineStatus, Log } from './lane.ts';
import { checkLineId, type MaskReference } from './payload.ts';
import type { RecordLane } from './record-lane.ts';

export type EncodePng = (pixels: Uint8Array, widthPx: number, heightPx: number, channels: 1 | 3) => Promise<Uint8Array>;

export interface PublisherLimits {
  /** A commit that takes longer counts as failed; lies inside the part's deadline. */
  readonly commitMaxMs: number;
  /** Between two tries to write while the journal is at fault. */
  readonly probeMs: number;
  /** Degraded records kept in memory until the journal takes them: three minutes at 5 parts/s, about 1 MB. */
  readonly unjournaledMax: number;
  /** Masks being encoded at once; the encoder is off this thread, its queue is memory. */
  readonly encodingMax: number;
  /** PLCs watch for a step within a second or two. */
  readonly heartbeatMs: number;
  /** The status topic is repeated at least so often, for its counters. */
  readonly statusMs: number;
}

export const publisherLimits: PublisherLimits = {
  commitMaxMs: 250,
  probeMs: 1000,
  unjournaledMax: 1000,
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
  /** Told of each verdict as it went out, after the lanes: for the console and the bench. */
  readonly announced?: (record: VerdictRecord, committed: boolean) => void;
  readonly limits?: Partial<PublisherLimits>;
}

/** All zero; shared between a line's publisher and its record lane. */
export function newCounters(): LineCounters {
  return {
    opened: 0,
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
  /** Announced records the journal does not hold as announced, oldest first. */
  readonly #unjournaled = new Map<number, VerdictRecord>();
  readonly #healthListeners: HealthListener[] = [];
  #state: LineState = { ready: false, why: 'starting', fault: null, bundle: null };
  #journalFault: string | null = null;
  #probing = false;
  #encoding = 0;
  #statusShownMs = Number.NEGATIVE_INFINITY;

  constructor(options: PublisherOptions) {
    checkLineId(options.lineId);
    this.#options = options;
    this.#limits = { ...publisherLimits, ...options.limits };
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
    // Not a verdict yet, so nothing to hold back: but from here on the plant shall know.
    journaled.catch((error: unknown) => this.#fault(messageOf(error)));
    return sequence;
  }

  /**
   * A part is judged. Announced after its commit or the bound on it; resolves true when committed, false where it went
   * out without (and not as a pass).
   */
  async closed(judged: VerdictRecord, evidence: Pick<PartEvidence, 'mask'> | null): Promise<boolean> {
    const { counters, recordLane, announced } = this.#options;
    const mask = evidence?.mask ? this.#copyMask(evidence.mask) : null;
    const committed = await this.#commitInTime(judged).then(
      () => null,
      (error: unknown) => messageOf(error),
    );
    const record = committed === null ? judged : withoutCommit(judged, committed);
    if (committed === null) this.#clearFault();
    else {
      counters.unjournaled += 1;
      this.#keepUnjournaled(record);
      this.#fault(committed);
    }
    counters[record.decision] += 1;
    this.#announce(record, mask);
    announced?.(record, committed === null);
    if (mask) this.#encode(record, mask);
    recordLane?.wake();
    return committed === null;
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

  status(): LineStatus {
    const { lineId, counters } = this.#options;
    const fault = this.#journalFault ?? this.#state.fault;
    const stopped = this.#stopping.signal.aborted ? 'stopping' : null;
    const why = stopped ?? this.#journalFault ?? this.#state.why ?? this.#state.fault;
    return { lineId, ready: why === null, why, fault, bundle: this.#state.bundle, counters };
  }

  /** The way to the disk, and how much went wrong on the way out. */
  health(): Health {
    const { lineId, counters } = this.#options;
    const problem = this.#journalFault;
    return { name: `publisher ${lineId}`, ok: problem === null, problem, counters: { ...counters } };
  }

  onHealth(listener: HealthListener): void {
    this.#healthListeners.push(listener);
  }

  /** Not ready, then one last try to journal what it still holds. The lanes and the journal are their owner's to stop. */
  async stop(): Promise<void> {
    if (this.#stopping.signal.aborted) return;
    this.#stopping.abort();
    this.#showStatus();
    await this.#options.recordLane?.stop();
    if (this.#unjournaled.size > 0) await this.#flush().catch((error: unknown) => this.#lost(error));
  }

  #lost(error: unknown): void {
    const results = [...this.#unjournaled.values()].map((record) => record.resultId);
    this.#options.counters.recordsLost += results.length;
    this.#options.log.error({ results, cause: messageOf(error) }, 'records lost: the journal never took them');
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

  /**
   * The record lane must not tell another story than the control lane did, even where a slow commit succeeds after
   * all: it holds from here until the announced record has replaced it.
   */
  #keepUnjournaled(record: VerdictRecord): void {
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
      await this.#options.journal.commit(record, this.#options.recordLane !== null);
      this.#unjournaled.delete(sequence);
      this.#holdRecordLane();
    }
  }

  #fault(text: string): void {
    if (this.#journalFault === null) {
      this.#options.log.error({ lineId: this.#options.lineId, cause: text }, 'journal at fault: no part passes');
    }
    this.#setJournalFault(text);
    this.#probeLater();
  }

  #setJournalFault(text: string | null): void {
    if (text === this.#journalFault) return;
    this.#journalFault = text;
    this.#showStatus();
    for (const listener of this.#healthListeners) listener(this.health());
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
        this.#clearFault();
      } catch (error) {
        this.#probing = false;
        this.#fault(messageOf(error));
      }
    };
    this.#options.clock.after(this.#limits.probeMs, () => void probe(), this.#stopping.signal);
  }

  /** The fault ends only when nothing announced is missing in the journal. */
  #clearFault(): void {
    if (this.#journalFault === null || this.#unjournaled.size > 0) return;
    this.#options.log.info({ lineId: this.#options.lineId }, 'journal is written again');
    this.#setJournalFault(null);
    this.#options.recordLane?.wake();
  }

  #announce(record: VerdictRecord, mask: Mask | null): void {
    const { control, maskTopic } = this.#options;
    const reference: MaskReference | null =
      mask && maskTopic
        ? { topic: maskTopic(record.resultId), sha256: null, widthPx: mask.widthPx, heightPx: mask.heightPx }
        : null;
    for (const lane of control) this.#guarded(() => lane.announce(record, reference));
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
    for (const lane of this.#options.control) this.#guarded(() => lane.beat());
    if (this.#options.clock.nowMs() - this.#statusShownMs >= this.#limits.statusMs) this.#showStatus();
    this.#options.clock.after(this.#limits.heartbeatMs, () => this.#beat(), this.#stopping.signal);
  }

  /** One lane's mistake must not keep the verdict from the others. */
  #guarded(show: () => void): void {
    try {
      show();
    } catch (error) {
      this.#options.log.error({ lineId: this.#options.lineId, cause: messageOf(error) }, 'a control lane failed');
    }
  }
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
