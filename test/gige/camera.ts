/**
 * A simulated network camera on a loopback address: answers control commands, hears triggers, sends frames, and fails
 * as it is told. It does what real ones were seen to do with libaravis; it complies with nothing (see `layout.ts`).
 */
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { systemClock } from '../../daemon/clock.ts';
import { Draw, type Faults, noFaults, takes } from './faults.ts';
import {
  bootstrap,
  commands,
  flags,
  formats,
  gvcpMagic,
  gvcpPort,
  registers,
  status,
  triggerSources,
} from './layout.ts';
import type { CameraModel, Scene } from './model.ts';
import { type Part, packetsOf, type Shot } from './packets.ts';
import { Registers } from './registers.ts';
import { encode } from './scene.ts';

/** Frames whose packets can be asked for again. */
const keptFrames = 8;
const sendBufferBytes = 4 << 20;

export interface SentFacts {
  /** Edges counted. */
  triggers: number;
  framesSent: number;
  packetsSent: number;
  packetsLost: number;
  packetsResent: number;
  /** Frames of which at least one packet was lost. */
  framesHit: number;
}

export class SimulatedCamera {
  readonly model: CameraModel;
  readonly registers: Registers;
  readonly facts: SentFacts = {
    ...{ triggers: 0, framesSent: 0, packetsSent: 0, packetsLost: 0, packetsResent: 0, framesHit: 0 },
  };
  faults: Faults = { ...noFaults };
  /** How the device's clock goes: ahead of the host's by so much, and so much faster. */
  clock = { aheadNs: 0n, fasterPpm: 0 };
  readonly #scenes: readonly Scene[];
  readonly #draw: Draw;
  #control: Socket | null = null;
  #stream: Socket | null = null;
  /** Whether the stream's socket is connected to a receiver. */
  #aimed = false;
  #controller = '';
  #heardAtMs = 0;
  #frameId = 0n;
  #count = 0n;
  #pace = new AbortController();
  readonly #kept = new Map<bigint, Buffer[]>();

  constructor(model: CameraModel, scenes: readonly Scene[], seed: number) {
    this.model = model;
    this.#scenes = scenes;
    this.#draw = new Draw(seed);
    this.registers = new Registers(model);
  }

  async start(): Promise<void> {
    this.#control = await bound(gvcpPort, this.model.ip);
    this.#stream = await bound(0, this.model.ip);
    this.#stream.setSendBufferSize(sendBufferBytes);
    this.#control.on('message', (packet, from) => this.#heard(packet, from));
  }

  stop(): void {
    this.#pace.abort();
    this.#control?.close();
    this.#stream?.close();
    this.#control = null;
    this.#stream = null;
    this.#aimed = false;
  }

  /** Power off, and on again after a while: nothing is remembered, all numbers begin anew. */
  async reboot(forMs: number): Promise<void> {
    this.stop();
    this.#controller = '';
    this.#frameId = 0n;
    this.#count = 0n;
    this.#kept.clear();
    this.clock.aheadNs -= this.deviceNs();
    this.registers.reset();
    await new Promise<void>((resolve) => systemClock.after(forMs, resolve));
    await this.start();
  }

  /** Frame numbers go on from here: to meet the wrap of 16 bits. */
  setFrameId(frameId: bigint): void {
    this.#frameId = frameId;
  }

  /** The trigger counter bounces or is set. */
  setCount(count: bigint): void {
    this.#count = count;
  }

  /** An electrical edge at this instant of the host's clock. */
  edge(atNs: bigint): void {
    if (this.registers.get(registers.triggerSource) === triggerSources.Line0) this.#expose(atNs);
  }

  deviceNs(hostNs = BigInt(Math.round(systemClock.nowMs() * 1e6))): bigint {
    const { aheadNs, fasterPpm } = this.clock;
    return hostNs + aheadNs + (hostNs * BigInt(Math.round(fasterPpm * 1000))) / 1_000_000_000n;
  }

