/**
 * One line on MQTT: which message goes to which topic, and when not. Live verdicts go only over a link that is there
 * and keeps up; status, last and orders are retained, the newest value only, and said again at every connection.
 */
import { TwinspectError } from '../../../errors.ts';
import type { Clock } from '../../clock.ts';
import type { LineCommands, Role } from '../../command/port.ts';
import type { VerdictRecord } from '../../line/verdict.ts';
import type { ControlLane, Health, HealthListener, Log, MaskMessage, RecordLink } from '../lane.ts';
import {
  checkLineId,
  checkTopicPrefix,
  type MaskReference,
  maskTopicOf,
  offlinePayload,
  ordersPayload,
  type Payloads,
  statusPayload,
  topicOf,
  type VerdictPayload,
  verdictPayload,
} from '../payload.ts';
import type { LineStatus } from '../status.ts';
import { CommandDesk, type CommandLimits, commandLimits, type Reply } from './commands.ts';
import { MqttConnection } from './connection.ts';
import { json, jsonContent, maskContent } from './content.ts';
import { LiveVerdicts } from './live.ts';
import type { Content, Delivery, Incoming, Urgency } from './message.ts';
import { Newest } from './newest.ts';
import { type LineLimits, lineLimits, type MqttLineLimits, type MqttSettings, mqttLimits } from './settings.ts';
import { Twins } from './twins.ts';

/** Nobody waits longer for an answer, s. */
const answerExpiryS = 30;
/** Answers on their way; beyond it whoever asks does not listen. */
const answersMax = 200;

export interface MqttLineOptions {
  readonly lineId: string;
  readonly prefix: string;
  readonly settings: MqttSettings;
  /** What commands over MQTT may; null = nothing. */
  readonly commandRole: Role | null;
  readonly clock: Clock;
  readonly log: Log;
  readonly limits?: Partial<MqttLineLimits>;
  readonly commandLimits?: Partial<CommandLimits>;
}

type JsonLeaf = Exclude<keyof Payloads, 'mask'>;

