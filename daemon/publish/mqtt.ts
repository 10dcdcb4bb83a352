/**
 * One line on an MQTT broker; the only file that knows mqtt.js. Every connection is a fresh client without memory:
 * mqtt.js would send unacknowledged messages again after a reconnect, and a verdict of the control lane must never be
 * replayed. Reconnecting is ours, for ever, also after a refused login (where mqtt.js by itself gives up).
 */
import mqtt from 'mqtt';
import { fail, messageOf } from '../../errors.ts';
import type { Clock } from '../clock.ts';
import type { VerdictRecord } from '../line/verdict.ts';
import type { ControlLane, Health, HealthListener, LineStatus, Log, RecordLink } from './lane.ts';
import {
  checkLineId,
  checkTopicPrefix,
  type MaskReference,
  maskTopicOf,
  offlinePayload,
  type Payloads,
  statusPayload,
  topicOf,
  type VerdictPayload,
  verdictPayload,
} from './payload.ts';

export interface MqttSettings {
  /** mqtt://HOST:PORT */
  readonly url: string;
  readonly prefix: string;
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
  /** Verdicts not yet acknowledged; beyond it the broker does not keep up and a live verdict would come too late. */
  readonly liveInFlightMax: number;
  readonly stopMaxMs: number;
}

export const mqttLimits: MqttLimits = {
  keepaliveS: 5,
  connectMaxMs: 5000,
  retryFirstMs: 250,
  retryLastMs: 5000,
  complainMs: 60_000,
  liveInFlightMax: 20,
  stopMaxMs: 1500,
};

export interface MqttLineOptions {
  readonly lineId: string;
  readonly settings: MqttSettings;
  readonly clock: Clock;
  readonly log: Log;
  readonly limits?: Partial<MqttLimits>;
}

/** A topic of which only the newest value counts: one message in flight, the next one replaces what waits. */
interface Retained {
  newest: (() => Payloads['status'] | Payloads['last']) | null;
  sending: boolean;
}

