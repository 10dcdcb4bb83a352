/**
 * A line as a Sparkplug device: what is known of it, what of that the session has told already, and its commands. A
 * control lane: nothing is kept for later, and a birth shows the last result as one not to act on.
 */
import type { Clock } from '../../clock.ts';
import type { LineCommands, Role } from '../../command/port.ts';
import type { VerdictRecord } from '../../line/verdict.ts';
import type { ControlLane, Health, HealthListener, Log } from '../lane.ts';
import { CommandDesk, commandLimits } from '../mqtt/commands.ts';
import type { MaskReference } from '../payload.ts';
import type { LineStatus } from '../status.ts';
import { deviceCommand } from './device-command.ts';
import { changed, type DeviceState, deviceMetrics } from './metrics.ts';
import { decodePayload, type Metric, type MetricValue } from './payload.ts';

export interface DeviceOptions {
  readonly lineId: string;
  readonly role: Role | null;
  readonly clock: Clock;
  readonly log: Log;
  /** Something may have changed. */
  readonly touched: (device: SparkplugDevice) => void;
  readonly health: () => Health;
  readonly onHealth: (listener: HealthListener) => void;
}

/** Where the desk finds the verb; no topic of any broker. */
const base = 'dcmd';

export class SparkplugDevice implements ControlLane {
  readonly #options: DeviceOptions;
  readonly #desk: CommandDesk;
  #state: DeviceState = { record: null, live: false, maskTopic: null, status: null, ordered: null, answer: null };
  /** Null before the birth. */
  #told: Map<string, MetricValue> | null = null;
  #requests = 0;

  constructor(options: DeviceOptions) {
    const { lineId, role, clock, log } = options;
    this.#options = options;
    this.#desk = new CommandDesk({
      ...{ lineId, treePrefix: base, base, role, via: 'sparkplug', clock, log, limits: commandLimits },
      reply: ({ payload }) => this.#set({ answer: JSON.stringify(payload) }),
    });
  }

  get lineId(): string {
    return this.#options.lineId;
  }

  attach(commands: LineCommands): void {
    this.#desk.serve(commands);
    commands.onOrdered((ordered) => this.#set({ ordered }));
    this.#set({ ordered: commands.ordered() });
  }

  /** Everything, for a birth. */
  birth(): Metric[] {
    this.#state = { ...this.#state, live: false };
    const metrics = deviceMetrics(this.#state, this.#options.clock.wallMs());
    this.#told = new Map(metrics.map(({ name, value }) => [name, value]));
    return metrics;
  }

  /** The session is over; the next one begins with a birth. */
  died(): void {
    this.#told = null;
  }

  /** What changed since it was told last, counted as told; none before the birth. */
  news(): Metric[] {
    const told = this.#told;
    if (!told) return [];
    const news = changed(told, deviceMetrics(this.#state, this.#options.clock.wallMs()));
    for (const { name, value } of news) told.set(name, value);
    return news;
  }

  announce(record: VerdictRecord, mask: MaskReference | null): void {
    this.#set({ record, live: true, maskTopic: mask?.topic ?? null });
  }

  showStatus(status: LineStatus): void {
    this.#set({ status: { ...status, counters: { ...status.counters } } });
  }

  showMask(): void {
    // A historian is no place for pictures: the metric names the mask's topic.
  }

  beat(): void {
    // The broker tells of our death.
  }

  /** A DCMD. What it asks is done, or refused in `Command/Answer`. */
  command(bytes: Uint8Array): void {
    const payload = decodePayload(bytes);
    this.#requests += 1;
    const command = deviceCommand(payload, `dcmd-${this.#options.clock.wallMs()}-${this.#requests}`);
    if (!command) return;
    this.#desk.take({
      topic: `${base}/${command.verb}`,
      payload: new TextEncoder().encode(JSON.stringify(command.message)),
      ...{ retained: false, responseTopic: null, correlationData: null },
    });
  }

  get counters(): Readonly<Record<string, number>> {
    return this.#desk.counters;
  }

  health(): Health {
    return this.#options.health();
  }

  onHealth(listener: HealthListener): void {
    this.#options.onHealth(listener);
  }

  #set(change: Partial<DeviceState>): void {
    this.#state = { ...this.#state, ...change };
    this.#options.touched(this);
  }
}
