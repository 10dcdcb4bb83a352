/**
 * The two words of the GigE Vision control protocol that Twinspect says by itself, over a socket of its own: reading a
 * register, to know in a moment whether a device still answers (libaravis blocks for seconds on one that does not), and
 * the action command, for which libaravis has no function. Layouts as the public Wireshark dissector of GVCP shows
 * them. Never writes: the device belongs to the one who controls it.
 */
import { createSocket, type Socket } from 'node:dgram';
import { isIPv4 } from 'node:net';

const port = 3956;
const magic = 0x42;
const wantAnswer = 0x01;
const readRegister = 0x0080;
const readRegisterAnswer = 0x0081;
const action = 0x0100;
/** Control channel privilege: not 0 while somebody controls the device. */
const controlRegister = 0x0a00;

export interface Heard {
  /** Nobody controls it: it was started anew, or forgot us. */
  readonly free: boolean;
}

export class Gvcp {
  readonly #address: string;
  readonly #socket: Socket;
  #request = 0;
  #answered = 0;
  #free = false;
  #problem: string | null = null;

  /** `address`: an IPv4 address. */
  constructor(address: string) {
    this.#address = address;
    this.#socket = createSocket('udp4');
    this.#socket.unref();
    this.#socket.on('message', (answer, from) => {
      if (from.address === address) this.#heard(answer);
    });
    // An address without a route: the device does not answer, and this is why.
    this.#socket.on('error', (error) => {
      this.#problem = error.message;
    });
  }

  static isAddress(text: string): boolean {
    return isIPv4(text);
  }

  /** What the network said of the last attempt, if it did. */
  get problem(): string | null {
    return this.#problem;
  }

  /** Asks who controls the device; `heard` answers later. */
  ask(): void {
    // Number 0 is not allowed.
    this.#request = (this.#request % 0xffff) + 1;
    const packet = Buffer.alloc(12);
    packet.set([magic, wantAnswer]);
    packet.writeUInt16BE(readRegister, 2);
    packet.writeUInt16BE(4, 4);
    packet.writeUInt16BE(this.#request, 6);
    packet.writeUInt32BE(controlRegister, 8);
    this.#send(packet);
  }

  /** The answer to the last question; null while there is none. */
  heard(): Heard | null {
    return this.#answered === this.#request && this.#request !== 0 ? { free: this.#free } : null;
  }

  /** Exposes now every device of this address whose keys are these; nobody answers. */
  act({ deviceKey, groupKey, groupMask }: { deviceKey: number; groupKey: number; groupMask: number }): void {
    const packet = Buffer.alloc(20);
    packet.set([magic, 0]);
    packet.writeUInt16BE(action, 2);
    packet.writeUInt16BE(12, 4);
    packet.writeUInt16BE(1, 6);
    packet.writeUInt32BE(deviceKey, 8);
    packet.writeUInt32BE(groupKey, 12);
    packet.writeUInt32BE(groupMask, 16);
    this.#send(packet);
  }

  close(): void {
    this.#socket.close();
  }

  #send(packet: Buffer): void {
    this.#socket.send(packet, port, this.#address, (error) => {
      this.#problem = error === null ? null : error.message;
    });
  }

  #heard(answer: Buffer): void {
    if (answer.length < 8 || answer.readUInt16BE(2) !== readRegisterAnswer) return;
    this.#answered = answer.readUInt16BE(6);
    // Refused to others than the controller: it answers, and it is controlled.
    const refused = answer.readUInt16BE(0) !== 0 || answer.length < 12;
    this.#free = !refused && answer.readUInt32BE(8) === 0;
  }
}
