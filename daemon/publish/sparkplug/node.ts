/**
 * A Sparkplug B edge node (3.0): one session on a connection of its own, since its last will is the node's death.
 * Births at every connection and on request, data by exception, commands to node and devices; with a primary host,
 * nothing while that is not there. The broker's will carries the birth/death number of the same CONNECT as the birth.
 */
import { messageOf } from '../../../errors.ts';
import type { Clock } from '../../clock.ts';
import type { Role } from '../../command/port.ts';
import { Complaints } from '../complaints.ts';
import type { Health, HealthListener, Log } from '../lane.ts';
import { MqttConnection } from '../mqtt/connection.ts';
import type { Incoming, Outgoing } from '../mqtt/message.ts';
import { type MqttLimits, type MqttSettings, mqttLimits, type SparkplugSettings } from '../mqtt/settings.ts';
import type { BdSeq } from './bd-seq.ts';
import { SparkplugDevice } from './device.ts';
import { HostState } from './host-state.ts';
import { decodePayload, encodePayload, type Metric } from './payload.ts';

export interface SparkplugNodeOptions {
  readonly settings: SparkplugSettings;
  readonly connection: MqttSettings;
  readonly lineIds: readonly string[];
  readonly role: Role | null;
  readonly bdSeq: BdSeq;
  readonly clock: Clock;
  readonly log: Log;
  readonly limits?: Partial<MqttLimits>;
}

const namespace = 'spBv1.0';
const rebirth = 'Node Control/Rebirth';
/** A birth is some KB: nobody needs one more often than this. */
const rebirthLeastMs = 1000;
const protobufType = 'application/x-protobuf';

type NodeMessage = 'NBIRTH' | 'NDEATH' | 'NCMD';
type DeviceMessage = 'DBIRTH' | 'DDATA' | 'DCMD';

export class SparkplugNode {
  readonly #options: SparkplugNodeOptions;
  readonly #connection: MqttConnection;
  readonly #devices: ReadonlyMap<string, SparkplugDevice>;
  readonly #host = new HostState();
  readonly #healthListeners: HealthListener[] = [];
  readonly #complaints: Complaints;
  readonly #stopping = new AbortController();
  readonly counters = { births: 0, rebirthsAsked: 0, data: 0, dropped: 0, unreadable: 0 };
  /** The session stands: NBIRTH was sent over this connection. */
  #born = false;
  #seq = 0;
  #bornMs = Number.NEGATIVE_INFINITY;
  #rebirthWaits = false;

  constructor(options: SparkplugNodeOptions) {
    const { settings, connection, lineIds, role, clock, log } = options;
    const limits = { ...mqttLimits, ...options.limits };
    this.#options = options;
    this.#complaints = new Complaints(clock, log, limits.complainMs);
    this.#devices = new Map(lineIds.map((lineId) => [lineId, this.#device(lineId, role)]));
    const host = settings.primaryHost === null ? [] : [{ filter: this.#stateTopic, needed: true }];
    this.#connection = new MqttConnection({
      ...{ settings: connection, clock, log, limits },
      will: () => ({
        topic: this.#topic('NDEATH'),
        payload: this.#death(options.bdSeq.next()),
        contentType: protobufType,
        retain: false,
      }),
      subscriptions: [
        ...host,
        { filter: this.#topic('NCMD'), needed: true, commands: true },
        { filter: `${this.#topic('DCMD')}/+`, needed: role !== null, commands: true },
      ],
      willAtStop: 'said',
      received: (message) => this.#received(message),
      linkChanged: (connected) => this.#linkChanged(connected),
      problemChanged: () => {
        for (const listener of this.#healthListeners) listener(this.health());
      },
    });
  }

  #device(lineId: string, role: Role | null): SparkplugDevice {
    const { clock, log } = this.#options;
    return new SparkplugDevice({
      ...{ lineId, role, clock, log },
      touched: (device) => this.#tell(device),
      health: () => this.health(),
      onHealth: (listener) => void this.#healthListeners.push(listener),
    });
  }

  /** Begins to connect; an absent broker is no error. */
  start(): void {
    this.#connection.start();
  }

  device(lineId: string): SparkplugDevice | undefined {
    return this.#devices.get(lineId);
  }

  get #stateTopic(): string {
    return `${namespace}/STATE/${this.#options.settings.primaryHost}`;
  }