export class MqttLine implements ControlLane, RecordLink {
  readonly #options: MqttLineOptions;
  readonly #limits: MqttLimits;
  readonly #stopping = new AbortController();
  readonly #linkListeners: ((connected: boolean) => void)[] = [];
  readonly #healthListeners: HealthListener[] = [];
  readonly #counters = { connections: 0, cuts: 0, refusals: 0, liveSent: 0, liveSkipped: 0, liveLost: 0 };
  readonly #retained: Record<'status' | 'last', Retained> = {
    status: { newest: null, sending: false },
    last: { newest: null, sending: false },
  };
  /** Rejects what waits for an acknowledgement when its connection is gone. */
  readonly #waiting = new Set<(error: Error) => void>();
  #client: mqtt.MqttClient | null = null;
  #connected = false;
  #retryMs: number;
  #problem: string | null = 'not connected yet';
  #complaint = { text: '', atMs: Number.NEGATIVE_INFINITY };
  #liveInFlight = 0;
  #status: LineStatus | null = null;

  constructor(options: MqttLineOptions) {
    checkLineId(options.lineId);
    checkTopicPrefix(options.settings.prefix);
    checkUrl(options.settings.url);
    this.#options = options;
    this.#limits = { ...mqttLimits, ...options.limits };
    this.#retryMs = this.#limits.retryFirstMs;
  }

  /** Begins to connect; an absent broker is no error. */
  start(): void {
    this.#connect();
  }

  maskTopic(resultId: string): string {
    return maskTopicOf(this.#options.settings.prefix, this.#options.lineId, resultId);
  }

  // --- the link ---

  connected(): boolean {
    return this.#connected;
  }

  onLink(listener: (connected: boolean) => void): void {
    this.#linkListeners.push(listener);
  }

  #connect(): void {
    if (this.#stopping.signal.aborted) return;
    const { settings, lineId } = this.#options;
    const will = offlinePayload(lineId, 'offline', null, null);
    const client = mqtt.connect(settings.url, {
      clientId: settings.clientId,
      protocolVersion: 4, // what every plant broker speaks
      clean: true,
      reconnectPeriod: 0,
      connectTimeout: this.#limits.connectMaxMs,
      keepalive: this.#limits.keepaliveS,
      queueQoSZero: false,
      ...(settings.user === null ? {} : { username: settings.user }),
      ...(settings.password === null ? {} : { password: settings.password }),
      will: { topic: this.#topic('status'), payload: Buffer.from(JSON.stringify(will)), qos: 1, retain: true },
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
    this.#counters.connections += 1;
    this.#retryMs = this.#limits.retryFirstMs;
    this.#complaint.atMs = Number.NEGATIVE_INFINITY;
    const { lineId, log, settings } = this.#options;
    log.info({ lineId, url: settings.url }, 'MQTT connected');
    this.#setProblem(null);
    // Birth, at every connection: a broker without persistence forgot what it retained.
    for (const leaf of ['status', 'last'] as const) this.#sendRetained(leaf);
    for (const listener of this.#linkListeners) listener(true);
  }

  #down(client: mqtt.MqttClient, cause: string): void {
    if (client !== this.#client) return;
    this.#client = null;
    const was = this.#connected;
    this.#connected = false;
    this.#counters[was ? 'cuts' : 'refusals'] += 1;
    client.end(true); // its timers and its memory of unacknowledged messages go with it
    const error = fail('mqtt/link', { url: this.#options.settings.url, cause });
    for (const reject of this.#waiting) reject(error);
    this.#waiting.clear();
    if (this.#stopping.signal.aborted) return;
    this.#complain(error.message);
    this.#setProblem(error.message);
    if (was) for (const listener of this.#linkListeners) listener(false);
    this.#options.clock.after(this.#retryMs, () => this.#connect(), this.#stopping.signal);
    this.#retryMs = Math.min(this.#limits.retryLastMs, this.#retryMs * 2);
  }

  #complain(text: string): void {
    const nowMs = this.#options.clock.nowMs();
    if (text === this.#complaint.text && nowMs - this.#complaint.atMs < this.#limits.complainMs) return;
    this.#complaint = { text, atMs: nowMs };
    this.#options.log.warn({ lineId: this.#options.lineId }, `${text}; trying again until it answers`);
  }

  // --- sending ---

  #topic(leaf: Exclude<keyof Payloads, 'mask'>): string {
    return topicOf(this.#options.settings.prefix, this.#options.lineId, leaf);
  }

  #send<L extends Exclude<keyof Payloads, 'mask'>>(leaf: L, payload: Payloads[L], retain: boolean): Promise<void> {
    return this.#publish(this.#topic(leaf), JSON.stringify(payload), retain);
  }

  /** QoS 1: resolves on PUBACK, rejects when the connection ends first. */
  #publish(topic: string, message: string | Uint8Array, retain: boolean): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const client = this.#client;
    if (!client || !this.#connected) {
      reject(fail('mqtt/link', { url: this.#options.settings.url, cause: 'not connected' }));
      return promise;
    }
    this.#waiting.add(reject);
    const bytes =
      typeof message === 'string' ? message : Buffer.from(message.buffer, message.byteOffset, message.length);
    client.publish(topic, bytes, { qos: 1, retain }, (error) => {
      this.#waiting.delete(reject);
      if (error) reject(fail('mqtt/link', { url: this.#options.settings.url, cause: messageOf(error) }, error));
      else resolve();
    });
    return promise;
  }

  sendRecord(payload: VerdictPayload): Promise<void> {
    return this.#send('record', payload, false);
  }

  sendMask(resultId: string, png: Uint8Array): Promise<void> {
    return this.#publish(this.maskTopic(resultId), png, false);
  }

  announce(record: VerdictRecord, mask: MaskReference | null): void {
    let replayed = !this.#connected;
    this.#retained.last.newest = () => {
      const payload = verdictPayload(record, mask, { replayed, wallMs: this.#options.clock.wallMs() });
      replayed = true; // at the next birth it is history
      return payload;
    };
    if (!this.#connected || this.#liveInFlight >= this.#limits.liveInFlightMax) {
      this.#counters.liveSkipped += 1;
    } else {
      this.#liveInFlight += 1;
      this.#counters.liveSent += 1;
      this.#send(
        'verdict',
        verdictPayload(record, mask, { replayed: false, wallMs: this.#options.clock.wallMs() }),
        false,
      )
        .catch(() => {
          this.#counters.liveLost += 1; // the record lane has it; said by the link's own complaint
        })
        .finally(() => {
          this.#liveInFlight -= 1;
        });
    }
    this.#sendRetained('last');
  }

  showMask(): void {
    // Masks go through the journal; the control lane names their topic.
  }

  showStatus(status: LineStatus): void {
    this.#status = { ...status, counters: { ...status.counters } };
    this.#retained.status.newest = () => statusPayload(this.#status as LineStatus, this.#options.clock.wallMs());
    this.#sendRetained('status');
  }

  beat(): void {
    // MQTT has a keep-alive of its own.
  }

  #sendRetained(leaf: 'status' | 'last'): void {
    const topic = this.#retained[leaf];
    if (!this.#connected || topic.sending || !topic.newest) return;
    const payload = topic.newest;
    topic.sending = true;
    this.#send(leaf, payload() as Payloads[typeof leaf], true)
      .catch(() => undefined) // cut: the next birth sends it
      .finally(() => {
        topic.sending = false;
        if (topic.newest !== payload) this.#sendRetained(leaf);
      });
  }

  // --- health and end ---

  health(): Health {
    const name = `mqtt ${this.#options.settings.url} ${this.#options.lineId}`;
    return { name, ok: this.#problem === null, problem: this.#problem, counters: { ...this.#counters } };
  }

  onHealth(listener: HealthListener): void {
    this.#healthListeners.push(listener);
  }

  #setProblem(problem: string | null): void {
    if (problem === this.#problem) return;
    this.#problem = problem;
    for (const listener of this.#healthListeners) listener(this.health());
  }

  /** Says farewell where there is a link, and ends within the bound where the broker does not answer. */
  async stop(): Promise<void> {
    if (this.#stopping.signal.aborted) return;
    this.#stopping.abort();
    const client = this.#client;
    if (!client) return;
    const late = Promise.withResolvers<void>();
    const bound = new AbortController();
    this.#options.clock.after(this.#limits.stopMaxMs, () => late.resolve(), bound.signal);
    await Promise.race([this.#farewell(client), late.promise]);
    bound.abort();
    client.end(true);
  }

  async #farewell(client: mqtt.MqttClient): Promise<void> {
    if (!this.#connected) return;
    const { lineId, clock } = this.#options;
    try {
      await this.#send(
        'status',
        offlinePayload(lineId, 'stopped', this.#status?.counters ?? null, clock.wallMs()),
        true,
      );
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
