/**
 * A message on its way to the broker, and how it is said in MQTT 5 and in 3.1.1, which knows no properties. Its content
 * is made at the moment it is handed to the network: it may have waited, and its age and its expiry are of that moment.
 */
import type { IClientPublishOptions } from 'mqtt';

/** Who goes first where messages wait for the broker: a verdict, then records, then masks. */
export const urgencies = ['live', 'record', 'bulk'] as const;
export type Urgency = (typeof urgencies)[number];

export interface Content {
  readonly payload: string | Uint8Array;
  readonly contentType: string;
  /** The broker forgets it after so long, s; null = never. MQTT 5 only. */
  readonly expiryS?: number | null;
  readonly userProperties?: Readonly<Record<string, string | null>>;
  readonly correlationData?: Uint8Array | null;
}

export interface Outgoing {
  readonly topic: string;
  readonly qos: 0 | 1;
  readonly retain: boolean;
  readonly urgency: Urgency;
  /** Null where it is not worth sending any more. */
  readonly content: () => Content | null;
}

/** `unheard`: acknowledged, but nobody subscribes to the topic (MQTT 5 alone says so). */
export type Delivery = 'delivered' | 'unheard' | 'dropped';

/** What came in on a topic we subscribed to. */
export interface Incoming {
  readonly topic: string;
  readonly payload: Uint8Array;
  /** The broker kept it from before we subscribed; of commands in MQTT 5 also: it was published to be kept. */
  readonly retained: boolean;
  readonly responseTopic: string | null;
  readonly correlationData: Uint8Array | null;
}

/** Longest user property, characters. */
const propertyMaxChars = 256;

export function publishOptions(message: Outgoing, content: Content, version: 4 | 5): IClientPublishOptions {
  const { qos, retain } = message;
  if (version === 4) return { qos, retain };
  const { contentType, expiryS = null, correlationData = null } = content;
  const userProperties = sayable(content.userProperties ?? {});
  return {
    qos,
    retain,
    properties: {
      // Only text may say that it is text; a broker may check.
      ...(typeof content.payload === 'string' ? { payloadFormatIndicator: true } : {}),
      contentType,
      ...(expiryS === null ? {} : { messageExpiryInterval: Math.max(1, Math.ceil(expiryS)) }),
      ...(correlationData === null ? {} : { correlationData: Buffer.from(correlationData) }),
      // The library drops a message without a word whose user properties are there and empty.
      ...(Object.keys(userProperties).length === 0 ? {} : { userProperties }),
    },
  };
}

/** A part id is the plant's own text: what MQTT forbids in a string (3.1.1 and 5, 1.5.4) stays in the payload alone. */
function sayable(properties: Readonly<Record<string, string | null>>): Record<string, string> {
  const entries = Object.entries(properties).filter((entry): entry is [string, string] => {
    const value = entry[1];
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
    return value !== null && value.length <= propertyMaxChars && !/[\u0000-\u001f\u007f-\u009f]/.test(value);
  });
  return Object.fromEntries(entries);
}

export function bytesOf(payload: string | Uint8Array): string | Buffer {
  return typeof payload === 'string' ? payload : Buffer.from(payload.buffer, payload.byteOffset, payload.length);
}