  #topic(kind: NodeMessage | DeviceMessage, lineId?: string): string {
    const { group, edge } = this.#options.settings;
    const node = `${namespace}/${group}/${kind}/${edge}`;
    return lineId === undefined ? node : `${node}/${lineId}`;
  }

  /** NDEATH carries the number alone, and no seq (6.4.25). */
  #death(number: number): Uint8Array {
    const atMs = this.#options.clock.wallMs();
    return encodePayload({ atMs, seq: null, metrics: [bdSeqMetric(number, atMs)] });
  }

  #linkChanged(connected: boolean): void {
    if (!connected) {
      this.#over();
      this.#host.forget();
    } else if (this.#mayBeBorn()) this.#birth();
  }

  #over(): void {
    this.#born = false;
    for (const device of this.#devices.values()) device.died();
  }

  #mayBeBorn(): boolean {
    return this.#connection.connected && (this.#options.settings.primaryHost === null || this.#host.online);
  }

  #birth(): void {
    const { clock, bdSeq } = this.#options;
    const atMs = clock.wallMs();
    this.#seq = 0;
    this.#born = true;
    this.#bornMs = clock.nowMs();
    this.counters.births += 1;
    this.#send(this.#topic('NBIRTH'), [
      bdSeqMetric(bdSeq.current, atMs),
      { name: rebirth, type: 'Boolean', value: false, atMs },
      { name: 'Properties/Software', type: 'String', value: 'Twinspect', atMs },
      { name: 'Properties/Lines', type: 'String', value: [...this.#devices.keys()].join(','), atMs },
    ]);
    for (const device of this.#devices.values()) this.#send(this.#topic('DBIRTH', device.lineId), device.birth());
  }

  #tell(device: SparkplugDevice): void {
    if (!this.#born) return;
    const metrics = device.news();
    if (metrics.length === 0) return;
    this.counters.data += 1;
    this.#send(this.#topic('DDATA', device.lineId), metrics);
  }

  /** The number is taken when the message is handed over: one that is dropped leaves no hole in the row. */
  #send(topic: string, metrics: readonly Metric[]): void {
    const message: Outgoing = {
      ...{ topic, qos: 0, retain: false, urgency: 'live' },
      content: () => {
        const seq = this.#seq;
        this.#seq = (seq + 1) % 256;
        const payload = encodePayload({ atMs: this.#options.clock.wallMs(), seq, metrics });
        return { payload, contentType: protobufType };
      },
    };
    this.#connection.publish(message).then(
      (delivery) => {
        if (delivery === 'dropped') this.#dropped();
      },
      () => this.#dropped(), // cut: the next connection begins with a birth
    );
  }

  /** What was told is not known at the far side now; only a birth sets that right. */
  #dropped(): void {
    this.counters.dropped += 1;
    if (this.#born) this.#askRebirth();
  }

  #received({ topic, payload, retained }: Incoming): void {
    if (topic === this.#stateTopic) {
      this.#hostSpoke(payload);
      return;
    }
    // A command that is kept is one of another session, or will be.
    if (retained || !this.#born) return;
    try {
      if (topic === this.#topic('NCMD')) this.#nodeCommand(payload);
      else this.#devices.get(topic.slice(this.#topic('DCMD').length + 1))?.command(payload);
    } catch (error) {
      this.counters.unreadable += 1;
      this.#complaints.say({ topic }, `a Sparkplug command cannot be read: ${messageOf(error)}`);
    }
  }

  #nodeCommand(payload: Uint8Array): void {
    const asked = decodePayload(payload).metrics.some(({ name, value }) => name === rebirth && value === true);
    if (!asked) return;
    this.counters.rebirthsAsked += 1;
    this.#askRebirth();
  }

  /** At once, or where one was just sent, a moment later, once for all who ask. */
  #askRebirth(): void {
    if (this.#rebirthWaits) return;
    const waitMs = this.#bornMs + rebirthLeastMs - this.#options.clock.nowMs();
    if (waitMs <= 0) {
      this.#birth();
      return;
    }
    this.#rebirthWaits = true;
    const again = (): void => {
      this.#rebirthWaits = false;
      if (this.#born) this.#birth();
    };
    this.#options.clock.after(waitMs, again, this.#stopping.signal);
  }

  #hostSpoke(payload: Uint8Array): void {
    this.#host.heard(payload);
    if (this.#host.online) {
      if (!this.#born && this.#mayBeBorn()) this.#birth();
    } else if (this.#born) {
      // 5.5: the session ends; the broker tells of our death, and we wait for the host on the next connection.
      this.#options.log.info({ host: this.#options.settings.primaryHost }, 'the Sparkplug primary host is offline');
      this.#connection.drop('the primary host is offline');
    }
  }

  health(): Health {
    const { group, edge, primaryHost } = this.#options.settings;
    const { problem: linkProblem } = this.#connection;
    const waits = this.#connection.connected && !this.#born;
    const problem = linkProblem ?? (waits ? `waits for the primary host ${primaryHost}` : null);
    const desks = [...this.#devices.values()].map((device) => device.counters);
    const commands = Object.assign({}, ...desks) as Record<string, number>;
    const counters = { ...this.#connection.counters, ...this.counters, ...commands };
    return { name: `sparkplug ${group}/${edge}`, ok: problem === null, problem, counters };
  }

  /**
   * NDEATH, then the farewell of MQTT (5.3, 6.4.25). In MQTT 5 that must be "disconnect with will", so the broker says
   * NDEATH once more, with the same bdSeq: a host that has taken the first one knows the second is of the same death.
   */
  async stop(): Promise<void> {
    this.#stopping.abort();
    const payload = this.#death(this.#options.bdSeq.current);
    const death = { topic: this.#topic('NDEATH'), qos: 1, retain: false, urgency: 'live' } as const;
    this.#over();
    await this.#connection.stop({ ...death, content: () => ({ payload, contentType: protobufType }) });
  }
}

function bdSeqMetric(value: number, atMs: number): Metric {
  return { name: 'bdSeq', type: 'Int64', value, atMs };
}
