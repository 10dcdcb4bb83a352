/**
 * One inspection line: triggers and frames in, verdicts out, in trigger order, one for each trigger.
 *
 * The part is opened by its trigger with its deadline on the monotonic clock; the first of reading, deadline or fault
 * closes it. One inference at a time, the oldest complete pair first: a part that waits for a lost frame does not hold
 * up the next one's inference, only its announcement (deadlines rise, so never past its own). Nothing here publishes,
 * writes or opens a device; time, cameras, inference and the sink are given.
 */
import type { CameraSink } from '../../drivers/camera.ts';
import { fail } from '../../errors.ts';
import type { Clock } from '../clock.ts';
import type { InferencePort } from '../inference/port.ts';
import { type LineCounters, zeroLineCounters } from './counters.ts';
import type { Finding } from './finding.ts';
import { HeldPair, type Register, sameGrid } from './held.ts';
import { Judging } from './judging.ts';
import { evidenceOf, type LinePart, recordOf } from './line-part.ts';
import { Pairing } from './pairing.ts';
import { advance, type FaultReason, opened, type PartEvent } from './part.ts';
import { type ReadyState, readyStateOf } from './ready.ts';
import { checkSettings, decideWithinMs, type LineSettings } from './settings.ts';
import type { VerdictSink } from './sink.ts';
import { Teller } from './teller.ts';

/**
 * Parts opened and not yet told, refused ones included (those hold no frames). At this many the parts still open are
 * closed as overrun, so that a storm of triggers cannot pile up verdicts behind one part that waits for its deadline.
 */
export const maxUntold = 1024;

export interface LineDeps {
  readonly settings: LineSettings;
  readonly clock: Clock;
  readonly port: InferencePort;
  readonly sink: VerdictSink;
  /** Brings a pair onto one grid; by default the frames must share one already. */
  readonly register?: Register;
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
  readonly #lost = new Map<string, string>();
  readonly #ended = new Set<string>();
  readonly #drainWaiters: (() => void)[] = [];
  #ordinal = 0;
  #inFlight = 0;
  #telling = false;
  #stopped = false;

