/**
 * One line on MQTT: which message goes to which topic, and when not. Live verdicts go only over a link that is there
 * and keeps up; status and last are retained, the newest value only, and said again at every connection.
 */
import type { Clock } from '../clock.ts';
import type { VerdictRecord } from '../line/verdict.ts';
import type { ControlLane, Health, HealthListener, Log, RecordLink } from './lane.ts';
import { MqttConnection, type MqttLimits, type MqttSettings, mqttLimits } from './mqtt.ts';
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
import type { LineStatus } from './status.ts';

/** Verdicts not yet acknowledged; beyond it the broker does not keep up and a live verdict would come too late. */
const liveInFlightMax = 20;

export interface MqttLineOptions {
  readonly lineId: string;
  readonly prefix: string;
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
  readonly #connection: MqttConnection;
  readonly #linkListeners: ((connected: boolean) => void)[] = [];
  readonly #healthListeners: HealthListener[] = [];
  readonly #counters = { liveSent: 0, liveSkipped: 0, liveLost: 0 };
  readonly #retained: Record<'status' | 'last', Retained> = {
    status: { newest: null, sending: false },
    last: { newest: null, sending: false },
  };
  #liveInFlight = 0;
  #status: LineStatus | null = null;

  constructor(options: MqttLineOptions) {
    checkLineId(options.lineId);
    checkTopicPrefix(options.prefix);
    const { settings, clock, log } = options;
    this.#options = options;
    const will = JSON.stringify(offlinePayload(options.lineId, 'offline', null, null));
    this.#connection = new MqttConnection({
      ...{ settings, clock, log, limits: { ...mqttLimits, ...options.limits } },
      will: { topic: this.#topic('status'), payload: will },
      linkChanged: (connected) => this.#linkChanged(connected),
      problemChanged: () => {
        for (const listener of this.#healthListeners) listener(this.health());
      },
    });
  }

  /** Begins to connect; an absent broker is no error. */
  start(): void {
    this.#connection.start();
  }

  maskTopic(resultId: string): string {
    return maskTopicOf(this.#options.prefix, this.#options.lineId, resultId);
  }

  connected(): boolean {
    return this.#connection.connected;
  }

  onLink(listener: (connected: boolean) => void): void {
    this.#linkListeners.push(listener);
  }

  #linkChanged(connected: boolean): void {
    // Birth, at every connection: a broker without persistence forgot what it retained.
    if (connected) for (const leaf of ['status', 'last'] as const) this.#sendRetained(leaf);
    for (const listener of this.#linkListeners) listener(connected);
  }

  #topic(leaf: Exclude<keyof Payloads, 'mask'>): string {
    return topicOf(this.#options.prefix, this.#options.lineId, leaf);
  }

  #send<L extends Exclude<keyof Payloads, 'mask'>>(leaf: L, payload: Payloads[L], retain: boolean): Promise<void> {
    return this.#connection.publish({ topic: this.#topic(leaf), payload: JSON.stringify(payload), retain });
  }

  sendRecord(payload: VerdictPayload): Promise<void> {
    return this.#send('record', payload, false);
  }

  sendMask(resultId: string, png: Uint8Array): Promise<void> {
    return this.#connection.publish({ topic: this.maskTopic(resultId), payload: png, retain: false });
  }

  announce(record: VerdictRecord, mask: MaskReference | null): void {
    let replayed = !this.connected();
    this.#retained.last.newest = () => {
      const payload = verdictPayload(record, mask, { replayed, wallMs: this.#options.clock.wallMs() });
      replayed = true; // at the next birth it is history
      return payload;
    };
    if (!this.connected() || this.#liveInFlight >= liveInFlightMax) {
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
    if (!this.connected() || topic.sending || !topic.newest) return;
    const payload = topic.newest;
    topic.sending = true;
    this.#send(leaf, payload() as Payloads[typeof leaf], true)
      .catch(() => undefined) // cut: the next birth sends it
      .finally(() => {
        topic.sending = false;
        if (topic.newest !== payload) this.#sendRetained(leaf);
      });
  }

  health(): Health {
    const { problem, counters } = this.#connection;
    const name = `mqtt ${this.#options.settings.url} ${this.#options.lineId}`;
    return { name, ok: problem === null, problem, counters: { ...counters, ...this.#counters } };
  }

  onHealth(listener: HealthListener): void {
    this.#healthListeners.push(listener);
  }

  /** Says farewell on the status topic; bounded. */
  stop(): Promise<void> {
    const { lineId, clock } = this.#options;
    const farewell = offlinePayload(lineId, 'stopped', this.#status?.counters ?? null, clock.wallMs());
    return this.#connection.stop({ topic: this.#topic('status'), payload: JSON.stringify(farewell), retain: true });
  }
}