export class MqttLine implements ControlLane, RecordLink {
  readonly #options: MqttLineOptions;
  readonly #limits: LineLimits;
  readonly #connection: MqttConnection;
  readonly #desk: CommandDesk;
  readonly #live: LiveVerdicts;
  readonly #twins: Twins;
  readonly #linkListeners: ((connected: boolean) => void)[] = [];
  readonly #healthListeners: HealthListener[] = [];
  readonly #counters = { liveSent: 0, liveSkipped: 0, liveLost: 0, recordsUnheard: 0, answersDropped: 0 };
  readonly #retained = {
    status: new Newest(() => this.#sendJson('status', () => this.#statusPayload(), { retain: true })),
    last: new Newest(() => this.#sendJson('last', () => this.#last(), { retain: true })),
    orders: new Newest(() => this.#sendJson('orders', () => this.#ordersPayload(), { retain: true })),
  };
  #status: LineStatus | null = null;
  #last: () => VerdictPayload = () => null as never;
  #answersOpen = 0;
  /** Why the broker did not want the last record or mask; null while it takes them. */
  #refusal: string | null = null;

  constructor(options: MqttLineOptions) {
    checkLineId(options.lineId);
    checkTopicPrefix(options.prefix);
    const { settings, clock, log, lineId, prefix } = options;
    const limits = { ...mqttLimits, ...lineLimits, ...options.limits };
    this.#options = options;
    this.#limits = limits;
    this.#live = new LiveVerdicts(limits);
    this.#twins = new Twins(settings.clientId, limits.twinForgetMs);
    const base = `${prefix}/${lineId}/cmd`;
    this.#desk = new CommandDesk({
      ...{ lineId, treePrefix: prefix, base, role: options.commandRole, via: 'mqtt', clock, log },
      reply: (reply) => this.#reply(reply),
      limits: { ...commandLimits, ...options.commandLimits },
    });
    const will = JSON.stringify(offlinePayload(lineId, settings.clientId, 'offline', null));
    this.#connection = new MqttConnection({
      ...{ settings, clock, log, limits },
      will: () => ({ topic: this.#topic('status'), payload: will, contentType: json, retain: true }),
      subscriptions: [
        { filter: `${base}/+`, needed: options.commandRole !== null, commands: true },
        { filter: this.#topic('status'), needed: false },
      ],
      received: (message) => this.#received(message),
      linkChanged: (connected) => this.#linkChanged(connected),
      problemChanged: () => this.#healthChanged(),
    });
  }

  /** Begins to connect; an absent broker is no error. */
  start(): void {
    this.#connection.start();
  }

  /** From here on commands are carried out. */
  attach(commands: LineCommands): void {
    this.#desk.serve(commands);
    commands.onOrdered(() => this.#retained.orders.show(this.connected()));
    this.#retained.orders.show(this.connected());
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
    if (connected) for (const topic of Object.values(this.#retained)) topic.again(true);
    for (const listener of this.#linkListeners) listener(connected);
  }

  #received(message: Incoming): void {
    if (message.topic !== this.#topic('status')) this.#desk.take(message);
    else if (this.#twins.heard(message, this.#options.clock.nowMs())) {
      for (const warning of this.#warnings()) this.#options.log.warn({ lineId: this.#options.lineId }, warning);
      this.#retained.status.again(this.connected());
      this.#healthChanged();
    }
  }

  #warnings(): string[] {
    const { clock, lineId } = this.#options;
    const other = this.#twins.other(clock.nowMs());
    const twin =
      other === null
        ? []
        : [`another client, ${other}, publishes as line ${lineId} on this broker: give one of the two another line.id`];
    return this.#refusal === null ? twin : [...twin, this.#refusal];
  }

  #topic(leaf: JsonLeaf): string {
    return topicOf(this.#options.prefix, this.#options.lineId, leaf);
  }

  #sendJson<L extends JsonLeaf>(leaf: L, make: () => Payloads[L], how: SendHow): Promise<Delivery> {
    return this.#send(this.#topic(leaf), () => jsonContent(make()), how);
  }

  #send(
    topic: string,
    content: () => Content | null,
    { retain = false, urgency = 'live' }: SendHow,
  ): Promise<Delivery> {
    return this.#connection.publish({ topic, qos: 1, retain, urgency, content });
  }

  async sendRecord(make: () => VerdictPayload): Promise<void> {
    const delivery = await this.#heeding(this.#sendJson('record', make, { urgency: 'record' }));
    if (delivery === 'unheard') this.#counters.recordsUnheard += 1;
  }

  async sendMask(mask: MaskMessage): Promise<void> {
    const content = (): Content => maskContent(mask, this.#limits.maskExpiryS, this.#options.clock.wallMs());
    await this.#heeding(this.#send(this.maskTopic(mask.resultId), content, { urgency: 'bulk' }));
  }

  /** A record that the broker does not want stays in the journal; a person must hear of it. */
  async #heeding(sending: Promise<Delivery>): Promise<Delivery> {
    try {
      const delivery = await sending;
      this.#setRefusal(null);
      return delivery;
    } catch (error) {
      if (error instanceof TwinspectError && error.code === 'mqtt/refused') this.#setRefusal(error.message);
      throw error;
    }
  }

  #setRefusal(refusal: string | null): void {
    if (refusal === this.#refusal) return;
    this.#refusal = refusal;
    this.#retained.status.again(this.connected());
    this.#healthChanged();
  }

  announce(record: VerdictRecord, mask: MaskReference | null): void {
    const { clock } = this.#options;
    const announcedMs = clock.nowMs();
    let replayed = !this.connected();
    this.#last = () => {
      const payload = verdictPayload(record, mask, { replayed, wallMs: clock.wallMs() });
      replayed = true; // at the next birth it is history
      return payload;
    };
    if (this.connected() && this.#live.keepsUp(announcedMs)) this.#sendLive(record, mask, announcedMs);
    else this.#counters.liveSkipped += 1;
    this.#retained.last.show(this.connected());
  }

  #sendLive(record: VerdictRecord, mask: MaskReference | null, announcedMs: number): void {
    const { clock } = this.#options;
    const content = (): Content | null => {
      const leftMs = this.#live.leftMs(announcedMs, clock.nowMs());
      if (leftMs === null) return null;
      const payload = verdictPayload(record, mask, { replayed: false, wallMs: clock.wallMs() });
      return { ...jsonContent(payload), expiryS: leftMs / 1000 };
    };
    const sending = this.#send(this.#topic('verdict'), content, {});
    this.#live.track(announcedMs, sending).catch(() => undefined); // counted below
    sending.then(
      (delivery) => {
        this.#counters[delivery === 'dropped' ? 'liveSkipped' : 'liveSent'] += 1;
      },
      () => {
        this.#counters.liveLost += 1; // the record lane has it; said by the link's own complaint
      },
    );
  }

  showMask(): void {
    // Masks go through the journal; the control lane names their topic.
  }

  showStatus(status: LineStatus): void {
    this.#status = { ...status, counters: { ...status.counters } };
    this.#retained.status.show(this.connected());
  }

  #statusPayload(): Payloads['status'] {
    const sayer = { client: this.#options.settings.clientId, warnings: this.#warnings() };
    return statusPayload(this.#status as LineStatus, this.#options.clock.wallMs(), sayer);
  }

  #ordersPayload(): Payloads['orders'] {
    const commands = this.#desk.commands as LineCommands;
    return ordersPayload(this.#options.lineId, commands.ordered(), commands.recipes(), this.#options.clock.wallMs());
  }

  #reply({ topic, correlationData, payload }: Reply): void {
    if (this.#answersOpen >= answersMax) {
      this.#counters.answersDropped += 1;
      return;
    }
    this.#answersOpen += 1;
    const content = { ...jsonContent(payload), correlationData, expiryS: answerExpiryS };
    this.#send(topic, () => content, {})
      .catch(() => {
        this.#counters.answersDropped += 1; // cut or refused; the command was done or not all the same
      })
      .finally(() => {
        this.#answersOpen -= 1;
      });
  }

  beat(): void {
    // MQTT has a keep-alive of its own.
  }

  health(): Health {
    const { problem: linkProblem, counters } = this.#connection;
    const name = `mqtt ${this.#options.settings.url} ${this.#options.lineId}`;
    const problem = linkProblem ?? this.#warnings()[0] ?? null;
    const all = { ...counters, ...this.#counters, ...this.#desk.counters };
    return { name, ok: problem === null, problem, counters: all };
  }

  #healthChanged(): void {
    for (const listener of this.#healthListeners) listener(this.health());
  }

  onHealth(listener: HealthListener): void {
    this.#healthListeners.push(listener);
  }

  /** Says farewell on the status topic; bounded. */
  stop(): Promise<void> {
    const { lineId, clock, settings } = this.#options;
    const gone = { counters: this.#status?.counters ?? null, atMs: clock.wallMs() };
    const content = jsonContent(offlinePayload(lineId, settings.clientId, 'stopped', gone));
    const farewell = { topic: this.#topic('status'), qos: 1, retain: true, urgency: 'live' } as const;
    return this.#connection.stop({ ...farewell, content: () => content });
  }
}

interface SendHow {
  readonly retain?: boolean;
  readonly urgency?: Urgency;
}
