/**
 * Attaches frames to open parts: by the camera's trigger counter, or by order and window of exposure where a camera
 * has none. Answers with findings for the line to act on; never acts itself.
 *
 * It owns every frame given to it until `take` hands a pair over, and releases the others exactly once, each for a
 * counted reason. A frame that could belong to two parts belongs to none, and those parts are `unmatched`: a wrong
 * pair could pass. Bounded: two frames per open part, and as many ahead of their trigger as parts may be in flight.
 */
import type { Frame, Modality } from '../../drivers/frame.ts';
import { invariant } from '../../errors.ts';
import { CameraNumbering } from './camera-numbering.ts';
import type { Unmatched } from './commanded.ts';
import { type FrameDrop, type PairingCounters, zeroPairingCounters } from './counters.ts';
import { type Arrival, EarlyFrames } from './early.ts';
import { type Finding, fault, flawOf, type Pair } from './finding.ts';
import { Freshness } from './freshness.ts';
import { placeOf } from './place.ts';
import type { LineSettings } from './settings.ts';
import { SkewWatch } from './skew.ts';
import { type Slot, Slots } from './slots.ts';

interface Stream {
  readonly freshness: Freshness;
  /** The latest part a frame of this modality was attached to: without a counter, frames keep the order of parts. */
  latest: number;
}

