/**
 * Watches over a device that runs: reads one of its registers again and again, compares its clock with the host's,
 * counts what it triggered, and says when it is lost. A device that is idle is found dead by the register within two
 * heartbeats; one that answers and delivers nothing although it is triggered, by the stall rule.
 */
import { messageOf } from '../../errors.ts';
import type { Pointer } from '../native/koffi.ts';
import type { ProcessClock } from '../native/monotonic.ts';
import type { Say } from '../native/serve.ts';
import { ClockMap } from './clock-map.ts';
import type { Device } from './device.ts';
import { type Aravis, callAway, DeviceError, streamCounters } from './library.ts';
import { TriggerCounts } from './numbering.ts';
import type { CheckedAravis } from './settings.ts';
import type { Turns } from './turns.ts';

/** A register is read this often within one heartbeat, so that one lost packet is no lost camera. */
const asksPerHeartbeat = 4;
const beatMs = 250;
const sampleClockMs = 1000;
const readCounterMs = 100;
/** Periods without a frame that are a stall, where the camera keeps a pace. */
const stallPeriods = 3;
/** Triggers without any frame that are a stall: one alone may be a frame lost on the network. */
const stallTriggers = 2;

export interface VigilDeps {
  readonly arv: Aravis;
  readonly clock: ProcessClock;
  readonly settings: CheckedAravis;
  readonly device: Device;
  readonly turns: Turns;
  readonly stream: Pointer;
  readonly say: Say;
}

export class Vigil {
  readonly clockMap = new ClockMap();
  readonly counts = new TriggerCounts();
  readonly #deps: VigilDeps;
  readonly #latch: LatchFeatures | null;
  #askedAtUs = 0;
  #answeredAtUs: number;
  #beatAtUs = 0;
  #clockAtUs = 0;
  #counterAtUs = 0;
  #counted: { readonly count: number; readonly sinceUs: number } | null = null;
  #frameAtUs: number;
  #periodUs = 0;
  /** Triggers since the last frame, and when the first of them was. */
  #unanswered = { triggers: 0, sinceUs: 0 };
  #lost = false;

  constructor(deps: VigilDeps) {
    this.#deps = deps;
    this.#latch = latchOf(deps.device);
    this.#answeredAtUs = deps.clock.nowUs();
    this.#frameAtUs = this.#answeredAtUs;
  }

  get lost(): boolean {
    return this.#lost;
  }

