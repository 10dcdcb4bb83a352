/**
 * One inspection line: triggers and frames in, verdicts out, in trigger order, one for each trigger.
 *
 * The part is opened by its trigger with its deadline on the monotonic clock; the first of reading, deadline or fault
 * closes it. One inference at a time, the oldest complete pair first: a part that waits for a lost frame does not hold
 * up the next one's inference, only its announcement (deadlines rise, so never past its own). Nothing here publishes,
 * writes or opens a device; time, cameras, inference and the sink are given.
 */
import type { CameraSink } from '../../drivers/camera.ts';
import type { Clock } from '../clock.ts';
import type { InferencePort } from '../inference/port.ts';
import { type CommandedLine, type CommandedTrigger, Commanding, type Unseen, unheardBefore } from './commanding.ts';
import { LineCondition, type ReadyState, type Refusal } from './condition.ts';
import { type LineCounters, zeroLineCounters } from './counters.ts';
import type { Finding } from './finding.ts';
import { HeldPair, type Register, sameGrid } from './held.ts';
import { Judging, type JudgingLine } from './judging.ts';
import { evidenceOf, type LinePart, newPart, recordOf } from './line-part.ts';
import { Pairing } from './pairing.ts';
import { advance, type FaultReason, type PartEvent } from './part.ts';
import { checkSettings, decideWithinMs, exposureLagMs, type LineSettings, maxUntold } from './settings.ts';
import type { VerdictSink } from './sink.ts';
import { Teller } from './teller.ts';
import type { PartOrigin } from './verdict.ts';

export interface LineDeps {
  readonly settings: LineSettings;
  readonly clock: Clock;
  readonly port: InferencePort;
  readonly sink: VerdictSink;
  /** Brings a pair onto one grid; by default the frames must share one already. */
  readonly register?: Register;
  /** Asks the cameras to expose for a part that a command opened; those that hardware triggers need no asking. */
  readonly expose?: () => void;
}

export class Line {
  readonly #settings: LineSettings;
  readonly #clock: Clock;
  readonly #port: InferencePort;
  readonly #sink: VerdictSink;
  readonly #pairing: Pairing;
  readonly #judging: Judging;
  readonly #teller: Teller;
  readonly #counters = zeroLineCounters();
  /** Opened and not yet told, in trigger order. */
  readonly #parts = new Map<number, LinePart>();
  readonly #condition: LineCondition;
  readonly #drainWaiters: (() => void)[] = [];
  readonly #commanding: Commanding;
  #ordinal = 0;
  #inFlight = 0;
  #telling = false;

  constructor(deps: LineDeps) {
    checkSettings(deps.settings);
    this.#settings = deps.settings;
    this.#clock = deps.clock;
    this.#port = deps.port;
    this.#sink = deps.sink;
    this.#condition = new LineCondition(deps.settings);
    this.#pairing = new Pairing(deps.settings);
    const fault = (part: LinePart, reason: FaultReason, detail: string) => this.#fault(part, reason, detail);
    const judgingLine: JudgingLine = {
      fault,
      framed: () => this.#parts.values().find((each) => each.state.phase === 'framed'),
      step: (part, event) => this.#step(part, event),
      over: () => this.#tellDrained(),
      late: (part, reading) => this.#sink.late?.(part.sequence, reading),
    };
    this.#judging = new Judging({ ...deps, register: deps.register ?? sameGrid }, judgingLine);
    const commandedLine: CommandedLine = {
      fault,
      open: (partId, origin, unseen) => this.#open(this.#ordinal + 1, partId, origin, unseen),
      stopped: () => this.#condition.stopped,
    };
    this.#commanding = new Commanding(deps, commandedLine, this.#counters);
    this.#teller = new Teller(deps.sink, this.#counters, () => this.#tellDrained());
  }

