/**
 * The record lane of one line: from the journal to the broker, in order, a few in flight, forgotten on acknowledgement.
 * After a cut it begins again at the first record not acknowledged, so the order of first arrivals is the order of the
 * journal; whatever may have been seen before, or is history by then, says `replayed`. Masks go when no record waits.
 */
import { messageOf, TwinspectError } from '../../errors.ts';
import type { Clock } from '../clock.ts';
import { Complaints } from './complaints.ts';
import type { Journal } from './journal/journal.ts';
import type { PendingMask, PendingRecord } from './journal/messages.ts';
import type { Log, RecordLink } from './lane.ts';
import { resultIdOf, verdictPayload } from './payload.ts';
import type { LineCounters } from './status.ts';

export interface RecordLaneLimits {
  /** Records sent and not yet acknowledged; brokers take at least 10 (Receive Maximum is often 20). */
  readonly inFlightMax: number;
  /** Older records are history for whoever reads them. */
  readonly liveWindowMs: number;
  /** A record waits so long for its mask's digest; encoding takes some ms. */
  readonly maskWaitMs: number;
  /** Records fetched from the journal at once. */
  readonly pageSize: number;
  /** Cuts under one mask after which it is given up. */
  readonly maskCutsMax: number;
  /** The same trouble is logged again after it. */
  readonly complainMs: number;
  /** Between tries when the journal cannot be read. */
  readonly retryMs: number;
  /** The last acknowledgements are waited for so long at a stop; the rest is sent again at the next start. */
  readonly stopMaxMs: number;
}

export const recordLaneLimits: RecordLaneLimits = {
  inFlightMax: 10,
  liveWindowMs: 5000,
  maskWaitMs: 500,
  pageSize: 100,
  maskCutsMax: 10,
  complainMs: 60_000,
  retryMs: 1000,
  stopMaxMs: 1000,
};

export interface RecordLaneOptions {
  readonly lineId: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly journal: Journal;
  readonly link: RecordLink;
  readonly maskTopic: (resultId: string) => string;
  readonly counters: LineCounters;
  readonly limits?: Partial<RecordLaneLimits>;
}

export class RecordLane {
  readonly #options: RecordLaneOptions;
  readonly #limits: RecordLaneLimits;
  readonly #stopping = new AbortController();
  readonly #masksComing = new Map<number, Promise<void>>();
  readonly #inFlight = new Set<Promise<void>>();
  /** Counts runs through the journal: a cut or a refused record begins a new one at the first record that waits. */
  #attempt = 0;
  #sentUpTo = 0;
  #everSentUpTo = 0;
  #closedBeforeMs = Number.NEGATIVE_INFINITY;
  #holdFrom: number | null = null;
  #awake = false;
  #running: Promise<void> | null = null;
  #refused = false;
  #maskTries = { sequence: 0, cuts: 0 };
  readonly #complaints: Complaints;

