/**
 * One supervised connection to an MQTT broker; the only file that knows mqtt.js. Every connection is a fresh client
 * without memory: mqtt.js would send unacknowledged messages again after a reconnect, and a verdict of the control
 * lane must never be replayed. Reconnecting is ours, for ever, also after a refused login (where mqtt.js gives up).
 */
import mqtt from 'mqtt';
import { fail, messageOf } from '../../errors.ts';
import type { Clock } from '../clock.ts';
import type { Log } from './lane.ts';

export interface MqttSettings {
  /** mqtt://HOST:PORT */
  readonly url: string;
  readonly user: string | null;
  readonly password: string | null;
  /** Unique per broker; two clients of one id throw each other out. */
  readonly clientId: string;
}

export interface MqttLimits {
  /** A dead link is noticed within one and a half of it. */
  readonly keepaliveS: number;
  readonly connectMaxMs: number;
  /** Between tries; doubles from the first to the last. */
  readonly retryFirstMs: number;
  readonly retryLastMs: number;
  /** The same trouble is logged again after it. */
  readonly complainMs: number;
  readonly stopMaxMs: number;
}

export const mqttLimits: MqttLimits = {
  keepaliveS: 5,
  connectMaxMs: 5000,
  retryFirstMs: 250,
  retryLastMs: 5000,
  complainMs: 60_000,
  stopMaxMs: 1500,
};

export interface Message {
  readonly topic: string;
  readonly payload: string | Uint8Array;
  readonly retain: boolean;
}

export interface MqttConnectionOptions {
  readonly settings: MqttSettings;
  /** Said by the broker, retained, when this client is gone without a farewell. */
  readonly will: { readonly topic: string; readonly payload: string };
  readonly clock: Clock;
  readonly log: Log;
  readonly limits: MqttLimits;
  /** At every connection and at every loss of it. */
  readonly linkChanged: (connected: boolean) => void;
  /** What keeps it from being connected; null while it is. */
  readonly problemChanged: (problem: string | null) => void;
}

export class MqttConnection {
  readonly #options: MqttConnectionOptions;
  readonly #stopping = new AbortController();
  /** Rejects what waits for an acknowledgement when its connection is gone. */
  readonly #waiting = new Set<(error: Error) => void>();
  readonly counters = { connections: 0, cuts: 0, refusals: 0 };
  #client: mqtt.MqttClient | null = null;
  #connected = false;
  #retryMs: number;
  #problem: string | null = 'not connected yet';
  #complaint = { text: '', atMs: Number.NEGATIVE_INFINITY };

  constructor(options: MqttConnectionOptions) {
    checkUrl(options.settings.url);
    this.#options = options;
    this.#retryMs = options.limits.retryFirstMs;
  }

  get connected(): boolean {
    return this.#connected;
  }

  get problem(): string | null {
    return this.#problem;
  }

