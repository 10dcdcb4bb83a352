/**
 * What the tests of a line stand it on: a clock that is turned by hand, frames that know how often they were
 * released, an inference port that answers as it is told and a sink that remembers. Seeded where anything is random.
 */
import type { Clock } from '../../daemon/clock.ts';
import type { InferencePort, PairImages, Reading, ServedBundle } from '../../daemon/inference/port.ts';
import type { CommandedTrigger } from '../../daemon/line/commanding.ts';
import type { LineSettings } from '../../daemon/line/settings.ts';
import type { OpenedPart, PartEvidence, VerdictSink } from '../../daemon/line/sink.ts';
import type { VerdictRecord } from '../../daemon/line/verdict.ts';
import type { DepthFrame, Frame, Modality, RgbFrame } from '../../drivers/frame.ts';

export const widthPx = 4;
export const heightPx = 3;

/** Lets every promise that can go on do so. */
export const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

export class HandClock implements Clock {
  #nowMs = 1000;
  #serial = 0;
  #timers: { atMs: number; serial: number; callback: () => void; signal: AbortSignal | undefined }[] = [];

  nowMs(): number {
    return this.#nowMs;
  }

  wallMs(): number {
    return 1_700_000_000_000 + this.#nowMs;
  }

  after(delayMs: number, callback: () => void, signal?: AbortSignal): void {
    if (signal?.aborted) return;
    const timer = { atMs: this.#nowMs + delayMs, serial: this.#serial++, callback, signal };
    let at = this.#timers.length;
    while (at > 0 && this.#timers[at - 1]!.atMs > timer.atMs) at--;
    this.#timers.splice(at, 0, timer);
  }

  /** Runs the next timer that was not aborted, if it is due by then; false where none is. */
  step(untilMs: number): boolean {
    while (this.#timers[0] && this.#timers[0].atMs <= untilMs) {
      const timer = this.#timers.shift()!;
      if (timer.signal?.aborted) continue;
      this.#nowMs = timer.atMs;
      timer.callback();
      return true;
    }
    this.#nowMs = Math.max(this.#nowMs, Number.isFinite(untilMs) ? untilMs : this.#nowMs);
    return false;
  }

  /** Turns the clock on, timer by timer, letting promises settle after each. */
  async advance(byMs: number): Promise<void> {
    const untilMs = this.#nowMs + byMs;
    do await settle();
    while (this.step(untilMs));
    await settle();
  }

  /** The clock jumps without running timers: a busy event loop. */
  jump(byMs: number): void {
    this.#nowMs += byMs;
  }
}

export interface FrameWish {
  modality: Modality;
  trigger?: number | null;
  frameId?: number;
  cameraId?: string;
  capturedAtMs?: number;
  complete?: boolean;
  /** Fills the first bytes; equal fills make byte-equal frames. */
  fill?: number;
  values?: number;
  widthPx?: number;
}

/** Makes frames and keeps the books of their release. */
export class FrameMaker {
  made = 0;
  released = 0;
  readonly #clock: HandClock;
  #fill = 1;
  readonly #ids = { rgb: 0, depth: 0 };

  constructor(clock: HandClock) {
    this.#clock = clock;
  }

  make(wish: FrameWish): Frame {
    this.made++;
    let open = true;
    const poison = (): void => {
      // A pool would reuse the memory at once; whoever still looks at it must notice.
      if (frame.modality === 'rgb') frame.pixels.fill(0xee);
      else frame.depthMm.fill(Number.NaN);
    };
    const width = wish.widthPx ?? widthPx;
    const fill = wish.fill ?? this.#fill++;
    const frameId = wish.frameId ?? this.#ids[wish.modality] + 1;
    this.#ids[wish.modality] = frameId;
    const stamp = {
      cameraId: wish.cameraId ?? 'cam',
      frameId,
      trigger: wish.trigger ?? null,
      capturedAtUs: (wish.capturedAtMs ?? this.#clock.nowMs()) * 1000,
      arrivedAtMs: this.#clock.nowMs(),
      complete: wish.complete ?? true,
      widthPx: width,
      heightPx,
      release: () => {
        if (!open) throw new Error(`frame ${wish.modality} ${frameId} was released twice`);
        open = false;
        this.released++;
        poison();
      },
    };
    const values = wish.values ?? width * heightPx;
    const frame: Frame =
      wish.modality === 'rgb'
        ? ({ ...stamp, modality: 'rgb', pixels: new Uint8Array(values * 3) } satisfies RgbFrame)
        : ({ ...stamp, modality: 'depth', depthMm: new Float32Array(values).fill(500) } satisfies DepthFrame);
    if (frame.modality === 'rgb') new DataView(frame.pixels.buffer).setUint32(0, fill);
    else frame.depthMm[values - 1] = 500 + fill;
    return frame;
  }
}

/** The fills of the two frames of a pair, as `FrameMaker` wrote them. */
export function fillsOf(pair: PairImages): { rgb: number; depth: number } {
  const rgb = new DataView(pair.rgb.buffer, pair.rgb.byteOffset).getUint32(0);
  return { rgb, depth: pair.depthMm[pair.depthMm.length - 1]! - 500 };
}

export const bundle: ServedBundle = {
  name: 'demo',
  version: '1',
  digest: 'd1',
  product: 'plate',
  widthPx,
  heightPx,
  threshold: 1,
  pixelThreshold: 0.5,
  leastAreaPx: 2,
  minJudgedShare: 0.9,
  vitalLimits: { rgb: { contrast: 10, grain: 1 }, depth: { contrast: 0.2, grain: 0.02 } },
  precision: 'fp32',
  datumLimits: { offsetMm: 2, tiltMmAcross: 1 },
};

export function readingOf(changes: Partial<Reading> = {}): Reading {
  return {
    score: 0.2,
    widthPx,
    heightPx,
    map: new Float32Array(widthPx * heightPx).fill(0.1),
    judged: new Uint8Array(widthPx * heightPx).fill(1),
    judgedShare: 1,
    vitals: { rgb: { share: 1, contrast: 50, grain: 5 }, depth: { share: 1, contrast: 0.9, grain: 0.1 } },
    datum: { offsetMm: 0.1, tiltMmAcross: 0 },
    inferMs: 5,
    ...changes,
  };
}

/** A reading with one pixel at a value that is the score too. */
export function defectReading(value = 2): Reading {
  const map = new Float32Array(widthPx * heightPx).fill(0.1);
  map[5] = value;
  return readingOf({ score: value, map });
}

/** Answers as the test says; counts how many inferences ran at once. */
export class ScriptedPort implements InferencePort {
  served: ServedBundle | null = bundle;
  answer: (pair: PairImages, signal: AbortSignal) => Promise<Reading> = () => Promise.resolve(readingOf());
  running = 0;
  peakRunning = 0;

  bundle(): ServedBundle | null {
    return this.served;
  }

  async infer(pair: PairImages, signal: AbortSignal): Promise<Reading> {
    this.peakRunning = Math.max(this.peakRunning, ++this.running);
    try {
      return await this.answer(pair, signal);
    } finally {
      this.running--;
    }
  }
}

export class ListSink implements VerdictSink {
  readonly opens: OpenedPart[] = [];
  readonly records: VerdictRecord[] = [];
  readonly evidence: (PartEvidence | null)[] = [];
  commit: () => Promise<boolean> = () => Promise.resolve(true);

  opened(part: OpenedPart): number {
    return this.opens.push(part);
  }

  closed(record: VerdictRecord, evidence: PartEvidence | null): Promise<boolean> {
    this.records.push(record);
    this.evidence.push(evidence);
    return this.commit();
  }
}

export const settings: LineSettings = {
  lineId: 'line1',
  deadlineMs: 1000,
  frameWaitMs: 600,
  maxPartsInFlight: 3,
  cameras: [{ id: 'cam', modalities: ['rgb', 'depth'] }],
  triggerFrom: 'cam',
  captureEarlyMs: 10,
  captureLateMs: 40,
  edgeWindowMs: 20,
  skewExpectedUs: 0,
  skewMaxUs: 5000,
  abandonAfterMs: 200,
};

/** A trigger of the plant without ids but the part's. */
export function command(partId: string | null, changes: Partial<CommandedTrigger> = {}): CommandedTrigger {
  const ids = { plantSequence: null, measId: null, productId: null, jobId: null, challenge: false };
  return { partId, ...ids, ...changes };
}

export const twoCameras: LineSettings = {
  ...settings,
  cameras: [
    { id: 'colour', modalities: ['rgb'] },
    { id: 'range', modalities: ['depth'] },
  ],
  triggerFrom: 'range',
};