  constructor(options: RecordLaneOptions) {
    this.#options = options;
    this.#limits = { ...recordLaneLimits, ...options.limits };
    this.#complaints = new Complaints(options.clock, options.log, this.#limits.complainMs);
    options.link.onLink((connected) => this.#linkChanged(connected));
  }

  start(): void {
    if (this.#options.link.connected()) this.#linkChanged(true);
  }

  /** There may be something to send. */
  wake(): void {
    this.#awake = true;
    if (this.#running || this.#stopping.signal.aborted || !this.#options.link.connected()) return;
    this.#running = this.#run().finally(() => {
      this.#running = null;
      if (this.#awake) this.wake();
    });
  }

  /** Sends nothing from this sequence on until told otherwise; null = nothing is held. */
  holdFrom(sequence: number | null): void {
    this.#holdFrom = sequence;
    this.wake();
  }

  /** The record of this sequence shall name the mask that is being made. */
  waitForMask(sequence: number, made: Promise<void>): void {
    const settled = made.finally(() => this.#masksComing.delete(sequence));
    this.#masksComing.set(sequence, settled);
  }

  /** Ends the lane; what is not acknowledged stays in the journal for the next start. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#attempt += 1;
    const bound = new AbortController();
    const late = Promise.withResolvers<void>();
    this.#options.clock.after(this.#limits.stopMaxMs, () => late.resolve(), bound.signal);
    await Promise.race([this.#running, late.promise]);
    bound.abort();
  }

  #linkChanged(connected: boolean): void {
    this.#beginAgain();
    // Whatever was closed before this connection did not come over it live.
    this.#closedBeforeMs = this.#options.clock.wallMs();
    if (connected) this.wake();
  }

  #beginAgain(): void {
    this.#attempt += 1;
    this.#sentUpTo = 0;
  }

  async #run(): Promise<void> {
    try {
      while (this.#awake && this.#mayGoOn(this.#attempt)) {
        this.#awake = false;
        await this.#drainRecords(this.#attempt);
        await this.#drainMasks(this.#attempt);
      }
    } catch (error) {
      // A cut shows as a new connection and is no news here; what else it was is said, and tried again.
      if (!this.#options.link.connected() || this.#stopping.signal.aborted) return;
      this.#complaints.say({ lineId: this.#options.lineId }, `record lane, trying again: ${messageOf(error)}`);
      this.#options.clock.after(this.#limits.retryMs, () => this.wake(), this.#stopping.signal);
    }
  }

  #mayGoOn(attempt: number): boolean {
    return attempt === this.#attempt && this.#options.link.connected() && !this.#stopping.signal.aborted;
  }

  async #drainRecords(attempt: number): Promise<void> {
    const { journal, lineId } = this.#options;
    while (this.#mayGoOn(attempt)) {
      const page = await journal.pending(lineId, this.#sentUpTo, this.#limits.pageSize);
      if (page.length === 0) break;
      for (const { record } of page) {
        if (!(await this.#sendOne(record.sequence, page, attempt))) return;
      }
    }
    await Promise.all(this.#inFlight);
  }

  /** False where the lane must stop here: held, cut or stopping. */
  async #sendOne(sequence: number, page: PendingRecord[], attempt: number): Promise<boolean> {
    // A broker that refused one may take the next ones: they would come before it.
    const inFlightMax = this.#refused ? 1 : this.#limits.inFlightMax;
    while (this.#inFlight.size >= inFlightMax) await Promise.race(this.#inFlight);
    const entry = (await this.#withMask(sequence)) ?? page.find(({ record }) => record.sequence === sequence);
    const held = this.#holdFrom !== null && sequence >= this.#holdFrom;
    if (!entry || held || !this.#mayGoOn(attempt)) return false;
    this.#track(this.#send(entry), attempt);
    this.#sentUpTo = sequence;
    return true;
  }

  /** Read again after its mask was made, so that the record carries the digest; null when there was no mask. */
  async #withMask(sequence: number): Promise<PendingRecord | null> {
    const made = this.#masksComing.get(sequence);
    if (!made) return null;
    const bound = new AbortController();
    const late = Promise.withResolvers<void>();
    this.#options.clock.after(this.#limits.maskWaitMs, () => late.resolve(), bound.signal);
    await Promise.race([made, late.promise]);
    bound.abort();
    return (await this.#options.journal.pending(this.#options.lineId, sequence - 1, 1))[0] ?? null;
  }

  async #send({ record, mask }: PendingRecord): Promise<void> {
    const { clock, counters, journal, lineId, link, maskTopic } = this.#options;
    const wallMs = clock.wallMs();
    const replayed =
      record.sequence <= this.#everSentUpTo ||
      record.sequence < journal.firstSequence ||
      record.closedAtMs < this.#closedBeforeMs ||
      wallMs - record.closedAtMs > this.#limits.liveWindowMs;
    this.#everSentUpTo = Math.max(this.#everSentUpTo, record.sequence);
    const reference = mask && { topic: maskTopic(record.resultId), ...mask };
    await link.sendRecord(() => verdictPayload(record, reference, { replayed, wallMs: clock.wallMs() }));
    this.#refused = false;
    this.#complaints.forget();
    counters.recordsSent += 1;
    if (replayed) counters.recordsReplayed += 1;
    await journal.acknowledge(lineId, record.sequence);
  }

  #track(sending: Promise<void>, attempt: number): void {
    const settled = sending
      .catch((error: unknown) => {
        if (attempt !== this.#attempt) return; // a cut: the next connection begins again anyway
        this.#refused = true;
        this.#complaints.say({ lineId: this.#options.lineId }, `record not sent, trying again: ${messageOf(error)}`);
        this.#beginAgain();
        this.#options.clock.after(this.#limits.retryMs, () => this.wake(), this.#stopping.signal);
      })
      .finally(() => this.#inFlight.delete(settled));
    this.#inFlight.add(settled);
  }

  /** One at a time, and a new record goes before the next of them. */
  async #drainMasks(attempt: number): Promise<void> {
    const { counters, journal, lineId } = this.#options;
    // Masks of an earlier run may be left whose records went out then.
    const upTo = (): number => Math.max(this.#everSentUpTo, journal.firstSequence - 1);
    while (!this.#awake && this.#mayGoOn(attempt)) {
      const mask = await journal.pendingMask(lineId, upTo());
      if (!mask) return;
      if (await this.#sendMask(mask)) counters.masksSent += 1;
      else counters.masksDropped += 1;
      await journal.acknowledgeMask(mask.sequence);
    }
  }

  /** False where it is given up: the broker does not want this one, or the link broke under it again and again. */
  async #sendMask(mask: PendingMask): Promise<boolean> {
    const { lineId, link } = this.#options;
    if (this.#maskTries.sequence !== mask.sequence) this.#maskTries = { sequence: mask.sequence, cuts: 0 };
    const resultId = resultIdOf(lineId, mask.sequence);
    try {
      await link.sendMask({ ...mask, resultId });
      return true;
    } catch (error) {
      const refused = error instanceof TwinspectError && error.code === 'mqtt/refused';
      this.#maskTries.cuts += 1;
      // Too large for the link within its keep-alive, it would keep every mask behind it from the broker.
      if (!refused && this.#maskTries.cuts < this.#limits.maskCutsMax) throw error;
      this.#complaints.say({ lineId, resultId }, `mask given up: ${messageOf(error)}`);
      return false;
    }
  }
}
