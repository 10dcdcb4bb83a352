/**
 * A whole line on a clock turned by hand: parts come by, cameras see them, and whatever can go wrong does, by chance
 * of a seed. The frames carry the number of the part they show, so that every verdict can be held against the truth.
 */
import type { PairImages, Reading } from '../../daemon/inference/port.ts';
import { Line } from '../../daemon/line/line.ts';
import type { LineSettings } from '../../daemon/line/settings.ts';
import type { PartEvidence } from '../../daemon/line/sink.ts';
import type { VerdictRecord } from '../../daemon/line/verdict.ts';
import type { Modality } from '../../drivers/frame.ts';
import {
  bundle,
  command,
  defectReading,
  FrameMaker,
  type FrameWish,
  fillsOf,
  HandClock,
  ListSink,
  readingOf,
  ScriptedPort,
  settings,
  settle,
  twoCameras,
} from '../line/rig.ts';

/** mulberry32: small, seeded, good enough to choose faults. */
export function randomOf(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/** What can happen to a part, with its weight. */
export const faults = {
  lostFrame: 3,
  lateFrame: 3,
  doubledFrame: 3,
  incompleteFrame: 2,
  staleBytes: 2,
  staleId: 2,
  wrongSize: 1,
  strayFrame: 2,
  droppedFrame: 1,
  lostEdge: 2,
  doubledEdge: 2,
  hungInference: 2,
  slowInference: 2,
  deadInference: 2,
  notFinite: 2,
  lowCoverage: 1,
  deadRgb: 1,
  deadDepth: 1,
  offDatum: 1,
  cameraLoss: 2,
  counterRestart: 2,
  bundleSwap: 3,
  bundleGone: 1,
  burst: 2,
  failedCommit: 2,
  halt: 1,
} as const;
export type Fault = keyof typeof faults;

/** Faults of the inference after which no reading proves anything. */
const unproven = new Set<Fault | null>([
  ...(['hungInference', 'deadInference', 'notFinite', 'lowCoverage', 'offDatum', 'deadRgb', 'deadDepth'] as const),
]);

export type Layout = 'one camera' | 'two cameras' | 'no counters';
export const layouts: Record<Layout, LineSettings> = {
  'one camera': settings,
  'two cameras': twoCameras,
  'no counters': { ...twoCameras, triggerFrom: null },
};

interface Truth {
  readonly fault: Fault | null;
  readonly defect: boolean;
}

interface SimCamera {
  readonly id: string;
  readonly modalities: readonly Modality[];
  count: number;
  /** Frame ids of both modalities. */
  frameId: number;
  /** A camera delivers in order: no frame in time before this. */
  arrivalMs: number;
  lost: boolean;
}

export class World {
  readonly clock = new HandClock();
  readonly port = new ScriptedPort();
  readonly sink = new ListSink();
  readonly frames = new FrameMaker(this.clock);
  readonly line: Line;
  readonly truths = new Map<number, Truth>();
  /** Part numbers whose trigger reached the line. */
  readonly announced: number[] = [];
  readonly problems: string[] = [];
  readonly faultsMet = new Set<Fault>();
  readonly #layout: Layout;
  readonly #settings: LineSettings;
  readonly #random: () => number;
  readonly #faultShare: number;
  readonly #cameras: SimCamera[];
  #running: { signal: AbortSignal; abortedAtMs: number } | null = null;
  #swaps = 0;
  readonly #latestFill = { rgb: 0, depth: 0 };

  constructor(layout: Layout, seed: number, faultShare: number) {
    this.#layout = layout;
    this.#settings = layouts[layout];
    this.#random = randomOf(seed);
    this.#faultShare = faultShare;
    this.#cameras = this.#settings.cameras.map(({ id, modalities }) => {
      return { id, modalities, count: Math.floor(this.#random() * 50), frameId: 0, arrivalMs: 0, lost: false };
    });
    this.port.answer = (pair, signal) => this.#infer(pair, signal);
    const closed = this.sink.closed.bind(this.sink);
    this.sink.closed = (record, evidence) => {
      this.#check(record, evidence);
      return closed(record, evidence);
    };
    const { clock, port, sink } = this;
    this.line = new Line({ settings: this.#settings, clock, port, sink });
  }

  /** Two counters cannot be told apart by parts closer than twice the edge window: the settings say so. */
  get #burstMs(): number {
    return this.#layout === 'two cameras' ? 2 * this.#settings.edgeWindowMs + 5 : 1;
  }

  /** Lets so many parts come by, then the line come to rest, then stops it. */
  async run(parts: number): Promise<void> {
    let burst = -1;
    for (let number = 1; number <= parts; number++) {
      // A camera that restarts takes longer than a burst lasts.
      const crowded = burst >= 0 && this.#burstMs === 1;
      const fault = this.#random() < this.#faultShare && !crowded ? this.#chooseFault() : null;
      if (fault) this.faultsMet.add(fault);
      if (fault === 'burst') burst = 6;
      this.truths.set(number, { fault, defect: this.#random() < 0.2 });
      this.#pass(number, fault);
      await this.#turn(--burst >= 0 ? this.#burstMs : 60 + this.#random() * 120);
    }
    await this.#turn(500);
    const stopped = this.line.stop();
    await this.#turn(3000);
    await stopped;
  }

  async #turn(byMs: number): Promise<void> {
    const untilMs = this.clock.nowMs() + byMs;
    do {
      await settle();
      this.#checkBounds();
    } while (this.clock.step(untilMs));
  }

  #chooseFault(): Fault {
    const names = Object.keys(faults) as Fault[];
    let at = this.#random() * names.reduce((sum, name) => sum + faults[name], 0);
    for (const name of names) {
      at -= faults[name];
      if (at < 0) return name;
    }
    return 'lostFrame';
  }

  #soon(delayMs: number, what: () => void): void {
    this.clock.after(delayMs, what);
  }

  /** One part passes the cameras. */
  #pass(number: number, fault: Fault | null): void {
    this.#disturb(fault);
    // No fault that would hit one modality or one camera always hits the same.
    const hit = this.#cameras[Math.floor(this.#random() * this.#cameras.length)]!;
    const hitModality = hit.modalities[Math.floor(this.#random() * hit.modalities.length)]!;
    if (this.#layout === 'no counters') {
      this.announced.push(number);
      this.line.trigger(command(String(number)));
    }
    for (const camera of this.#cameras) {
      if (camera.lost) continue;
      camera.count++;
      if (this.#layout !== 'no counters') this.#edge(camera, number, camera === hit ? fault : null);
      camera.frameId++;
      for (const modality of camera.modalities) {
        const wish = this.#wish(camera, modality, number);
        this.#expose(camera, wish, camera === hit && modality === hitModality ? fault : null);
      }
    }
  }

  #edge(camera: SimCamera, number: number, fault: Fault | null): void {
    if (fault === 'lostEdge') return;
    const opens = camera.id === this.#settings.triggerFrom;
    if (opens) this.announced.push(number);
    const sink = this.line.sinkFor(camera.id);
    sink.triggered(camera.count, String(number));
    if (fault === 'doubledEdge') sink.triggered(camera.count, String(number));
  }

  #wish(camera: SimCamera, modality: Modality, number: number): FrameWish {
    const trigger = this.#layout === 'no counters' ? null : camera.count;
    return {
      modality,
      cameraId: camera.id,
      trigger,
      frameId: camera.frameId,
      fill: number,
      capturedAtMs: this.clock.nowMs() + this.#random() * 2,
    };
  }

  /** The frame arrives some time after its exposure, or does not. */
  #expose(camera: SimCamera, wish: FrameWish, fault: Fault | null): void {
    const sink = this.line.sinkFor(camera.id);
    // A camera that was opened anew in between does not deliver what it saw before, but for a straggler or two.
    const epochCount = camera.count;
    const send = (what: FrameWish): void => {
      const reopened = camera.lost || camera.count < epochCount;
      if (reopened && this.#random() < 0.7) return;
      // A repeated picture is one only where the first was delivered; else nobody could know.
      const before = this.#latestFill[what.modality];
      const fill = fault === 'staleBytes' && before > 0 ? before : what.fill!;
      this.#latestFill[what.modality] = fault === 'wrongSize' ? 0 : fill;
      sink.frame(this.frames.make({ ...what, fill }));
    };
    camera.arrivalMs = Math.max(camera.arrivalMs, this.clock.nowMs() + 5 + this.#random() * 40);
    const delayMs = camera.arrivalMs - this.clock.nowMs();
    if (fault === 'lostFrame') return;
    if (fault === 'droppedFrame') {
      this.#soon(delayMs, () => sink.dropped(wish.modality, wish.trigger ?? null, 'lost packets'));
      return;
    }
    const flawed = { ...wish };
    if (fault === 'incompleteFrame') flawed.complete = false;
    if (fault === 'staleId') flawed.frameId = (wish.frameId ?? 1) - 1;
    if (fault === 'wrongSize') flawed.values = 7;
    this.#soon(fault === 'lateFrame' ? 590 + this.#random() * 900 : delayMs, () => send(flawed));
    if (fault === 'doubledFrame') this.#soon(delayMs + this.#random() * 5, () => send(flawed));
    if (fault === 'strayFrame') {
      const stray = {
        ...wish,
        frameId: (wish.frameId ?? 0) + 1,
        trigger: wish.trigger == null ? null : wish.trigger + 3,
      };
      camera.frameId++;
      this.#soon(delayMs, () => send({ ...stray, capturedAtMs: this.clock.nowMs() }));
    }
  }

  /** Faults of the whole line rather than of one frame. */
  #disturb(fault: Fault | null): void {
    const camera = this.#cameras[Math.floor(this.#random() * this.#cameras.length)]!;
    const restart = (): void => {
      camera.count = 0;
      camera.frameId = 0;
    };
    if (fault === 'counterRestart') restart();
    if (fault === 'cameraLoss' && !camera.lost) {
      this.#soon(this.#random() * 50, () => {
        camera.lost = true;
        this.line.sinkFor(camera.id).lost('heartbeat');
      });
      this.#soon(300 + this.#random() * 300, () => {
        restart();
        camera.lost = false;
        this.line.sinkFor(camera.id).recovered();
      });
    }
    if (fault === 'bundleSwap') this.#soon(this.#random() * 60, () => this.#swap());
    if (fault === 'bundleGone') {
      this.#soon(this.#random() * 60, () => void this.line.betweenParts(() => this.#serve(false)));
      this.#soon(250, () => void this.line.betweenParts(() => this.#serve(true)));
    }
    if (fault === 'halt') {
      this.line.halt('by the operator');
      this.#soon(20 + this.#random() * 100, () => this.line.halt(null));
    }
    if (fault === 'failedCommit') {
      this.sink.commit = () => Promise.resolve(false);
      this.#soon(this.#random() * 200, () => {
        this.sink.commit = () => Promise.resolve(true);
      });
    }
  }

  #swap(): void {
    const before = this.port.served;
    void this.line.betweenParts(() => {
      if (before !== null) this.#serve(true);
    });
  }

  #serve(on: boolean): void {
    if (this.#running && !this.#running.signal.aborted) this.problems.push('a swap fell into an inference');
    this.port.served = on ? { ...bundle, digest: `d${++this.#swaps}` } : null;
  }

  async #infer(pair: PairImages, signal: AbortSignal): Promise<Reading> {
    const before = this.#running;
    if (before) {
      const waitedMs = this.clock.nowMs() - before.abortedAtMs;
      if (!(before.signal.aborted && waitedMs >= this.#settings.abandonAfterMs)) {
        this.problems.push('two inferences at once');
      }
    }
    const running = { signal, abortedAtMs: Number.NaN };
    this.#running = running;
    signal.addEventListener('abort', () => (running.abortedAtMs = this.clock.nowMs()));
    const number = fillsOf(pair).rgb;
    const { fault, defect } = this.truths.get(number) ?? { fault: null, defect: false };
    if (fault === 'hungInference') return new Promise(() => {});
    const tookMs = fault === 'slowInference' ? 900 + this.#random() * 600 : 10 + this.#random() * 30;
    await new Promise<void>((resolve) => this.#soon(tookMs, resolve));
    if (this.#running === running) this.#running = null;
    if (!signal.aborted && fillsOf(pair).rgb !== number) this.problems.push(`part ${number}: memory reused under way`);
    if (fault === 'deadInference') throw new Error('the host died');
    if (fault === 'notFinite') return readingOf({ map: new Float32Array(12).fill(Number.NaN) });
    if (fault === 'lowCoverage') return readingOf({ judgedShare: 0.1 });
    if (fault === 'deadRgb' || fault === 'deadDepth') {
      const dead = { share: 1, contrast: 0, grain: 0 };
      const { vitals } = readingOf();
      return readingOf({ vitals: { ...vitals, [fault === 'deadRgb' ? 'rgb' : 'depth']: dead } });
    }
    if (fault === 'offDatum') return readingOf({ datum: { offsetMm: 9, tiltMmAcross: 0 } });
    return defect ? defectReading() : readingOf();
  }

  /** A verdict falls: is it of the part it names, and is a pass proven? */
  #check(record: VerdictRecord, evidence: PartEvidence | null): void {
    const say = (what: string): void => {
      this.problems.push(`part ${record.partId}: ${what}`);
    };
    if (record.closedAtMs - record.openedAtMs > record.deadlineMs + 1e-6) say('closed after its deadline');
    if (record.decision === 'fail' && record.regions.length === 0) say('failed without a region');
    if (record.decision === 'undecided') return;
    const shown = evidence?.reading ? fillsOf(evidence.pair) : null;
    const { fault, defect } = this.truths.get(shown?.rgb ?? 0) ?? { fault: null, defect: null };
    if (!shown) say('decided without evidence');
    else if (shown.rgb !== shown.depth) say(`RGB of part ${shown.rgb} with depth of part ${shown.depth}`);
    else if (record.partId !== null && record.partId !== String(shown.rgb)) say(`shown is part ${shown.rgb}`);
    else if (record.decision === 'fail' && defect !== true) say('failed a good part');
    else if (record.decision === 'pass' && defect !== false) say('passed a defect');
    else if (record.decision === 'pass' && unproven.has(fault)) say(`passed in spite of ${fault}`);
    if (record.decision === 'pass' && record.regions.length > 0) say('passed with a region');
  }

  #checkBounds(): void {
    const { maxPartsInFlight } = this.#settings;
    const { inFlight, frames } = this.line.load;
    if (inFlight > maxPartsInFlight) this.problems.push(`${inFlight} parts in flight`);
    if (frames > 2 * maxPartsInFlight + 4) this.problems.push(`${frames} frames wait in pairing`);
    // beside those: two for each pair that waits for its inference, two for an inference that was given up
    const out = this.frames.made - this.frames.released;
    if (out > 2 * maxPartsInFlight + 4 + 2) this.problems.push(`${out} frames not released`);
  }
}