  #expose(atNs: bigint): void {
    const { faults } = this;
    if (this.registers.get(registers.acquisition) === 0 || faults.frozen || !this.#stream) return;
    if (takes(faults, 'deaf')) return;
    this.#count++;
    this.facts.triggers++;
    this.registers.set(registers.counter, Number(this.#count));
    this.#frameId++;
    if (faults.mute || takes(faults, 'vanish')) return;
    const shot = this.#shoot(atNs);
    const packets = packetsOf(shot, this.registers.get(bootstrap.packetSize) & 0xffff, this.#forget());
    const twice = takes(faults, 'twice');
    const send = (): void => {
      this.#send(shot.frameId, packets);
      if (twice) this.#send(shot.frameId, packets);
    };
    if (faults.lateMs > 0) systemClock.after(faults.lateMs, send, this.#pace.signal);
    else send();
  }

  #shoot(atNs: bigint): Shot {
    const { faults, model } = this;
    const trigger = Number(this.#count);
    const scene = this.#scenes[trigger % this.#scenes.length]!;
    const multipart = model.depth !== undefined;
    const half = takes(faults, 'wrongSize');
    const noRange = takes(faults, 'withoutRange');
    const sent = multipart
      ? this.registers.sent.filter((name) => !(noRange && name === 'Range'))
      : (['Intensity'] as const);
    const parts = sent.map((component): Part => {
      const data = encode(scene, model, component, trigger);
      const size = { widthPx: model.widthPx, heightPx: half ? model.heightPx / 2 : model.heightPx };
      const format = multipart ? this.registers.formatOf(component) : formats[model.format];
      return { component, format, ...size, data: half ? data.subarray(0, data.length / 2) : data };
    });
    const chunks = this.registers.get(registers.chunkMode) !== 0 && !takes(faults, 'withoutChunk');
    return {
      frameId: this.#frameId,
      timestampNs: takes(faults, 'withoutTime') ? 0n : this.deviceNs(atNs),
      parts: takes(faults, 'withoutParts') ? [] : parts,
      multipart,
      count: chunks ? this.#count : null,
    };
  }

  #send(frameId: bigint, packets: Buffer[]): void {
    const { faults, facts } = this;
    this.#kept.set(frameId, packets);
    const withoutLeader = takes(faults, 'withoutLeader');
    const withoutTrailer = takes(faults, 'withoutTrailer');
    let hit = withoutLeader || withoutTrailer;
    packets.forEach((packet, at) => {
      const last = at === packets.length - 1;
      const dropped =
        at === 0 ? withoutLeader : last ? withoutTrailer : faults.loss > 0 && this.#draw.unit() < faults.loss;
      if (dropped) {
        facts.packetsLost++;
        hit = true;
      } else this.#sendPacket(packet);
    });
    facts.framesSent++;
    if (hit) facts.framesHit++;
  }

  /** The packets of the oldest frame kept, which nobody can ask for any more; none while few are kept. */
  #forget(): Buffer[] | undefined {
    if (this.#kept.size < keptFrames) return undefined;
    const [oldest, packets] = this.#kept.entries().next().value!;
    this.#kept.delete(oldest);
    return packets;
  }

  #sendPacket(packet: Buffer): void {
    this.facts.packetsSent++;
    if (this.#aimed) this.#stream?.send(packet);
  }

  /** At the receiver that was written into the registers: a socket that knows it sends in half the time. */
  #aim(): void {
    const port = this.registers.get(bootstrap.streamPort) & 0xffff;
    const to = this.registers.memory.subarray(bootstrap.streamAddress, bootstrap.streamAddress + 4).join('.');
    if (this.#aimed) this.#stream?.disconnect();
    this.#aimed = false;
    if (port === 0) return;
    this.#stream?.connect(port, to, () => {
      this.#aimed = true;
    });
  }

  #heard(packet: Buffer, from: RemoteInfo): void {
    if (packet[0] !== gvcpMagic || packet.length < 8 || this.faults.frozen) return;
    const sender = `${from.address}:${from.port}`;
    this.#heartbeat(sender);
    const body = packet.subarray(8);
    const answer = (command: number, of: Buffer, code: number = status.success): void => {
      const head = Buffer.alloc(8);
      head.writeUInt16BE(code, 0);
      head.writeUInt16BE(command, 2);
      head.writeUInt16BE(of.length, 4);
      head.writeUInt16BE(packet.readUInt16BE(6), 6);
      this.#control?.send(Buffer.concat([head, of]), from.port, from.address);
    };
    switch (packet.readUInt16BE(2)) {
      case commands.discovery:
        answer(commands.discoveryAnswer, Buffer.from(this.registers.memory.subarray(0, bootstrap.end)));
        return;
      case commands.readRegister:
        answer(commands.readRegisterAnswer, this.#readRegisters(body));
        return;
      case commands.readMemory:
        answer(commands.readMemoryAnswer, this.#readMemory(body));
        return;
      case commands.writeRegister:
      case commands.writeMemory:
        this.#writes(packet.readUInt16BE(2), body, sender, answer);
        return;
      case commands.resend:
        this.#resend(packet[1]!, body);
        return;
      case commands.action:
        if (packet[1]! & flags.answer) answer(commands.actionAnswer, Buffer.alloc(4));
        this.#act(packet[1]!, body);
        return;
    }
  }

  /** A controller that was silent for too long has lost the camera. */
  #heartbeat(sender: string): void {
    const nowMs = systemClock.nowMs();
    const limitMs = this.registers.get(bootstrap.heartbeatTimeoutMs);
    if (this.#controller !== '' && nowMs - this.#heardAtMs > limitMs) this.#setControl('', 0);
    if (sender === this.#controller) this.#heardAtMs = nowMs;
  }

  #setControl(sender: string, value: number): void {
    this.#controller = value === 0 ? '' : sender;
    this.#heardAtMs = systemClock.nowMs();
    this.registers.set(bootstrap.control, value);
    if (value === 0) this.#run(false);
  }

  #readRegisters(body: Buffer): Buffer {
    this.registers.settle();
    const out = Buffer.alloc(body.length);
    for (let at = 0; at + 4 <= body.length; at += 4) out.writeUInt32BE(this.registers.get(body.readUInt32BE(at)), at);
    return out;
  }

  #readMemory(body: Buffer): Buffer {
    this.registers.settle();
    const [address, bytes] = [body.readUInt32BE(0), body.readUInt16BE(6)];
    const out = Buffer.alloc(4 + bytes);
    out.writeUInt32BE(address, 0);
    this.registers.memory.copy(out, 4, address, address + bytes);
    return out;
  }

