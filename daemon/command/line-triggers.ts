/**
 * The command port straight on a line: triggers, halt, reset and abort. Refuses orders that change what the line
 * judges with (`command/kind`): those need the table of recipes and who may choose from it.
 */
import { fail } from '../../errors.ts';
import type { Actor, LineCommands, Order, Ordered, Recipe, Triggered, TriggerRequest } from './port.ts';

/** What is commanded. */
export interface CommandedLine {
  trigger(request: TriggerRequest): number;
  halt(cause: string | null): void;
  abort(cause: string): void;
}

export interface LineTriggersDeps {
  readonly lineId: string;
  readonly line: CommandedLine;
  /** Whether commands open parts; else the camera does. */
  readonly triggeredBy: 'camera' | 'command';
  /** Rejects in a row are counted anew. */
  readonly resetRejects: () => void;
  /** What is true of the orders changed: the plant is told. */
  readonly changed: () => void;
}

export class LineTriggers implements LineCommands {
  readonly #deps: LineTriggersDeps;
  readonly #listeners: ((now: Ordered) => void)[] = [];
  #halted: string | null = null;

  constructor(deps: LineTriggersDeps) {
    this.#deps = deps;
  }

  trigger(_actor: Actor, request: TriggerRequest): Triggered {
    const sequence = this.#deps.line.trigger(request);
    return { sequence, resultId: `${this.#deps.lineId}-${sequence}` };
  }

  async order(_actor: Actor, order: Order): Promise<void> {
    const { line, resetRejects } = this.#deps;
    if (order.kind === 'halt') this.#halt(order.cause);
    else if (order.kind === 'reset') this.#halt(null);
    else if (order.kind === 'abort') line.abort(order.cause);
    else if (order.kind === 'resetCounters') resetRejects();
    else throw fail('command/kind', { line: this.#deps.lineId, kind: order.kind });
  }

  ordered(): Ordered {
    const execution = this.#deps.triggeredBy === 'camera' ? 'continuous' : 'single';
    return { recipe: null, threshold: null, execution, halted: this.#halted };
  }

  recipes(): readonly Recipe[] {
    return [];
  }

  onOrdered(listener: (now: Ordered) => void): void {
    this.#listeners.push(listener);
  }

  #halt(cause: string | null): void {
    if (this.#halted === cause) return;
    this.#halted = cause;
    this.#deps.line.halt(cause);
    this.#deps.changed();
    for (const listener of this.#listeners) listener(this.ordered());
  }
}
