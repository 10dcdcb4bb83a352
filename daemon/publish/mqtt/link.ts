/**
 * One connection that stands: what the broker allows (CONNACK, MQTT 5, 3.2.2.3), and messages over it within that.
 */
import type { Socket } from 'node:net';
import type mqtt from 'mqtt';
import { fail, messageOf } from '../../../errors.ts';
import { bytesOf, type Content, type Delivery, type Incoming, type Outgoing, publishOptions } from './message.ts';
import type { ProtocolVersion } from './protocol.ts';
import type { MqttLimits } from './settings.ts';
import { SendWindow } from './window.ts';

export interface LinkOptions {
  readonly client: mqtt.MqttClient;
  readonly socket: Socket;
  readonly version: ProtocolVersion;
  readonly limits: MqttLimits;
  readonly received: (message: Incoming) => void;
}

export interface Subscription {
  readonly filter: string;
  /** False where the broker may refuse it and nothing is amiss. */
  readonly needed: boolean;
  /** Retain As Published: the mark of a message that was published retained stays on it, so that it can be refused. */
  readonly commands?: boolean;
}

/** PUBACK of MQTT 5, 3.4.2.1. */
const nobodySubscribes = 16;
const tooLarge = 149;
/** Fixed header, topic, packet id and properties, beside the payload; ours are far below. */
const overheadMaxBytes = 2048;

export class Link {
  readonly client: mqtt.MqttClient;
  readonly socket: Socket;
  readonly version: ProtocolVersion;
  readonly #limits: MqttLimits;
  readonly #window = new SendWindow();
  /** Rejects what waits for an acknowledgement when the connection is gone. */
  readonly #waiting = new Set<(error: Error) => void>();
  #packetMaxBytes = Number.POSITIVE_INFINITY;
  #retains = true;
  #open = false;

  constructor({ client, socket, version, limits, received }: LinkOptions) {
    this.client = client;
    this.socket = socket;
    this.version = version;
    this.#limits = limits;
    client.on('message', (topic, payload, { retain, properties }) => {
      const { responseTopic = null, correlationData = null } = properties ?? {};
      received({ topic, payload, retained: retain, responseTopic, correlationData });
    });
  }

  /** The broker took us in; until the end. */
  get isOpen(): boolean {
    return this.#open;
  }

  open({ properties }: mqtt.IConnackPacket): void {
    this.#open = true;
    const { receiveMaximum, maximumPacketSize, retainAvailable } = properties ?? {};
    this.#packetMaxBytes = maximumPacketSize ?? Number.POSITIVE_INFINITY;
    this.#retains = retainAvailable ?? true;
    this.#window.open(Math.min(receiveMaximum ?? Number.POSITIVE_INFINITY, this.#limits.windowMax));
  }

  /** Those that the broker refuses, and why. The link serves without them. */
  async subscribe(subscriptions: readonly Subscription[]): Promise<{ needed: boolean; problem: string }[]> {
    const refused = [];
    for (const { filter, needed, commands = false } of subscriptions) {
      try {
        // No Local: our own messages on our own topics are no news (MQTT 5 alone knows both).
        await this.client.subscribeAsync(filter, {
          qos: 1,
          ...(this.version === 5 ? { nl: true, rap: commands } : {}),
        });
      } catch (error) {
        refused.push({ needed, problem: `the broker refuses the subscription to ${filter}: ${messageOf(error)}` });
      }
    }
    return refused;
  }

  publish(message: Outgoing): Promise<Delivery> {
    const { promise, resolve, reject } = Promise.withResolvers<Delivery>();
    if (message.qos === 0) {
      // Without acknowledgement nothing slows us down but the socket.
      if (this.socket.writableLength > this.#limits.backlogMaxBytes) resolve('dropped');
      else if (!this.#hand(message, resolve, reject)) resolve('dropped');
      return promise;
    }
    this.#waiting.add(reject);
    const settled = (settle: () => void): void => {
      this.#waiting.delete(reject);
      settle();
      this.#window.arrived();
    };
    this.#window.submit(message.urgency, {
      start: () => {
        const handed = this.#hand(
          message,
          (delivery) => settled(() => resolve(delivery)),
          (error) => settled(() => reject(error)),
        );
        if (handed) return true;
        this.#waiting.delete(reject);
        resolve('dropped');
        return false;
      },
      abandon: reject,
    });
    return promise;
  }

  /** False where the message is not worth sending any more. */
  #hand(message: Outgoing, done: (delivery: Delivery) => void, failed: (error: Error) => void): boolean {
    const content = message.content();
    if (!content) return false;
    const problem = this.#tooLarge(message.topic, content);
    if (problem) {
      queueMicrotask(() => failed(problem));
      return true;
    }
    const options = publishOptions(message, content, this.version);
    if (!this.#retains) options.retain = false;
    this.client.publish(message.topic, bytesOf(content.payload), options, (error, packet) => {
      if (error) failed(this.#refusal(message.topic, error));
      else done((packet as { reasonCode?: number })?.reasonCode === nobodySubscribes ? 'unheard' : 'delivered');
    });
    return true;
  }

  /** A packet beyond the broker's limit would cost the connection, and would do so again after the next one. */
  #tooLarge(topic: string, { payload }: Content): Error | null {
    const bytes = typeof payload === 'string' ? Buffer.byteLength(payload) : payload.length;
    if (bytes + overheadMaxBytes <= this.#packetMaxBytes) return null;
    const cause = `${bytes} bytes are more than the broker takes (Maximum Packet Size ${this.#packetMaxBytes})`;
    return fail('mqtt/refused', { topic, code: tooLarge, cause });
  }

  #refusal(topic: string, error: Error): Error {
    const { code } = error as { code?: unknown };
    if (typeof code === 'number') return fail('mqtt/refused', { topic, code, cause: messageOf(error) }, error);
    return fail('mqtt/link', { url: this.#where(), cause: messageOf(error) }, error);
  }

  #where(): string {
    return `${this.socket.remoteAddress ?? 'gone'}:${this.socket.remotePort ?? ''}`;
  }

  /** Ends the connection at once; what is on the way is rejected by `close`. */
  end(): void {
    this.client.end(true);
    this.socket.destroy();
  }

  /** It is gone: its timers and its memory of unacknowledged messages go with it. */
  close(error: Error): void {
    this.end();
    this.#open = false;
    for (const reject of this.#waiting) reject(error);
    this.#waiting.clear();
    this.#window.close(error);
  }
}