  /** Where a camera of this line delivers. */
  sinkFor(cameraId: string): CameraSink {
    const opens = cameraId === this.#settings.triggerFrom;
    return {
      triggered: (count, partId, atMs) => this.#edge(cameraId, opens, count, partId, atMs),
      frame: (frame) => {
        if (this.#condition.stopped) this.#pairing.refuse(frame);
        else this.#apply(this.#pairing.frame(frame, this.#clock.nowMs()));
      },
      dropped: (modality, trigger, reason) => {
        this.#counters.cameraDrops++;
        this.#apply(this.#pairing.dropped(cameraId, modality, trigger, reason));
      },
      lost: (reason) => this.#cameraLost(cameraId, reason),
      recovered: () => {
        this.#condition.lost.delete(cameraId);
        this.#apply(this.#pairing.newEpoch(cameraId, this.#clock.nowMs()));
      },
      ended: () => void this.#condition.over.add(cameraId),
    };
  }

  /** Opens a part by command and asks for its exposure; answers its sequence. Throws `line/command`, `line/stopped`. */
  trigger(command: CommandedTrigger): number {
    return this.#commanding.trigger(command).sequence;
  }

  /** Parts that the camera's counter opens from now on are known-bad samples, or production again. */
  setChallenge(on: boolean): void {
    this.#condition.challenge = on;
  }

  /** Ids told again with each part that the camera's counter opens from now on; null = none. */
  set job(ids: Pick<PartOrigin, 'measId' | 'productId' | 'jobId'> | null) {
    this.#condition.job = ids;
  }

  /** Out of operation (a cause), or without a recipe for what comes; back (null). Parts open now are judged. */
  halt(cause: string | null, awaited: string | null = null): void {
    Object.assign(this.#condition, { halted: cause, awaited } satisfies Partial<LineCondition>);
  }

  /** Closes every open part once, as interrupted. */
  abort(cause: string): void {
    for (const part of [...this.#parts.values()]) this.#fault(part, 'interrupted', cause);
  }

  readyState(): ReadyState {
    return this.#condition.readyState(this.#port.bundle() !== null, this.#teller.journalProblem);
  }

  /** True once every camera has said that its recording is over. */
  get ended(): boolean {
    return this.#condition.ended;
  }

  /** Parts opened and not yet told, and frames held now. */
  get load(): { untold: number; inFlight: number; frames: number } {
    return { untold: this.#parts.size, inFlight: this.#inFlight, frames: this.#pairing.held };
  }

  counters(): LineCounters {
    return structuredClone({ ...this.#pairing.counters, ...this.#counters, ...this.#judging.counters });
  }

  /** Makes a change (a bundle swap) while no part is being judged. Resolves when it is made, rejects as it throws. */
  betweenParts(change: () => void): Promise<void> {
    return this.#judging.between(change);
  }

  /**
   * Lets a check of the inference have the turn while no part is open; answers false, and does nothing, where one is.
   * Rejects as the check does, or when it takes longer than `limitMs`.
   */
  async checkWhileIdle(check: (signal: AbortSignal) => Promise<void>, limitMs: number): Promise<boolean> {
    return this.#parts.size === 0 && !this.#condition.stopped && this.#judging.check(check, limitMs);
  }

  /** Resolves when all parts opened so far are told and answered, and no inference runs. */
  drained(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#drainWaiters.push(resolve);
    this.#tellDrained();
    return promise;
  }

  /** Closes every open part once, as interrupted; resolves when all is told. Safe twice. */
  stop(): Promise<void> {
    this.#condition.stopped = true;
    this.abort('the line was stopped');
    this.#pairing.stop();
    return this.drained();
  }

  #edge(cameraId: string, opens: boolean, count: number, partId: string | null, toldAtMs?: number): void {
    if (this.#condition.stopped) {
      if (opens) this.#counters.triggersRefused++;
      return;
    }
    const atMs = toldAtMs === undefined ? this.#clock.nowMs() : toldAtMs - exposureLagMs(this.#settings, cameraId);
    if (!opens) {
      this.#apply(this.#pairing.confirmingEdge(cameraId, count, atMs, this.#commanding.exposing));
      if (this.#settings.triggerFrom === null) this.#settleLater();
      return;
    }
    const { open, findings } = this.#pairing.openingEdge(cameraId, count, atMs);
    this.#apply(findings);
    const { cameraOrigin: origin } = this.#condition;
    for (let missed = open - 1; missed > 0; missed--) this.#open(count - missed, null, origin, unheardBefore(atMs));
    if (open > 0) this.#open(count, partId, origin, { dueAtMs: atMs });
  }

  /** A command that claims an edge may come so long after it; one that comes a moment more than that is too late. */
  #settleLater(): void {
    this.#clock.after(this.#settings.captureEarlyMs + 1, () => {
      if (!this.#condition.stopped) this.#apply(this.#pairing.settle(this.#clock.nowMs()));
    });
  }

  #open(trigger: number, partId: string | null, origin: PartOrigin, unseen?: Unseen): LinePart {
    const { lineId, deadlineMs, frameWaitMs } = this.#settings;
    const withinMs = decideWithinMs(this.#settings);
    const openedWallMs = this.#clock.wallMs();
    const sequence = this.#sink.opened({ lineId, trigger, partId, origin, openedAtMs: openedWallMs, deadlineMs });
    const bundle = this.#port.bundle();
    const ordinal = ++this.#ordinal;
    const part = newPart({ ordinal, trigger, partId, origin, sequence, openedWallMs, bundle }, this.#clock.nowMs());
    this.#counters.triggers++;
    this.#parts.set(part.ordinal, part);
    const findings = this.#pairing.open(part.ordinal, unseen?.dueAtMs ?? part.openedAtMs, unseen?.beforeMs);
    if (this.#admit(part, unseen?.refusal)) {
      const { signal } = part.timers;
      this.#clock.after(withinMs, () => this.#due(part, 'deadline'), signal);
      if (frameWaitMs < withinMs) this.#clock.after(frameWaitMs, () => this.#due(part, 'framesDue'), signal);
    }
    this.#apply(findings);
    return part;
  }

  #due(part: LinePart, kind: 'deadline' | 'framesDue'): void {
    const unheard = part.state.phase === 'open' ? this.#pairing.unheardBy(part.ordinal) : null;
    if (unheard === null) this.#step(part, { kind });
    else this.#fault(part, 'unmatched', `camera ${unheard} had no trigger for this command`);
  }

  /** False where the part is closed at its trigger. */
  #admit(part: LinePart, unseen: Refusal | undefined): boolean {
    if (this.#parts.size >= maxUntold) {
      for (const each of [...this.#parts.values()]) this.#fault(each, 'overrun', `${maxUntold} verdicts waited`);
      return false;
    }
    const refusal = unseen ?? this.#condition.refusal(part.bundle !== null, this.#inFlight);
    if (refusal) {
      this.#fault(part, refusal.reason, refusal.detail);
      return false;
    }
    part.admitted = true;
    this.#counters.peakInFlight = Math.max(this.#counters.peakInFlight, ++this.#inFlight);
    return true;
  }

  #cameraLost(cameraId: string, reason: string): void {
    this.#counters.camerasLost++;
    this.#condition.lost.set(cameraId, reason);
    for (const ordinal of this.#pairing.waitingFor(cameraId)) {
      const part = this.#parts.get(ordinal);
      if (part) this.#fault(part, 'cameraLost', `camera ${cameraId}: ${reason}`);
    }
  }

  #apply(findings: readonly Finding[]): void {
    for (const finding of findings) {
      const part = this.#parts.get(finding.ordinal);
      if (!part || part.state.phase === 'closed') continue;
      if (finding.kind === 'fault') this.#fault(part, finding.reason, finding.detail);
      else this.#step(part, { kind: finding.kind });
      if (finding.kind === 'paired') part.held = new HeldPair(this.#pairing.take(part.ordinal));
      if (finding.kind === 'paired') this.#sink.acquired?.(part.sequence);
    }
    this.#judging.next();
  }

  #fault(part: LinePart, reason: FaultReason, detail: string): void {
    this.#step(part, { kind: 'fault', reason, detail });
  }

  /** One event of one part; when it closes the part, the verdict is told as soon as those before it are. */
  #step(part: LinePart, event: PartEvent): void {
    const before = part.state;
    part.state = advance(before, event);
    if (part.state === before || part.state.phase !== 'closed') return;
    part.timers.abort('the part is closed'); // without a reason, an exception is made for each part
    part.closedAtMs = this.#clock.nowMs();
    part.closedWallMs = this.#clock.wallMs();
    const { reason } = part.state.outcome;
    this.#pairing.close(part.ordinal, reason === 'noFrames' || reason === 'unpaired');
    if (before.phase === 'inferring' && event.kind !== 'reading')
      this.#judging.giveUp(`the part was closed: ${reason}`);
    this.#tellClosed();
  }

  #tellClosed(): void {
    if (this.#telling) return;
    this.#telling = true;
    for (const part of this.#parts.values()) {
      if (part.state.phase !== 'closed') break;
      this.#parts.delete(part.ordinal);
      if (part.admitted) this.#inFlight--;
      this.#teller.tell(recordOf(part, this.#settings), evidenceOf(part));
      part.held?.letGo();
    }
    this.#telling = false;
    this.#tellDrained();
  }

  #tellDrained(): void {
    if (this.#parts.size > 0 || this.#teller.pending > 0 || this.#judging.busy) return;
    for (const resolve of this.#drainWaiters.splice(0)) resolve();
  }
}
