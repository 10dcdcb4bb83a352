/**
 * Takes buffers as libaravis fills them, numbers them, maps their time, decodes them into shared memory and gives them
 * back at once. What cannot be delivered is told with the trigger it belongs to, so that its part is undecided for it.
 */
import { type Pointer, Views } from '../native/koffi.ts';
import type { ProcessClock } from '../native/monotonic.ts';
import type { Missing } from '../native/protocol.ts';
import type { Say } from '../native/serve.ts';
import type { SlotPool, SlotWriter } from '../native/slot-pool.ts';
import type { Delivery } from './components.ts';
import type { Device } from './device.ts';
import { decode, flawOf, isStray } from './exposures.ts';
import { type Aravis, call, DeviceError } from './library.ts';
import { FrameIds } from './numbering.ts';
import type { CheckedAravis } from './settings.ts';
import type { Vigil } from './vigil.ts';

/** How long one wait for a buffer lasts: the vigil looks around after each. */
const popMs = 50;
/** A frame is not older than this when it comes, and not from the future: else the device's clock was set. */
const oldestMs = 30_000;
const futureMs = 2;
/** A larger gap is a network that was away, told by the camera's loss; the parts of all of it are not named. */
const maxVanished = 64;

interface Numbers {
  readonly frameId: number;
  readonly trigger: number | null;
}

export interface ReaderDeps {
  readonly arv: Aravis;
  readonly clock: ProcessClock;
  readonly settings: CheckedAravis;
  readonly device: Device;
  readonly stream: Pointer;
  readonly delivery: Delivery;
  readonly slots: SlotPool;
  readonly vigil: Vigil;
  readonly say: Say;
}

export class Reader {
  readonly #deps: ReaderDeps;
  readonly #ids = new FrameIds();
  /** As old as the stream: its buffers end together. */
  readonly #views = new Views();
  readonly #chunks: Pointer | null;
  #last: Numbers | null = null;

  constructor(deps: ReaderDeps) {
    this.#deps = deps;
    const { arv, device, settings } = deps;
    this.#chunks = settings.count === 'chunk' ? (arv.createChunkParser(device.camera) as Pointer) : null;
  }

  /** Until the device is lost or it is closed. */
  async run(closing: AbortSignal): Promise<void> {
    const { arv, stream, vigil } = this.#deps;
    while (!closing.aborted && !vigil.lost) {
      const buffer = (await arv.popBuffer.promise(stream, popMs * 1000)) as Pointer | null;
      if (buffer !== null) {
        if (!isStray(arv, buffer)) this.#exposed(buffer);
        arv.pushBuffer(stream, buffer);
      }
      vigil.look();
    }
  }

  #exposed(buffer: Pointer): void {
    const { arv, clock, vigil, say } = this.#deps;
    const arrivedAtUs = clock.nowUs();
    vigil.framed(arrivedAtUs);
    const flaw = flawOf(arv, buffer);
    const { frameId, restarted } = this.#ids.next(BigInt(arv.frameId(buffer) as number | bigint));
    if (restarted) {
      vigil.counts.reset();
      say({ kind: 'epoch', reason: 'its frame numbers began anew' });
    }
    const { trigger, edge } = vigil.counts.next(this.#countOf(buffer, frameId, flaw), frameId);
    const capturedAtUs = this.#capturedAtUs(buffer, arrivedAtUs);
    const { writer, missing } = this.#decoded(buffer, flaw);
    say({
      kind: 'exposure',
      slot: writer?.slot ?? null,
      ...{ frameId, trigger, edge, capturedAtUs, arrivedAtUs: clock.nowUs(), images: writer?.images ?? [], missing },
    });
    this.#tellVanished({ frameId, trigger }, capturedAtUs, restarted);
    this.#last = { frameId, trigger };
  }

  /** Numbers that were skipped are frames of which nothing came: whose part waits for them need not. */
  #tellVanished(now: Numbers, capturedAtUs: number, restarted: boolean): void {
    const before = this.#last;
    const skipped = before === null || restarted ? 0 : now.frameId - before.frameId - 1;
    if (before === null || skipped < 1 || skipped > maxVanished) return;
    const { trigger: from } = before;
    // Only where as many triggers were skipped is it certain which ones.
    const certain = from !== null && now.trigger !== null && now.trigger - from === now.frameId - before.frameId;
    for (let each = 1; each <= skipped; each++) {
      this.#deps.say({
        kind: 'exposure',
        slot: null,
        ...{ frameId: before.frameId + each, trigger: certain ? from + each : null, edge: false, images: [] },
        ...{ capturedAtUs, arrivedAtUs: capturedAtUs, missing: this.#missingAll('nothing of it came') },
      });
    }
  }

  #decoded(buffer: Pointer, flaw: string | null): { writer: SlotWriter | null; missing: readonly Missing[] } {
    const { arv, delivery, settings, slots } = this.#deps;
    if (flaw !== null) return { writer: null, missing: this.#missingAll(flaw) };
    const writer = slots.take();
    if (writer === null) return { writer: null, missing: this.#missingAll('the consumer holds all buffers') };
    const missing = decode({ arv, buffer, views: this.#views }, delivery, settings.confidenceMin, writer);
    return { writer, missing };
  }

  #missingAll(reason: string): Missing[] {
    const { delivery } = this.#deps;
    return (['rgb', 'depth'] as const).filter((of) => delivery[of] !== null).map((modality) => ({ modality, reason }));
  }

  /** Null where the frame does not say. */
  #countOf(buffer: Pointer, frameId: number, flaw: string | null): number | null {
    const { arv, settings } = this.#deps;
    if (settings.count === 'frameId') return frameId;
    if (this.#chunks === null || flaw !== null || !arv.hasChunks(buffer)) return null;
    try {
      return Number(call<number | bigint>(arv, arv.chunkInteger, this.#chunks, buffer, settings.countChunk));
    } catch (error) {
      // The chunk is missing from this frame: it has a number of frames only.
      if (error instanceof DeviceError) return null;
      throw error;
    }
  }

  #capturedAtUs(buffer: Pointer, arrivedAtUs: number): number {
    const { arv, vigil } = this.#deps;
    const deviceUs = Number(BigInt(arv.timestamp(buffer) as number | bigint)) / 1000;
    // A device without a clock.
    if (!(deviceUs > 0)) return arrivedAtUs;
    const { clockMap } = vigil;
    const mapped = clockMap.toHostUs(deviceUs);
    const believable =
      mapped !== null && mapped <= arrivedAtUs + futureMs * 1000 && mapped >= arrivedAtUs - oldestMs * 1000;
    if (!believable) clockMap.reset();
    clockMap.arrived(deviceUs, arrivedAtUs);
    return clockMap.toHostUs(deviceUs) ?? arrivedAtUs;
  }
}