  /** Begins to connect; an absent broker is no error. */
  start(): void {
    if (this.#stopping.signal.aborted) return;
    const { settings, will, limits } = this.#options;
    const client = mqtt.connect(settings.url, {
      clientId: settings.clientId,
      protocolVersion: 4, // what every plant broker speaks
      clean: true,
      reconnectPeriod: 0,
      connectTimeout: limits.connectMaxMs,
      keepalive: limits.keepaliveS,
      queueQoSZero: false,
      ...(settings.user === null ? {} : { username: settings.user }),
      ...(settings.password === null ? {} : { password: settings.password }),
      will: { topic: will.topic, payload: Buffer.from(will.payload), qos: 1, retain: true },
    });
    this.#client = client;
    let cause = 'the connection was closed';
    client.on('error', (error) => {
      cause = describe(error);
    });
    client.on('connect', () => this.#up(client));
    client.once('close', () => this.#down(client, cause));
  }

  #up(client: mqtt.MqttClient): void {
    if (client !== this.#client || this.#connected) return;
    this.#connected = true;
    this.counters.connections += 1;
    this.#complaint.atMs = Number.NEGATIVE_INFINITY;
    const { log, settings, limits, linkChanged } = this.#options;
    this.#retryMs = limits.retryFirstMs;
    log.info({ url: settings.url, clientId: settings.clientId }, 'MQTT connected');
    this.#setProblem(null);
    linkChanged(true);
  }

  #down(client: mqtt.MqttClient, cause: string): void {
    if (client !== this.#client) return;
    this.#client = null;
    const was = this.#connected;
    this.#connected = false;
    this.counters[was ? 'cuts' : 'refusals'] += 1;
    client.end(true); // its timers and its memory of unacknowledged messages go with it
    const error = fail('mqtt/link', { url: this.#options.settings.url, cause });
    for (const reject of this.#waiting) reject(error);
    this.#waiting.clear();
    if (this.#stopping.signal.aborted) return;
    this.#complain(error.message);
    this.#setProblem(error.message);
    if (was) this.#options.linkChanged(false);
    this.#options.clock.after(this.#retryMs, () => this.start(), this.#stopping.signal);
    this.#retryMs = Math.min(this.#options.limits.retryLastMs, this.#retryMs * 2);
  }

  #complain(text: string): void {
    const nowMs = this.#options.clock.nowMs();
    if (text === this.#complaint.text && nowMs - this.#complaint.atMs < this.#options.limits.complainMs) return;
    this.#complaint = { text, atMs: nowMs };
    this.#options.log.warn({ clientId: this.#options.settings.clientId }, `${text}; trying again until it answers`);
  }

  #setProblem(problem: string | null): void {
    if (problem === this.#problem) return;
    this.#problem = problem;
    this.#options.problemChanged(problem);
  }

  /** QoS 1: resolves on PUBACK, rejects when the connection ends first. */
  publish({ topic, payload, retain }: Message): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const client = this.#client;
    if (!client || !this.#connected) {
      reject(fail('mqtt/link', { url: this.#options.settings.url, cause: 'not connected' }));
      return promise;
    }
    this.#waiting.add(reject);
    const bytes =
      typeof payload === 'string' ? payload : Buffer.from(payload.buffer, payload.byteOffset, payload.length);
    client.publish(topic, bytes, { qos: 1, retain }, (error) => {
      this.#waiting.delete(reject);
      if (error) reject(fail('mqtt/link', { url: this.#options.settings.url, cause: messageOf(error) }, error));
      else resolve();
    });
    return promise;
  }

  /** Says farewell where there is a link, and ends within the bound where the broker does not answer. */
  async stop(farewell: Message): Promise<void> {
    if (this.#stopping.signal.aborted) return;
    this.#stopping.abort();
    const client = this.#client;
    if (!client) return;
    const late = Promise.withResolvers<void>();
    const bound = new AbortController();
    this.#options.clock.after(this.#options.limits.stopMaxMs, () => late.resolve(), bound.signal);
    await Promise.race([this.#leave(client, farewell), late.promise]);
    bound.abort();
    client.end(true);
  }

  async #leave(client: mqtt.MqttClient, farewell: Message): Promise<void> {
    if (!this.#connected) return;
    try {
      await this.publish(farewell);
      await client.endAsync();
    } catch {
      // Cut while leaving: the broker sends the last will instead.
    }
  }
}

function checkUrl(url: string): void {
  const parsed = URL.canParse(url) ? new URL(url) : null;
  if (parsed?.protocol === 'mqtt:' && parsed.hostname !== '' && parsed.username === '' && parsed.password === '')
    return;
  throw fail('mqtt/url', { actual: JSON.stringify(url.replace(/\/\/[^@/]*@/, '//***@')) });
}

/** Node gives one error per address it tried (IPv6, IPv4) and an empty text of its own. */
function describe(error: Error): string {
  if (error instanceof AggregateError && error.errors.length > 0) return error.errors.map(messageOf).join('; ');
  return error.message || (error as { code?: string }).code || 'unknown error';
}
