/** One line in the OPC UA control lane: the part judged last, its mask, the line's state. Nothing here is a history. */
import type { Clock } from '../../clock.ts';
import type { VerdictRecord } from '../../line/verdict.ts';
import type { ControlLane, Health, HealthListener } from '../lane.ts';
import type { LineStatus } from '../status.ts';
import type { TagBlock } from './tags.ts';

export class OpcUaLane implements ControlLane {
  readonly #block: TagBlock;
  readonly #clock: Clock;
  readonly #health: () => Health;
  readonly #listeners: HealthListener[] = [];
  #announced = 0;
  #lastHealth = true;

  constructor(block: TagBlock, clock: Clock, health: () => Health) {
    this.#block = block;
    this.#clock = clock;
    this.#health = health;
  }

  #now(): Date {
    return new Date(this.#clock.wallMs());
  }

  announce(record: VerdictRecord): void {
    this.#announced = record.sequence;
    this.#block.showResult(record, this.#now());
  }

  /** Only of the part that stands there: a mask beside another part's verdict would be a lie. */
  showMask(record: VerdictRecord, png: Uint8Array): void {
    if (record.sequence === this.#announced) this.#block.showMask(png, this.#now());
  }

  showStatus(status: LineStatus): void {
    this.#block.showStatus(status, this.#now());
  }

  beat(): void {
    this.#block.beat(this.#now());
    const health = this.health();
    if (health.ok !== this.#lastHealth) for (const listener of this.#listeners) listener(health);
    this.#lastHealth = health.ok;
  }

  health(): Health {
    return this.#health();
  }

  onHealth(listener: HealthListener): void {
    this.#listeners.push(listener);
  }
}
