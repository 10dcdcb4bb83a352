/**
 * The plant's side for the publishing tests: a real Mosquitto, a subscriber that checks each message against its
 * schema, and a wire in between that can be cut, frozen and healed.
 */
import { readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import mqtt from 'mqtt';
import { expect, onTestFinished } from 'vitest';
import type { AnswerPayload } from '../../daemon/publish/mqtt/answer.ts';
import type { OrdersPayload, StatusPayload, VerdictPayload } from '../../daemon/publish/payload.ts';

export { mosquittoVersion, skipMosquitto, startMosquitto } from '../net/mosquitto.ts';
export { Wire } from '../net/proxy.ts';

const ajv = new Ajv({ allErrors: true, allowUnionTypes: true });
const schemaOf = (name: string) =>
  ajv.compile(JSON.parse(readFileSync(new URL(`../../daemon/publish/schema/${name}.json`, import.meta.url), 'utf8')));
const validators = {
  verdict: schemaOf('verdict'),
  status: schemaOf('status'),
  orders: schemaOf('orders'),
  answer: schemaOf('answer'),
};

ajv.addSchema(JSON.parse(readFileSync(new URL('../../daemon/publish/schema/command.json', import.meta.url), 'utf8')));

/** The schema of each JSON topic, by its level below the line. */
const schemas: Readonly<Record<string, keyof typeof validators>> = {
  ...{ verdict: 'verdict', record: 'verdict', last: 'verdict' },
  ...{ status: 'status', orders: 'orders', 'cmd/answer': 'answer' },
};

/** Throws where a message does not follow the schema of its topic. */
export function checkMessage(leaf: string, message: unknown): void {
  const name = schemas[leaf];
  if (name === undefined) throw new Error(`a topic without a schema: ${leaf}`);
  const validate = validators[name];
  expect(validate(message), `${leaf}: ${JSON.stringify(validate.errors)}`).toBe(true);
}

/** Whether a command is one by the schema, for its verb. */
export function fitsCommandSchema(verb: string, message: unknown): boolean {
  const validate = ajv.getSchema(`twinspect.command/1#/definitions/${verb}`);
  return validate?.(message) === true;
}

/** Everything a line says, as it arrived. */
export class Subscriber {
  readonly status: StatusPayload[] = [];
  readonly verdict: VerdictPayload[] = [];
  readonly record: VerdictPayload[] = [];
  readonly last: { payload: VerdictPayload; retained: boolean }[] = [];
  readonly orders: OrdersPayload[] = [];
  readonly answers: AnswerPayload[] = [];
  readonly masks: { topic: string; png: Buffer; packet: mqtt.IPublishPacket }[] = [];
  /** Every message, as it came. */
  readonly packets: mqtt.IPublishPacket[] = [];
  client: mqtt.MqttClient | null = null;
  readonly #refused: string[] = [];

  static async at(port: number, options: mqtt.IClientOptions = {}, topics = 'twinspect/#'): Promise<Subscriber> {
    const subscriber = new Subscriber();
    const client = mqtt.connect(`mqtt://127.0.0.1:${port}`, { reconnectPeriod: 50, ...options });
    onTestFinished(() => client.endAsync(true));
    subscriber.client = client;
    client.on('message', (_topic, _payload, packet) => subscriber.#take(packet));
    await new Promise<void>((resolve) => client.once('connect', () => resolve()));
    await client.subscribeAsync(topics, { qos: 1 });
    return subscriber;
  }

  #take(packet: mqtt.IPublishPacket): void {
    const { topic, retain } = packet;
    const payload = Buffer.from(packet.payload);
    this.packets.push(packet);
    const leaf = topic.split('/').slice(2).join('/');
    if (leaf.startsWith('mask/')) {
      this.masks.push({ topic, png: payload, packet });
      return;
    }
    // What is asked is not ours to say.
    if (leaf.startsWith('cmd/') && leaf !== 'cmd/answer') return;
    const message = JSON.parse(payload.toString());
    try {
      checkMessage(leaf, message);
    } catch (error) {
      this.#refused.push(String(error));
    }
    if (leaf === 'last') this.last.push({ payload: message, retained: retain });
    else if (leaf === 'cmd/answer') this.answers.push(message);
    else this[leaf as 'status' | 'verdict' | 'record' | 'orders'].push(message);
  }

  /** Each message so far followed its schema. */
  expectValid(): void {
    expect(this.#refused).toEqual([]);
  }

  /** The records in the order they first came. */
  firstArrivals(): number[] {
    return [...new Set(this.record.map((record) => record.sequence))];
  }
}