  /** Why the device cannot be counted on now; null where it answered within its heartbeat. */
  get problem(): string | null {
    const silentMs = (this.#deps.clock.nowUs() - this.#answeredAtUs) / 1000;
    if (this.#lost) return 'it is lost';
    return silentMs <= this.#deps.settings.heartbeatMs ? null : `it has not answered for ${Math.round(silentMs)} ms`;
  }

  /** A frame came, whole or not. */
  framed(nowUs: number): void {
    if (this.#frameAtUs > 0) this.#periodUs = nowUs - this.#frameAtUs;
    this.#frameAtUs = nowUs;
    this.#unanswered = { triggers: 0, sinceUs: 0 };
  }

  /** We triggered it. */
  fired(): void {
    this.#expect(this.#unanswered.triggers + 1, this.#deps.clock.nowUs());
  }

  /** To be called some ten times a second or more often; never blocks. */
  look(): void {
    const nowUs = this.#deps.clock.nowUs();
    this.#knock(nowUs);
    this.#stall(nowUs);
    if (this.#lost) return;
    if (nowUs - this.#clockAtUs > sampleClockMs * 1000) this.#background(() => this.sampleClock());
    if (nowUs - this.#counterAtUs > readCounterMs * 1000) this.#background(() => this.#readCounter());
    if (nowUs - this.#beatAtUs > beatMs * 1000) this.#beat(nowUs);
  }

  /** Compares the clocks now; cameras that cannot latch theirs are mapped by the arrival of their frames. */
  async sampleClock(): Promise<void> {
    const { arv, clock, device, turns } = this.#deps;
    this.#clockAtUs = clock.nowUs();
    const latch = this.#latch;
    if (latch === null) return;
    await turns.run(async () => {
      const beforeUs = clock.nowUs();
      await callAway(arv, arv.execute, device.device, latch.command);
      const afterUs = clock.nowUs();
      const ticks = await callAway<number | bigint>(arv, arv.getInteger, device.device, latch.value);
      this.clockMap.latched(Number(ticks) * latch.usPerTick, beforeUs, afterUs);
    });
  }

  /** A register read over a socket of our own, or for USB over the library. */
  #knock(nowUs: number): void {
    const { device, settings, arv } = this.#deps;
    const { gvcp } = device;
    if (gvcp !== null) {
      const heard = gvcp.heard();
      if (heard !== null) this.#answeredAtUs = Math.max(this.#answeredAtUs, this.#askedAtUs);
      if (heard?.free || !arv.isController(device.device)) {
        this.#lose('it was started anew, or forgot us');
        return;
      }
    }
    const silentMs = (nowUs - this.#answeredAtUs) / 1000;
    if (silentMs > settings.heartbeatMs) {
      this.#lose(`it has not answered for ${Math.round(silentMs)} ms`);
      return;
    }
    if (nowUs - this.#askedAtUs < (settings.heartbeatMs * 1000) / asksPerHeartbeat) return;
    this.#askedAtUs = nowUs;
    if (gvcp !== null) gvcp.ask();
    else this.#background(() => this.#readOverUsb());
  }

  async #readOverUsb(): Promise<void> {
    const { arv, device, turns, clock } = this.#deps;
    await turns.run(() => callAway(arv, arv.getInteger, device.device, 'PayloadSize'));
    this.#answeredAtUs = clock.nowUs();
  }

  #expect(triggers: number, atUs: number): void {
    const { triggers: before, sinceUs } = this.#unanswered;
    this.#unanswered = { triggers: Math.max(before, triggers), sinceUs: before === 0 ? atUs : sinceUs };
  }

  #stall(nowUs: number): void {
    const { settings } = this.#deps;
    const limitUs = Math.max(settings.stallMs * 1000, stallPeriods * this.#periodUs);
    const silentUs = nowUs - this.#frameAtUs;
    const { triggers, sinceUs } = this.#unanswered;
    const paced = settings.trigger === 'free' && silentUs > limitUs;
    const triggered = triggers >= stallTriggers && silentUs > limitUs && nowUs - sinceUs > limitUs;
    if (paced || triggered) {
      this.#lose(`it answers, but no frame came for ${Math.round(silentUs / 1000)} ms although it is triggered`);
    }
  }

  /** The device's own count of edges: those that made no frame within half the stall time are told all the same. */
  async #readCounter(): Promise<void> {
    const { arv, clock, device, settings, turns, say } = this.#deps;
    this.#counterAtUs = clock.nowUs();
    if (settings.countFeature === '' || settings.count !== 'chunk') return;
    const read = (): Promise<number | bigint> =>
      callAway<number | bigint>(arv, arv.getInteger, device.device, settings.countFeature);
    const count = Number(await turns.run(read));
    const nowUs = clock.nowUs();
    // What was counted before the first frame was of another time.
    this.#counted ??= { count, sinceUs: nowUs };
    if (count !== this.#counted.count) this.#counted = { count, sinceUs: nowUs };
    const told = this.counts.last ?? count;
    if (count <= told) return;
    this.#expect(count - told, this.#counted.sinceUs);
    if (nowUs - this.#counted.sinceUs > settings.stallMs * 500 && this.counts.passed(count)) {
      say({ kind: 'edge', count, atUs: this.#counted.sinceUs });
    }
  }

  #beat(nowUs: number): void {
    const { arv, stream, say } = this.#deps;
    this.#beatAtUs = nowUs;
    say({ kind: 'beat', counters: { clockJumps: this.clockMap.jumps, ...streamCounters(arv, stream) } });
  }

  #background(work: () => Promise<void>): void {
    // One that still waits stands for all: a device that does not answer is found by its silence.
    if (this.#deps.turns.waiting > 0) return;
    work().catch((error: unknown) => {
      if (!(error instanceof DeviceError)) this.#lose(messageOf(error));
    });
  }

  #lose(reason: string): void {
    if (this.#lost) return;
    this.#lost = true;
    this.#deps.say({ kind: 'lost', reason });
  }
}

interface LatchFeatures {
  readonly command: string;
  readonly value: string;
  readonly usPerTick: number;
}

/** SFNC's names, and those of older network cameras, which count ticks. */
function latchOf({ features }: Device): LatchFeatures | null {
  if (features.isAvailable('TimestampLatch') && features.isAvailable('TimestampLatchValue')) {
    return { command: 'TimestampLatch', value: 'TimestampLatchValue', usPerTick: 1e-3 };
  }
  const old = ['GevTimestampControlLatch', 'GevTimestampValue', 'GevTimestampTickFrequency'];
  if (!old.every((name) => features.isAvailable(name))) return null;
  const frequency = Number(features.integer('GevTimestampTickFrequency'));
  return frequency > 0 ? { command: old[0]!, value: old[1]!, usPerTick: 1e6 / frequency } : null;
}