export class Pairing {
  readonly counters: PairingCounters = zeroPairingCounters();
  readonly #settings: LineSettings;
  readonly #cameras = new Map<string, CameraNumbering>();
  readonly #streams = {
    rgb: { freshness: new Freshness(), latest: 0 } as Stream,
    depth: { freshness: new Freshness(), latest: 0 } as Stream,
  };
  readonly #slots: Slots;
  readonly #early: EarlyFrames;
  readonly #skew: SkewWatch;

  constructor(settings: LineSettings) {
    this.#settings = settings;
    this.#slots = new Slots(settings.maxPartsInFlight);
    this.#skew = new SkewWatch(settings);
    const earlyMs = Math.max(settings.frameWaitMs, settings.captureEarlyMs + settings.edgeWindowMs);
    this.#early = new EarlyFrames(earlyMs, settings.maxPartsInFlight);
    for (const camera of settings.cameras) this.#cameras.set(camera.id, new CameraNumbering(camera, settings));
  }

  /** Frames held now; at most two per open part and what is early. */
  get held(): number {
    let held = this.#early.count;
    for (const slot of this.#slots.all()) held += (slot.rgb ? 1 : 0) + (slot.depth ? 1 : 0);
    return held;
  }

  /**
   * The edge of the counter that opens parts. Answers how many parts to open (0 for a repeated edge); the last of them
   * is this edge's, the others are triggers only the gap tells of.
   */
  openingEdge(cameraId: string, count: number, nowMs: number): { open: number; findings: Finding[] } {
    const camera = this.#camera(cameraId);
    const edge = this.#count(camera, count, nowMs);
    if (edge === null) return { open: 0, findings: [] };
    const { findings, missed } = edge;
    this.counters.missedEdges += missed;
    camera.alignment.align(count, this.#slots.newest + missed + 1);
    return { open: missed + 1, findings };
  }

  /**
   * The edge of a counter that does not open parts: held against the parts opened lately. `askedFor` is the part
   * whose exposure the camera is being asked for in this very moment.
   */
  confirmingEdge(cameraId: string, count: number, nowMs: number, askedFor: number | null = null): Finding[] {
    const camera = this.#camera(cameraId);
    const edge = this.#count(camera, count, nowMs);
    if (edge === null) return [];
    const { findings, missed } = edge;
    if (camera.commanded) {
      this.counters.missedEdges += missed;
      findings.push(...this.#unmatched(camera.commanded.heard(count, nowMs, askedFor)));
      return [...findings, ...this.settle(nowMs)];
    }
    if (!camera.alignment.confirm(count, nowMs, this.#slots.all(), this.#slots.newest)) {
      this.counters.slippedEdges++;
      findings.push(...this.#restart(camera, count, nowMs));
      camera.alignment.confirm(count, nowMs, this.#slots.all(), this.#slots.newest);
    }
    return [...findings, ...this.#placeEarly(nowMs)];
  }

  /** Rules on edges that a command may still have claimed; called when that time is over. */
  settle(nowMs: number): Finding[] {
    const findings: Finding[] = [];
    for (const { commanded } of this.#cameras.values()) {
      findings.push(...this.#unmatched(commanded?.settle(nowMs, this.#slots.all()) ?? []));
    }
    return [...findings, ...this.#placeEarly(nowMs)];
  }

  /** The camera that counts triggers and heard none for this commanded part; null where there is no such camera. */
  unheardBy(ordinal: number): string | null {
    const unheard = ({ counter, commanded }: CameraNumbering) => counter.counts && commanded?.met(ordinal) === false;
    return this.#cameras.values().find(unheard)?.id ?? null;
  }

  /** A part was opened; ordinals rise by one. */
  open(ordinal: number, openedAtMs: number, beforeMs = openedAtMs): Finding[] {
    const { newest } = this.#slots;
    invariant(ordinal === newest + 1, `part ${ordinal} was opened after part ${newest}`);
    const slot = this.#slots.open(ordinal, openedAtMs, beforeMs);
    const findings: Finding[] = [];
    for (const camera of this.#cameras.values()) {
      if (camera.alignment.partOpened(slot)) continue;
      this.counters.slippedEdges++;
      findings.push(...this.newEpoch(camera.id, openedAtMs));
    }
    return [...findings, ...this.#placeEarly(openedAtMs)];
  }

  /** A frame came; its ownership with it. */
  frame(frame: Frame, nowMs: number): Finding[] {
    this.counters.framesReceived++;
    for (const expired of this.#early.expired(nowMs)) this.#drop(expired, 'unmatched');
    if (!this.#cameras.get(frame.cameraId)?.modalities.includes(frame.modality)) {
      this.#drop(frame, 'wrongCamera');
      return [];
    }
    const { freshness } = this.#streams[frame.modality];
    if (frame.capturedAtUs / 1000 < this.#camera(frame.cameraId).epochFromMs) {
      freshness.seen(frame);
      this.#drop(frame, 'reset');
      return [];
    }
    return this.#place({ frame, stale: freshness.problem(frame), atMs: nowMs }, nowMs);
  }

  /** The camera could not deliver a frame: the part it certainly belonged to, if any, is incomplete. */
  dropped(cameraId: string, modality: Modality, trigger: number | null, reason: string): Finding[] {
    const ordinal = trigger === null ? 'none' : this.#camera(cameraId).ordinalOf(trigger);
    const slot = typeof ordinal === 'number' ? this.#slots.get(ordinal) : undefined;
    if (slot?.phase !== 'waiting') return [];
    return [fault(slot.ordinal, 'incomplete', `${cameraId} could not deliver ${modality}: ${reason}`)];
  }

  /** Hands the frames of a complete pair over: whoever takes them releases them. */
  take(ordinal: number): Pair {
    const slot = this.#slots.get(ordinal);
    invariant(slot?.rgb && slot.depth, `part ${ordinal} has no pair to take`);
    const pair = { rgb: slot.rgb, depth: slot.depth };
    slot.rgb = null;
    slot.depth = null;
    this.counters.framesUsed += 2;
    return pair;
  }

  /** The part was closed: frames it still has here are released, later ones are counted as late or not needed. */
  close(ordinal: number, forWantOfFrames: boolean): void {
    const slot = this.#slots.get(ordinal);
    if (!slot || slot.phase === 'closed') return;
    slot.phase = 'closed';
    slot.late = forWantOfFrames;
    for (const frame of [slot.rgb, slot.depth]) if (frame) this.#drop(frame, 'partClosed');
    slot.rgb = null;
    slot.depth = null;
  }

  /** The camera's numbering begins anew: what still waits for frames can no longer be told apart. */
  newEpoch(cameraId: string, nowMs: number): Finding[] {
    const camera = this.#camera(cameraId);
    this.counters.epochs++;
    this.#skew.reset();
    // The numberings of all cameras hang on the one that opens parts.
    const all = camera.id === this.#settings.triggerFrom;
    for (const each of all ? this.#cameras.values() : [camera]) {
      each.beginEpoch(nowMs - this.#settings.captureEarlyMs);
    }
    for (const modality of camera.modalities) this.#streams[modality].freshness.reset();
    for (const { frame } of this.#early.takeAll()) this.#drop(frame, 'reset');
    const detail = `the trigger numbering of camera ${camera.id} began anew`;
    return this.#slots.waiting().map((slot) => fault(slot.ordinal, 'unmatched', detail));
  }

  /** Parts that still wait for a frame of this camera. */
  waitingFor(cameraId: string): number[] {
    const { modalities } = this.#camera(cameraId);
    return this.#slots.lacking(modalities).map((slot) => slot.ordinal);
  }

  /** Releases every frame held; further frames are released as they come. */
  stop(): void {
    for (const { frame } of this.#early.takeAll()) this.#drop(frame, 'stopped');
    for (const slot of this.#slots.all()) this.close(slot.ordinal, false);
  }

  /** Releases a frame that comes when nobody works any more. */
  refuse(frame: Frame): void {
    this.counters.framesReceived++;
    this.#drop(frame, 'stopped');
  }

  #camera(id: string): CameraNumbering {
    const camera = this.#cameras.get(id);
    invariant(camera, `camera ${id} is not of this line`);
    return camera;
  }

  /** Notes an edge; null for one told twice. */
  #count(camera: CameraNumbering, count: number, nowMs: number): { findings: Finding[]; missed: number } | null {
    const step = camera.counter.count(count, nowMs);
    if (step.kind === 'next') return { findings: [], missed: step.missed };
    if (step.kind === 'restart') return { findings: this.#restart(camera, count, nowMs), missed: 0 };
    this.counters.duplicateEdges++;
    return null;
  }

  #restart(camera: CameraNumbering, count: number, nowMs: number): Finding[] {
    const findings = this.newEpoch(camera.id, nowMs);
    camera.counter.count(count, nowMs);
    return findings;
  }

  /** Whatever became of the part, it cannot be judged by what this edge exposed. */
  #unmatched(edges: readonly Unmatched[]): Finding[] {
    for (const { ordinals } of edges) this.counters[ordinals.length === 0 ? 'surplusEdges' : 'unmatchedEdges']++;
    return edges.flatMap(({ ordinals, why }) => ordinals.map((ordinal) => fault(ordinal, 'unmatched', why)));
  }

  #place(arrival: Arrival, nowMs: number): Finding[] {
    const { frame } = arrival;
    const { latest } = this.#streams[frame.modality];
    const place = placeOf(frame, this.#camera(frame.cameraId), this.#slots, latest, this.#settings);
    if ('drop' in place) {
      this.#drop(frame, place.drop);
      return [];
    }
    if ('early' in place) {
      const pushedOut = this.#early.hold(arrival);
      if (pushedOut) this.#drop(pushedOut, 'overflow');
      return [];
    }
    const { slots } = place;
    if (slots.length === 1) return this.#attach(slots[0]!, arrival, nowMs);
    this.#drop(frame, 'unmatched');
    const waiting = slots.filter((each) => each.phase === 'waiting');
    const detail = `a ${frame.modality} frame fits ${slots.length} triggers`;
    return waiting.map((each) => fault(each.ordinal, 'unmatched', detail));
  }

  #attach(slot: Slot, { frame, stale }: Arrival, nowMs: number): Finding[] {
    const { modality } = frame;
    if (slot.had[modality] === frame.frameId) {
      this.#drop(frame, 'duplicate');
      return [];
    }
    const stream = this.#streams[modality];
    stream.latest = Math.max(stream.latest, slot.ordinal);
    const second = slot.had[modality] !== null;
    slot.had[modality] ??= frame.frameId;
    if (slot.phase === 'closed') {
      this.#drop(frame, slot.late ? 'late' : 'partClosed');
      return [];
    }
    const flaw = flawOf(frame, stale, second);
    if (flaw) {
      this.#drop(frame, flaw.reason);
      return [fault(slot.ordinal, flaw.reason, flaw.detail)];
    }
    if (frame.modality === 'rgb') slot.rgb = frame;
    else slot.depth = frame;
    if (!slot.rgb || !slot.depth) return [{ kind: 'frame', ordinal: slot.ordinal }];
    return this.#complete(slot, { rgb: slot.rgb, depth: slot.depth }, nowMs);
  }

  #complete(slot: Slot, pair: Pair, nowMs: number): Finding[] {
    const skewed = this.#skew.problem(pair);
    if (skewed === null) {
      slot.phase = 'paired';
      return [{ kind: 'paired', ordinal: slot.ordinal }];
    }
    const findings: Finding[] = [fault(slot.ordinal, 'unmatched', skewed)];
    if (!this.#skew.slipped) return findings;
    for (const { id } of this.#cameras.values()) {
      if (this.#cameras.size > 1 && id !== this.#settings.triggerFrom) findings.push(...this.newEpoch(id, nowMs));
    }
    return findings;
  }

  #placeEarly(nowMs: number): Finding[] {
    for (const frame of this.#early.expired(nowMs)) this.#drop(frame, 'unmatched');
    const findings: Finding[] = [];
    for (const arrival of this.#early.takeAll()) findings.push(...this.#place(arrival, nowMs));
    return findings;
  }

  #drop(frame: Frame, reason: FrameDrop): void {
    this.counters.framesDropped[reason]++;
    frame.release();
  }
}
