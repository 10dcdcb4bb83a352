/** What CONNECT says in either protocol version, and what a refusal means. */
import mqtt, { type IClientOptions } from 'mqtt';
import { messageOf } from '../../../errors.ts';
import type { ProtocolVersion } from './protocol.ts';
import type { MqttLimits, MqttSettings } from './settings.ts';

export interface Will {
  readonly topic: string;
  readonly payload: string | Uint8Array;
  readonly contentType: string;
  readonly retain: boolean;
}

interface Handshake {
  readonly settings: MqttSettings;
  readonly password: string | null;
  readonly will: Will;
  readonly limits: MqttLimits;
  readonly version: ProtocolVersion;
}

/** Messages of ours that may be on their way to us at once: commands are answered one by one. */
const receiveMaximum = 20;

export function connectOptions({ settings, password, will, limits, version }: Handshake): IClientOptions {
  const { user, clientId } = settings;
  const text = typeof will.payload === 'string';
  return {
    clientId,
    protocolVersion: version,
    // No session: what the broker kept for us while we were away would be commands of yesterday.
    clean: true,
    reconnectPeriod: 0,
    resubscribe: false,
    connectTimeout: limits.connectMaxMs,
    keepalive: limits.keepaliveS,
    queueQoSZero: false,
    ...(user === null ? {} : { username: user }),
    ...(password === null ? {} : { password }),
    ...(version === 5
      ? { properties: { sessionExpiryInterval: 0, receiveMaximum, maximumPacketSize: limits.inboundMaxBytes } }
      : {}),
    will: {
      topic: will.topic,
      payload: typeof will.payload === 'string' ? Buffer.from(will.payload) : Buffer.from(will.payload),
      qos: 1,
      retain: will.retain,
      ...(version === 5
        ? // No delay: a plant that goes on for a minute after the camera went is what the will is there to prevent.
          { properties: { willDelayInterval: 0, contentType: will.contentType, payloadFormatIndicator: text } }
        : {}),
    },
  };
}

/** Return codes of 3.1.1 and reason codes of 5. Brokers say "not authorized" of a wrong password too. */
const badLogin: readonly unknown[] = [4, 5, 134, 135];

/** A refusal in the protocol's own words, and what is behind it where that is known. */
export function describeRefusal(error: Error): string {
  const { code } = error as { code?: unknown };
  if (badLogin.includes(code)) return `${messageOf(error)}: correct mqtt.username or the password file`;
  if (code === 2 || code === 133) return `${messageOf(error)}: set mqtt.clientId to one that the broker accepts`;
  if (messageOf(error) === 'connack timeout') return 'it took the connection and did not answer';
  return messageOf(error) || mqtt.ReasonCodes[code as 0] || 'unknown error';
}
