/** One line in the OPC UA control lane: the part judged last, its mask, the line's state. Nothing here is a history. */
import type { Clock } from '../../clock.ts';
import type { LineCommands } from '../../command/port.ts';
import type { OpenedPart } from '../../line/sink.ts';
import type { VerdictRecord } from '../../line/verdict.ts';
import type { ControlLane, Health, HealthListener, Log } from '../lane.ts';
import type { MaskReference } from '../payload.ts';
import type { LineCounters, LineStatus } from '../status.ts';
import { PlcHandshake } from './plc/handshake.ts';
import type { TagPort } from './tags.ts';

export interface OpcUaLaneDeps {
  readonly lineId: string;
  readonly block: TagPort;
  readonly clock: Clock;
  readonly log: Log;
  readonly health: () => Health;
}

export class OpcUaLane implements ControlLane {
  readonly #deps: OpcUaLaneDeps;
  readonly #plc: PlcHandshake;
  readonly #listeners: HealthListener[] = [];
  #lastHealth = true;

  constructor(deps: OpcUaLaneDeps) {
    this.#deps = deps;
    this.#plc = new PlcHandshake(deps);
  }

  attach(commands: LineCommands, challenge: (on: boolean) => void): void {
    this.#plc.attach(commands, challenge);
  }

  opened(part: OpenedPart, sequence: number): void {
    this.#plc.opened(part, sequence);
  }

  announce(record: VerdictRecord, _mask: MaskReference | null, counters: Readonly<LineCounters>): void {
    this.#plc.announce(record, counters);
  }

  /** Only of the part that stands there: a mask beside another part's verdict would be a lie. */
  showMask(record: VerdictRecord, png: Uint8Array): void {
    if (!this.#plc.shows(record.sequence)) return;
    const mask = Buffer.from(png.buffer, png.byteOffset, png.length);
    this.#deps.block.show({ LastMaskPng: mask }, new Date(this.#deps.clock.wallMs()));
  }

  showStatus(status: LineStatus): void {
    this.#plc.showStatus(status);
  }

  beat(problem: string | null): void {
    this.#plc.beat(problem);
    const health = this.health();
    if (health.ok !== this.#lastHealth) for (const listener of this.#listeners) listener(health);
    this.#lastHealth = health.ok;
  }

  health(): Health {
    return this.#deps.health();
  }

  onHealth(listener: HealthListener): void {
    this.#listeners.push(listener);
  }
}
