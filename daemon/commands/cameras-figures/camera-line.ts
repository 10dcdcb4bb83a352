/**
 * Two simulated cameras and a real line before them, for measuring: real drivers, real pairing, and in place of the
 * network a look at the stamps of both pictures, which say which trigger each shows. What is measured is the way from
 * exposure to pair; what is proven is that each pair is the right one.
 */
import { AravisCamera } from '../../../drivers/aravis/camera.ts';
import type { CameraSink, DepthFrame, Modality, RgbFrame } from '../../../drivers/index.ts';
import type { InferencePort, PairImages, Reading, ServedBundle } from '../../inference/port.ts';
import { Line } from '../../line/line.ts';
import type { LineSettings } from '../../line/settings.ts';
import type { VerdictRecord } from '../../line/verdict.ts';
import type { Context } from '../command.ts';
import type { Model } from './simulator.ts';

export interface LineOptions {
  /** From edge to edge, at least. */
  readonly periodMs: number;
  readonly models: readonly [Model, Model];
  readonly resend: boolean;
}

export interface Seen {
  /** From exposure to the complete pair, ms. */
  readonly pairMs: number[];
  readonly records: VerdictRecord[];
  /** Pairs whose two pictures do not show one and the same trigger, the one they were paired for. */
  wrong: number;
  /** When each camera was said to be lost, and when a part passed, on the monotonic clock, ms. */
  readonly lostAtMs: Record<Modality, number>;
  passedAtMs: number;
}

const settingsFor = (periodMs: number): LineSettings => ({
  ...{ lineId: 'figures', deadlineMs: 2000, frameWaitMs: 300, maxPartsInFlight: 64 },
  ...{ triggerFrom: 'rgb', captureEarlyMs: 5, captureLateMs: 20 },
  // as wide as two edges can still be told apart
  edgeWindowMs: Math.floor(periodMs / 2) - 1,
  // pairs are told by their counts and proven by their stamps; this far apart they would be of two triggers
  ...{ skewExpectedUs: 0, skewMaxUs: (periodMs * 1000) / 2, abandonAfterMs: 1000 },
  cameras: [
    { id: 'rgb', modalities: ['rgb'] },
    { id: 'depth', modalities: ['depth'] },
  ],
});
/** A lost frame holds up the verdicts of the parts behind it, and with them their frames. */
const slots = 32;
/** Jumbo frames, through the kernel's own sockets: a service has no right to others. */
const network = { packetBytes: 9000, packetSocket: false };
/** What is left of a pair when its stamps are read. */
const dot: PairImages = { widthPx: 1, heightPx: 1, rgb: new Uint8Array(3), depthMm: new Float32Array(1) };
/** How a stamp is written: as many pixels' bits, black or white, at this distance or farther. */
const stampBits = 24;
const [greyEdge, depthEdgeMm] = [127, 532];

export class CameraLine {
  readonly line: Line;
  readonly cameras: readonly AravisCamera[];
  readonly seen: Seen = {
    ...{ pairMs: [], records: [], wrong: 0, passedAtMs: 0 },
    lostAtMs: { rgb: 0, depth: 0 },
  };
  readonly #context: Context;
  readonly #stopping = new AbortController();
  readonly #lost = new Set<Modality>();
  #sequence = 0;

  constructor(context: Context, { models, resend, periodMs }: LineOptions) {
    this.#context = context;
    const { clock } = context;
    const camera = (id: Modality, { ip }: Model): AravisCamera =>
      new AravisCamera(
        { address: ip, trigger: 'hardware', count: 'frameId', ...network, resend },
        { id, modalities: [id], slots, clock },
      );
    this.cameras = [camera('rgb', models[0]), camera('depth', models[1])];
    this.line = new Line({
      settings: settingsFor(periodMs),
      clock,
      port: passingPort,
      register: (rgb, depth) => this.#look(rgb, depth),
      sink: {
        opened: () => ++this.#sequence,
        closed: async (record) => {
          this.seen.records.push(record);
          if (record.decision === 'pass') this.seen.passedAtMs = clock.nowMs();
          return true;
        },
      },
    });
  }

  async start(): Promise<void> {
    for (const camera of this.cameras) await camera.start(this.#sinkFor(camera.id as Modality), this.#stopping.signal);
  }

  async stop(): Promise<void> {
    for (const camera of this.cameras) await camera.stop();
    await this.line.stop();
  }

  /** What was seen so far is not counted. */
  forget(): void {
    this.seen.records.length = 0;
    this.seen.pairMs.length = 0;
    this.seen.wrong = 0;
  }

  #sinkFor(id: Modality): CameraSink {
    const sink = this.line.sinkFor(id);
    return {
      ...sink,
      lost: (reason) => {
        // A lost camera is told again when the reason changes; what counts is when it was told first.
        if (!this.#lost.has(id)) this.seen.lostAtMs[id] = this.#context.clock.nowMs();
        this.#lost.add(id);
        sink.lost(reason);
      },
      recovered: () => {
        this.#lost.delete(id);
        sink.recovered();
      },
    };
  }

  #look(rgb: RgbFrame, depth: DepthFrame): PairImages {
    const { seen } = this;
    const exposedAtMs = Math.max(rgb.capturedAtUs, depth.capturedAtUs) / 1000;
    seen.pairMs.push(this.#context.clock.nowMs() - exposedAtMs);
    const [shownByRgb, shownByDepth] = [rgbStamp(rgb.pixels), depthStamp(depth.depthMm)];
    if (shownByRgb !== shownByDepth || (rgb.trigger !== null && shownByRgb !== rgb.trigger)) seen.wrong++;
    return dot;
  }
}

const bundle: ServedBundle = {
  ...{ name: 'stamps', version: '0', digest: '', product: 'figures', precision: 'fp32', widthPx: 1, heightPx: 1 },
  ...{ threshold: 1, pixelThreshold: 1, leastAreaPx: 1, minJudgedShare: 0, vitalLimits: null, datumLimits: null },
};
const alive = { share: 1, contrast: 1, grain: 1 };
const nothingFound: Reading = {
  ...{ score: 0, widthPx: 1, heightPx: 1, map: new Float32Array(1), judged: Uint8Array.of(1), judgedShare: 1 },
  ...{ vitals: { rgb: alive, depth: alive }, datum: null, inferMs: 0 },
};
/** Every pair that reaches it passes: what is undecided was lost before. */
const passingPort: InferencePort = { bundle: () => bundle, infer: async () => nothingFound };

function rgbStamp(pixels: Uint8Array): number {
  let trigger = 0;
  for (let bit = 0; bit < stampBits; bit++) if (pixels[bit]! > greyEdge) trigger |= 1 << bit;
  return trigger;
}

function depthStamp(depthMm: Float32Array): number {
  let trigger = 0;
  for (let bit = 0; bit < stampBits; bit++) if (depthMm[bit]! > depthEdgeMm) trigger |= 1 << bit;
  return trigger;
}
