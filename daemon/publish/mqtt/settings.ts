/** What a connection to a broker is told: address, login, protocol, certificates, and the bounds it keeps. */
import { fail } from '../../../errors.ts';
import type { Role } from '../../command/port.ts';

/** `auto` begins with 5 and goes back to 3.1.1 where the broker refuses it. */
export type MqttProtocol = 'auto' | '5' | '3.1.1';

/** Files of a TLS connection, read again at every connection, so that a renewed certificate needs no restart. */
export interface TlsFiles {
  /** PEM; only brokers signed by it are believed. Null: the authorities Node brings along. */
  readonly caFile: string | null;
  /** PEM, our own certificate (with its chain) and its key; both or neither. */
  readonly certFile: string | null;
  readonly keyFile: string | null;
  /** The name the broker's certificate must carry where it is not the one in the address. */
  readonly serverName: string | null;
  readonly readFile: (path: string) => Promise<Uint8Array>;
}

export interface MqttSettings {
  /** mqtt://HOST:PORT or mqtts://HOST:PORT */
  readonly url: string;
  readonly user: string | null;
  /** Asked for at every connection, so that a changed one needs no restart. */
  readonly password: string | null | (() => Promise<string>);
  /** Unique per broker; two clients of one id throw each other out. */
  readonly clientId: string;
  readonly protocol?: MqttProtocol;
  readonly tls?: TlsFiles;
}

/** What the lines of a daemon share on a broker. */
export interface LineMqtt extends Omit<MqttSettings, 'clientId'> {
  readonly prefix: string;
  /** Of all lines together, where the broker asks for a certain one; made of line and device otherwise. */
  readonly clientId?: string;
  /** Tells this device from another one with the same line id. */
  readonly device?: string;
  /** What commands over MQTT may; null or absent = nothing. */
  readonly commandRole?: Role | null;
  /** Null or absent = no Sparkplug. */
  readonly sparkplug?: SparkplugSettings | null;
}

export interface SparkplugSettings {
  readonly group: string;
  readonly edge: string;
  /** Births wait for this host application; null = they do not. */
  readonly primaryHost: string | null;
}

export function clientIdOf({ clientId = '', device = '' }: LineMqtt, lineId: string): string {
  if (clientId !== '') return clientId;
  return device === '' ? `twinspect-${lineId}` : `twinspect-${lineId}-${device}`;
}

export interface MqttLimits {
  /** A dead link is noticed within one and a half of it. */
  readonly keepaliveS: number;
  readonly connectMaxMs: number;
  /** Between tries; doubles from the first to the last. */
  readonly retryFirstMs: number;
  readonly retryLastMs: number;
  /** A link that lasted so long was a good one: the next try comes after `retryFirstMs` again. */
  readonly steadyMs: number;
  /** The same trouble is logged again after it. */
  readonly complainMs: number;
  readonly stopMaxMs: number;
  /** Largest packet taken from the broker, bytes: commands are small, and whoever may publish them is not trusted. */
  readonly inboundMaxBytes: number;
  /** Messages on the way at once, whatever more the broker offers. */
  readonly windowMax: number;
  /** Bytes a stalled socket may hold before messages without acknowledgement are dropped. */
  readonly backlogMaxBytes: number;
}

export const mqttLimits: MqttLimits = {
  keepaliveS: 5,
  connectMaxMs: 5000,
  retryFirstMs: 250,
  retryLastMs: 5000,
  steadyMs: 10_000,
  complainMs: 60_000,
  stopMaxMs: 1500,
  inboundMaxBytes: 64 * 1024,
  windowMax: 64,
  backlogMaxBytes: 1024 * 1024,
};

/** The address in its parts. Throws `mqtt/url`, and shows no password that somebody wrote into it. */
export function brokerAddress(url: string): { readonly host: string; readonly port: number; readonly tls: boolean } {
  const parsed = URL.canParse(url) ? new URL(url) : null;
  const plain = parsed?.protocol === 'mqtt:';
  const fits = parsed !== null && (plain || parsed.protocol === 'mqtts:') && parsed.hostname !== '';
  if (!fits || parsed.username !== '' || parsed.password !== '') {
    throw fail('mqtt/url', { actual: JSON.stringify(url.replace(/\/\/[^@/]*@/, '//***@')) });
  }
  // An IPv6 address stands in brackets in a URL and without them everywhere else.
  const host = parsed.hostname.replace(/^\[(.*)\]$/, '$1');
  return { host, port: parsed.port === '' ? (plain ? 1883 : 8883) : Number(parsed.port), tls: !plain };
}

/** What a line does with the connection, within it. */
export interface LineLimits {
  /** Verdicts sent live and not yet acknowledged; beyond it the broker does not keep up. */
  readonly liveInFlightMax: number;
  /** From the announcement of a verdict to the broker; older, it is the record lane's alone. */
  readonly liveMaxMs: number;
  /** The broker forgets a mask so long after its part was closed, s (MQTT 5); 0 = never. */
  readonly maskExpiryS: number;
  /** Another publisher of the line that was silent so long is gone. */
  readonly twinForgetMs: number;
}

export const lineLimits: LineLimits = {
  liveInFlightMax: 20,
  liveMaxMs: 2000,
  maskExpiryS: 86_400,
  twinForgetMs: 30_000,
};

export type MqttLineLimits = MqttLimits & LineLimits;