  constructor(deps: LineDeps) {
    checkSettings(deps.settings);
    this.#settings = deps.settings;
    this.#clock = deps.clock;
    this.#port = deps.port;
    this.#sink = deps.sink;
    this.#pairing = new Pairing(deps.settings);
    this.#judging = new Judging(
      { ...deps, register: deps.register ?? sameGrid },
      {
        framed: () => this.#parts.values().find((each) => each.state.phase === 'framed'),
        step: (part, event) => this.#step(part, event),
        fault: (part, reason, detail) => this.#fault(part, reason, detail),
        over: () => this.#tellDrained(),
      },
    );
    this.#teller = new Teller(deps.sink, this.#counters, () => this.#tellDrained());
  }

  /** Where a camera of this line delivers. */
  sinkFor(cameraId: string): CameraSink {
    const opens = cameraId === this.#settings.triggerFrom;
    return {
      triggered: (count, partId) => this.#edge(cameraId, opens, count, partId),
      frame: (frame) => {
        if (this.#stopped) this.#pairing.refuse(frame);
        else this.#apply(this.#pairing.frame(frame, this.#clock.nowMs()));
      },
      dropped: (modality, trigger, reason) => {
        this.#counters.cameraDrops++;
        this.#apply(this.#pairing.dropped(cameraId, modality, trigger, reason));
      },
      lost: (reason) => this.#cameraLost(cameraId, reason),
      recovered: () => {
        this.#lost.delete(cameraId);
        this.#apply(this.#pairing.newEpoch(cameraId, this.#clock.nowMs()));
      },
      ended: () => {
        this.#ended.add(cameraId);
      },
    };
  }

  /** A trigger command of the plant: opens a part. Fire the cameras after it. Answers the trigger's number. */
  trigger(partId: string | null): number {
    const { lineId, triggerFrom } = this.#settings;
    if (triggerFrom !== null) throw fail('line/command', { line: lineId, camera: triggerFrom });
    if (this.#stopped) this.#counters.triggersRefused++;
    else this.#open(this.#ordinal + 1, partId);
    return this.#ordinal;
  }

  readyState(): ReadyState {
    return readyStateOf({
      stopped: this.#stopped,
      lost: this.#lost,
      ended: this.ended,
      hasBundle: this.#port.bundle() !== null,
      journalProblem: this.#teller.journalProblem,
    });
  }

  /** True once every camera has said that its recording is over. */
  get ended(): boolean {
    return this.#ended.size === this.#settings.cameras.length;
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

  /** Resolves when every part opened so far is told and answered, and no inference runs. */
  drained(): Promise<void> {
    return new Promise((resolve) => {
      this.#drainWaiters.push(resolve);
      this.#tellDrained();
    });
  }

  /** Closes every open part once, as interrupted; resolves when all is told. Safe twice. */
  stop(): Promise<void> {
    this.#stopped = true;
    for (const part of [...this.#parts.values()]) this.#fault(part, 'interrupted', 'the line was stopped');
    this.#pairing.stop();
    return this.drained();
  }

  #edge(cameraId: string, opens: boolean, count: number, partId: string | null): void {
    if (this.#stopped) {
      if (opens) this.#counters.triggersRefused++;
      return;
    }
    const nowMs = this.#clock.nowMs();
    if (!opens) {
      this.#apply(this.#pairing.confirmingEdge(cameraId, count, nowMs));
      return;
    }
    const { open, findings } = this.#pairing.openingEdge(cameraId, count, nowMs);
    this.#apply(findings);
    for (let missed = open - 1; missed > 0; missed--) this.#open(count - missed, null);
    if (open > 0) this.#open(count, partId);
  }

  #open(trigger: number, partId: string | null): void {
    const { lineId, deadlineMs, frameWaitMs } = this.#settings;
    const withinMs = decideWithinMs(this.#settings);
    const openedWallMs = this.#clock.wallMs();
    const part: LinePart = {
      ordinal: ++this.#ordinal,
      trigger,
      partId,
      sequence: this.#sink.opened({ lineId, trigger, partId, openedAtMs: openedWallMs, deadlineMs }),
      openedAtMs: this.#clock.nowMs(),
      openedWallMs,
      timers: new AbortController(),
      admitted: false,
      state: opened,
      held: null,
      bundle: this.#port.bundle(),
      judged: null,
      closedAtMs: 0,
      closedWallMs: 0,
    };
    this.#counters.triggers++;
    this.#parts.set(part.ordinal, part);
    const findings = this.#pairing.open(part.ordinal, part.openedAtMs);
    if (this.#admit(part)) {
      const { signal } = part.timers;
      this.#clock.after(withinMs, () => this.#step(part, { kind: 'deadline' }), signal);
      if (frameWaitMs < withinMs) {
        this.#clock.after(frameWaitMs, () => this.#step(part, { kind: 'framesDue' }), signal);
      }
    }
    this.#apply(findings);
  }

  /** A part that cannot be judged is closed at its trigger: the plant need not wait for its deadline. */
  #admit(part: LinePart): boolean {
    const { maxPartsInFlight } = this.#settings;
    if (this.#parts.size >= maxUntold) {
      for (const each of [...this.#parts.values()]) this.#fault(each, 'overrun', `${maxUntold} verdicts waited`);
      return false;
    }
    for (const [camera, reason] of this.#lost) {
      this.#fault(part, 'cameraLost', `camera ${camera}: ${reason}`);
      return false;
    }
    if (part.bundle === null) {
      this.#fault(part, 'noModel', 'no bundle is in service');
      return false;
    }
    if (this.#inFlight >= maxPartsInFlight) {
      this.#fault(part, 'overrun', `${this.#inFlight} parts in flight, expected fewer than ${maxPartsInFlight}`);
      return false;
    }
    part.admitted = true;
    this.#counters.peakInFlight = Math.max(this.#counters.peakInFlight, ++this.#inFlight);
    return true;
  }

  #cameraLost(cameraId: string, reason: string): void {
    this.#counters.camerasLost++;
    this.#lost.set(cameraId, reason);
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
    part.timers.abort();
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