  #writes(command: number, body: Buffer, sender: string, answer: (c: number, b: Buffer, code?: number) => void): void {
    const isMemory = command === commands.writeMemory;
    const done = Buffer.alloc(4);
    const reply = isMemory ? commands.writeMemoryAnswer : commands.writeRegisterAnswer;
    if (this.#controller !== '' && this.#controller !== sender) {
      answer(reply, done, status.accessDenied);
      return;
    }
    if (isMemory) {
      const address = body.readUInt32BE(0);
      for (let at = 4; at + 4 <= body.length; at += 4) this.#write(address + at - 4, body.readUInt32BE(at), sender);
    } else {
      for (let at = 0; at + 8 <= body.length; at += 8)
        this.#write(body.readUInt32BE(at), body.readUInt32BE(at + 4), sender);
      done.writeUInt16BE(body.length / 8, 2);
    }
    answer(reply, done);
  }

  #write(address: number, value: number, sender: string): void {
    this.registers.set(address, value);
    this.registers.written(address, value);
    if (address === bootstrap.control) this.#setControl(sender, value);
    if (address === bootstrap.streamPort) this.#aim();
    if (address === registers.acquisition) this.#run(value !== 0);
    const nowNs = BigInt(Math.round(systemClock.nowMs() * 1e6));
    if (address === registers.timestampLatch) {
      const latched = this.deviceNs(nowNs);
      this.registers.set(registers.timestampHigh, Number((latched >> 32n) & 0xffffffffn));
      this.registers.set(registers.timestampLow, Number(latched & 0xffffffffn));
    }
    if (address === registers.triggerSoftware && value !== 0) this.#fired(triggerSources.Software, nowNs);
  }

  #fired(source: number, atNs: bigint): void {
    const armed = this.registers.get(registers.triggerMode) !== 0;
    if (armed && this.registers.get(registers.triggerSource) === source) this.#expose(atNs);
  }

  /** Free run where no trigger is armed. */
  #run(on: boolean): void {
    this.#pace.abort();
    this.#pace = new AbortController();
    this.registers.set(registers.acquisition, on ? 1 : 0);
    if (!on || this.registers.get(registers.triggerMode) !== 0) return;
    const { signal } = this.#pace;
    const beat = (): void => {
      this.#expose(BigInt(Math.round(systemClock.nowMs() * 1e6)));
      systemClock.after(1e6 / this.registers.get(registers.rateMilli), beat, signal);
    };
    systemClock.after(1e6 / this.registers.get(registers.rateMilli), beat, signal);
  }

  #resend(flag: number, body: Buffer): void {
    if (this.faults.resendRefused || this.faults.mute) return;
    const extended = (flag & flags.extendedIds) !== 0;
    const frameId = extended ? body.readBigUInt64BE(12) : BigInt(body.readUInt16BE(2));
    const mask = extended ? 0xffffffff : 0xffffff;
    const [first, last] = [(body.readUInt32BE(4) & mask) >>> 0, (body.readUInt32BE(8) & mask) >>> 0];
    const packets = this.#kept.get(frameId) ?? [];
    for (let at = first; at <= last && at < packets.length; at++) {
      this.facts.packetsResent++;
      this.#sendPacket(packets[at]!);
    }
  }

  #act(flag: number, body: Buffer): void {
    const [device, group, mask] = [body.readUInt32BE(0), body.readUInt32BE(4), body.readUInt32BE(8)];
    const own = (address: number): number => this.registers.get(address);
    if (device !== own(registers.actionDeviceKey) || group !== own(registers.actionGroupKey)) return;
    if ((mask & own(registers.actionGroupMask)) === 0) return;
    const nowNs = BigInt(Math.round(systemClock.nowMs() * 1e6));
    const atNs = flag & flags.scheduled ? body.readBigUInt64BE(12) - this.deviceNs(0n) : nowNs;
    const waitMs = Number(atNs - nowNs) / 1e6;
    systemClock.after(Math.max(0, waitMs), () => this.#fired(triggerSources.Action0, atNs), this.#pace.signal);
  }
}

async function bound(port: number, address: string): Promise<Socket> {
  const socket = createSocket('udp4');
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.bind(port, address, resolve);
  });
  return socket;
}
