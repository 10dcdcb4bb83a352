/**
 * One camera inside its process: opened, configured, begun, and read until it is lost or closed. Pictures are taken
 * from libaravis on a thread of the pool, so that this one always hears; every call that may block on a dead device is
 * made on another, one at a time. It decides when the device is lost; who restarts it is the daemon.
 */
import { invariant, messageOf } from '../../errors.ts';
import type { Pointer } from '../native/koffi.ts';
import { monotonicClock } from '../native/monotonic.ts';
import type { DeviceFacts, Plain } from '../native/protocol.ts';
import type { OpenAsk, Say, Session } from '../native/serve.ts';
import type { SlotPool } from '../native/slot-pool.ts';
import { type Delivery, deliveredBytes, deliveryOf } from './components.ts';
import { actionKeys, configure } from './configure.ts';
import { type Device, openDevice } from './device.ts';
import { type Aravis, call, callAway, loadAravis, streamCounters } from './library.ts';
import { Reader } from './reader.ts';
import type { CheckedAravis } from './settings.ts';
import { Turns } from './turns.ts';
import { Vigil } from './vigil.ts';

/**
 * Buffers libaravis fills in turn. A frame with lost packets keeps its own for 200 ms, and all that come meanwhile wait
 * behind it: at 60 frames a second that is a dozen. Large pictures come more slowly, and have fewer.
 */
const buffersMost = 16;
const buffersLeast = 8;
const buffersMaxBytes = 256 * 1024 * 1024;
const packetResendNever = 0;
const socketBufferAuto = 1;
/** Until a new stream has been through what it heard; on a network that is never quiet one is taken as it is. */
const settleMs = 25;
const streamAttempts = 8;
const heardPackets = 'n_received_packets';

export class AravisSession implements Session {
  readonly #ask: OpenAsk;
  readonly #settings: CheckedAravis;
  readonly #say: Say;
  readonly #clock = monotonicClock();
  readonly #arv: Aravis;
  readonly #closing = new AbortController();
  readonly #turns = new Turns();
  #device: Device | null = null;
  #delivery: Delivery | null = null;
  #stream: Pointer | null = null;
  #vigil: Vigil | null = null;
  #reading: Promise<void> | null = null;

  /** Throws `camera/library`. */
  constructor(ask: OpenAsk, say: Say) {
    this.#ask = ask;
    this.#settings = ask.settings as unknown as CheckedAravis;
    this.#say = say;
    this.#arv = loadAravis(this.#settings.library);
  }

