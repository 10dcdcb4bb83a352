/**
 * What the plant ordered, kept over restarts in `orders-<line>.json` of the state folder: the chosen recipe, the
 * thresholds, how the line executes, whether it is halted. Written whole or not at all, one write after the other.
 * Where file and copy are both lost, the line is halted, since nobody knows which recipe was chosen.
 */
import { fail, messageOf } from '../../errors.ts';
import type { StateFolder } from '../state/folder.ts';
import type { AskedRecipe } from './asked-recipe.ts';
import type { Ordered } from './port.ts';
import type { ChosenBy, KeptChoices } from './recipes.ts';

export interface KeptOrders extends KeptChoices {
  readonly execution: (ChosenBy & { readonly execution: Ordered['execution'] }) | null;
  readonly halted: (ChosenBy & { readonly cause: string }) | null;
  /** The recipe asked for last, while it does not serve and the one before must not judge. */
  readonly asked?: AskedRecipe | null;
}

export const nothingOrdered: KeptOrders = { recipe: null, thresholds: {}, execution: null, halted: null };

export interface OrdersStore {
  /** Rejects with `command/kept` where what was kept cannot be read. */
  load(): Promise<KeptOrders>;
  /** Rejects with `command/keep`. */
  save(orders: KeptOrders): Promise<void>;
}

export function ordersStore(state: StateFolder, lineId: string): OrdersStore {
  const name = `orders-${lineId}.json`;
  const file = state.file<KeptOrders>({
    ...{ name, id: `orders-${lineId}`, mode: 0o640, parse },
    show: (orders) => `${JSON.stringify(orders, null, 2)}\n`,
    lost: 'the line is halted, as it may have been before, until a reset; recipe and threshold are those of the config',
  });
  let last: Promise<void> = Promise.resolve();
  return {
    async load() {
      const { value, lost } = await file.load();
      if (lost) throw fail('command/kept', { path: file.path, problem: 'neither it nor its copy is whole' });
      return value ?? nothingOrdered;
    },
    save(orders) {
      const write = async (): Promise<void> => {
        try {
          await file.save(orders);
        } catch (error) {
          throw fail('command/keep', { path: file.path, cause: messageOf(error) }, error);
        }
      };
      const saved = last.then(write);
      // The next write does not care how this one ended; whoever asked for this one does.
      last = saved.catch(() => undefined);
      return saved;
    },
  };
}

/** The orders as they are in force, and as the disk knows them. */
export class OrdersInForce {
  readonly #store: OrdersStore;
  readonly #log: { error(values: object, text: string): void };
  #now: KeptOrders = nothingOrdered;

  constructor(store: OrdersStore, log: { error(values: object, text: string): void }) {
    this.#store = store;
    this.#log = log;
  }

  get now(): KeptOrders {
    return this.#now;
  }

  async load(): Promise<void> {
    this.#now = await this.#store.load();
  }

  /** In force, and not kept. */
  put(change: (kept: KeptOrders) => KeptOrders): void {
    this.#now = change(this.#now);
  }

  /** In force at once; rejects where it cannot be kept. */
  change(change: (kept: KeptOrders) => KeptOrders): Promise<void> {
    this.put(change);
    return this.#store.save(this.#now);
  }

  /** In force at once; where it cannot be kept, only a restart would not know it, and the log does. */
  async keep(change: (kept: KeptOrders) => KeptOrders): Promise<void> {
    await this.change(change).catch((error: unknown) => this.#log.error({ error }, messageOf(error)));
  }
}

function parse(text: string): KeptOrders {
  const found: unknown = JSON.parse(text);
  if (!isRecord(found)) throw new Error('it holds no commands');
  const { recipe, thresholds, execution, halted, asked = null } = found;
  const by = { name: 'string', via: 'string', atMs: 'number' };
  const problem =
    problemIn('recipe', recipe, { ...by, recipe: 'number', wish: 'string' }) ??
    problemIn('asked', asked, { ...by, recipe: 'number' }) ??
    problemIn('execution', execution, { ...by, execution: 'string' }) ??
    problemIn('halted', halted, { ...by, cause: 'string' }) ??
    (isRecord(thresholds) ? null : 'thresholds are missing') ??
    Object.entries(thresholds as object)
      .map(([number, kept]) => problemIn(`thresholds.${number}`, kept, { ...by, threshold: 'number', row: 'string' }))
      .find((each) => each !== null);
  if (problem) throw new Error(problem);
  return { ...found, asked } as unknown as KeptOrders;
}

/** Null is good: nothing was ordered. */
function problemIn(name: string, found: unknown, fields: Readonly<Record<string, string>>): string | null {
  if (found === null) return null;
  if (!isRecord(found)) return `${name} is missing`;
  for (const [field, type] of Object.entries(fields)) {
    if (typeof found[field] !== type) return `${name}.${field} is ${typeof found[field]}, expected a ${type}`;
  }
  return null;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