  async open(): Promise<{ facts: DeviceFacts; exposureBytes: number }> {
    const { id, modalities } = this.#ask;
    this.#device = await openDevice({
      ...{ id, arv: this.#arv, clock: this.#clock, name: this.#settings.address, closing: this.#closing.signal },
      waiting: (reason) => this.#say({ kind: 'waiting', reason }),
    });
    if (this.#device === null) throw new Error('closed before it was opened');
    configure(this.#arv, this.#device, this.#settings, modalities);
    this.#delivery = deliveryOf(id, this.#device.features, modalities);
    return { facts: this.#facts(this.#device, this.#delivery), exposureBytes: deliveredBytes(this.#delivery) };
  }

  async begin(slots: SlotPool): Promise<void> {
    const [device, delivery, arv] = [this.#device, this.#delivery, this.#arv];
    invariant(device && delivery, 'a camera is opened before it begins');
    const stream = await this.#cleanStream(device);
    this.#stream = stream;
    const shared = { arv, clock: this.#clock, settings: this.#settings, device, turns: this.#turns, say: this.#say };
    this.#vigil = new Vigil({ ...shared, stream });
    await this.#vigil.sampleClock();
    call(arv, arv.startAcquisition, device.camera);
    const reader = new Reader({ ...shared, stream, delivery, slots, vigil: this.#vigil });
    this.#reading = reader.run(this.#closing.signal).catch((error: unknown) => {
      this.#say({ kind: 'lost', reason: messageOf(error) });
    });
  }

  trigger(): void {
    const device = this.#device;
    if (!device || !this.#vigil) return;
    this.#vigil.fired();
    if (this.#settings.trigger === 'action') {
      device.gvcp?.act(actionKeys);
      return;
    }
    const fire = (): Promise<void> => callAway(this.#arv, this.#arv.execute, device.device, 'TriggerSoftware');
    this.#turns.run(fire).catch((error: unknown) => this.#say({ kind: 'lost', reason: messageOf(error) }));
  }

  /** `alive` (why not, or null), `features`, `feature` NAME, `write` {name, value}, `counters`. */
  ask(what: string, of: Plain): Promise<Plain> {
    if (what === 'alive') return Promise.resolve(this.#vigil?.problem ?? null);
    return this.#turns.run(() => this.#answer(what, of));
  }

  /** Lets another program have the camera at once; a dead one is left to its own heartbeat. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#reading;
    const [device, arv] = [this.#device, this.#arv];
    if (!device) return;
    await this.#turns.run(() => callAway(arv, arv.stopAcquisition, device.camera));
    if (this.#stream) arv.unref(this.#stream);
    if (device.gvcp) call(arv, arv.leaveControl, device.device);
    device.gvcp?.close();
  }

  #answer(what: string, of: Plain): Plain {
    const features = this.#device?.features;
    invariant(features, 'a camera is opened before it is asked');
    switch (what) {
      case 'features':
        return features.list() as unknown as Plain;
      case 'feature':
        return features.one(String(of)) as unknown as Plain;
      case 'write': {
        const { name, value } = of as unknown as { name: string; value: string };
        features.write(name, value);
        return features.one(name) as unknown as Plain;
      }
      default:
        throw new Error(`internal: a camera was asked for ${what}`);
    }
  }

  /**
   * A stream that has heard nothing yet. A packet socket hears the whole network until its filter is set, and libaravis
   * takes what it heard for frames: by their numbers it would throw away real ones. The camera stands still, so what
   * came is foreign, and another stream is made.
   */
  async #cleanStream(device: Device): Promise<Pointer> {
    const arv = this.#arv;
    const payload = call<number>(arv, arv.payload, device.camera);
    const buffers = Math.min(buffersMost, Math.max(buffersLeast, Math.floor(buffersMaxBytes / payload)));
    for (let attempt = 1; ; attempt++) {
      const stream = call<Pointer>(arv, arv.createStream, device.camera, null, null);
      this.#tuneStream(stream, device);
      for (let made = 0; made < buffers; made++) arv.pushBuffer(stream, arv.bufferNew(payload));
      await this.#clock.sleep(settleMs);
      if (device.gvcp === null || attempt === streamAttempts || streamCounters(arv, stream)[heardPackets] === 0) {
        return stream;
      }
      arv.unref(stream);
    }
  }

  #tuneStream(stream: Pointer, { gvcp }: Device): void {
    if (gvcp === null) return;
    const { setProperties } = this.#arv;
    // A buffer of the kernel's own size loses most of every frame: it is made as large as a frame.
    setProperties(stream, 'socket-buffer', 'int', socketBufferAuto, 'void *', null);
    if (!this.#settings.resend) {
      setProperties(stream, 'packet-resend', 'int', packetResendNever, 'void *', null);
    }
  }

  #facts({ camera, address }: Device, { rgb, depth }: Delivery): DeviceFacts {
    const arv = this.#arv;
    const text = (native: Aravis['vendorName']): string => call<string | null>(arv, native, camera) ?? '';
    const delivers = [
      ...(rgb ? [{ modality: 'rgb' as const, component: rgb.name, format: rgb.format.name }] : []),
      ...(depth ? [{ modality: 'depth' as const, component: depth.name, format: depth.format.name }] : []),
    ];
    return {
      vendor: text(arv.vendorName),
      model: text(arv.modelName),
      serial: text(arv.serialNumber),
      address,
      library: `libaravis ${arv.version}`,
      delivers,
    };
  }
}
