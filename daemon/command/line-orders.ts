/**
 * What the plant orders of one line, carried out: the role is checked, it is done, kept over restarts, and audited. A
 * trigger opens its part before it returns. Recipe and threshold change one after the other; a halt, an abort and a
 * reset never wait behind them.
 *
 * While the audit record cannot be written nothing is changed that decides what a good part is; the line is halted,
 * reset and triggered all the same.
 */
import { fail, messageOf } from '../../errors.ts';
import type { Audit, AuditEntry, AuditValue } from '../audit/port.ts';
import type { Clock } from '../clock.ts';
import type { BundleWish } from '../inference/settings.ts';
import type { Line } from '../line/line.ts';
import { type AskedRecipe, notForThisPart } from './asked-recipe.ts';
import { type KeptOrders, OrdersInForce, type OrdersStore } from './kept-orders.ts';
import { orderEntry, plain, recipeValue, wanted } from './order-entry.ts';
import type { Actor, JobIds, LineCommands, Order, Ordered, Recipe, Triggered, TriggerRequest } from './port.ts';
import { RecipeChoice, type RecipeChoiceDeps } from './recipe-choice.ts';
import { type ChosenBy, configRecipe, type RecipeConfig, recipesOf, rowDigest } from './recipes.ts';
import { deniedTo } from './roles.ts';
import { Turns } from './turns.ts';

/** The line, as far as orders reach it. */
export type OrderedLine = Pick<Line, 'trigger' | 'halt' | 'abort' | 'job'>;

export interface LineOrdersDeps extends RecipeChoiceDeps {
  readonly store: OrdersStore;
  /** The camera whose counter opens the parts; null where commands do. */
  readonly triggerFrom: string | null;
  readonly audit: Audit;
  readonly clock: Pick<Clock, 'wallMs'>;
}

const twinspect: Actor = { name: 'twinspect', via: 'local', role: null, certificate: null };

export class LineOrders implements LineCommands {
  readonly #deps: LineOrdersDeps;
  readonly #orders: OrdersInForce;
  readonly #choice: RecipeChoice;
  readonly #listeners: ((now: Ordered) => void)[] = [];
  readonly #counters: (() => void)[] = [];
  readonly #resets: (() => Promise<void>)[] = [];
  #line: OrderedLine | null = null;
  /** By the last command; null once it serves. */
  #asked: AskedRecipe | null = null;
  readonly #turns: Turns;
  #told: string | null = null;

  constructor(deps: LineOrdersDeps) {
    this.#deps = deps;
    this.#orders = new OrdersInForce(deps.store, deps.log);
    this.#choice = new RecipeChoice(deps, this.#orders);
    this.#turns = new Turns(deps.lineId);
  }

  /** Reads what was ordered before. What cannot be read leaves the line halted: perhaps it was. */
  async open(): Promise<void> {
    try {
      await this.#orders.load();
      this.#asked = this.#orders.now.asked ?? null;
    } catch (error) {
      this.#deps.log.error({ error }, messageOf(error));
      // Kept: at the next start there is no damaged file any more that would say so.
      const halted = { ...this.#by(twinspect), cause: plain(messageOf(error)) };
      await this.#orders.keep((kept) => ({ ...kept, halted }));
    }
  }

  /** A person has seen that the commands in force were lost: nothing is known any more that the halt would keep. */
  async lossSeen(): Promise<void> {
    const { halted } = this.#orders.now;
    if (halted?.name !== twinspect.name || halted.via !== twinspect.via) return;
    await this.#inForce((kept) => ({ ...kept, halted: null }));
    this.changed();
  }

  /** What the inference is to serve at its start. */
  startWish(): BundleWish {
    return this.#choice.wish();
  }

  /** The line exists from now on. */
  begin(line: OrderedLine): void {
    this.#line = line;
    this.#applyHalt();
    this.changed();
  }

  denied(actor: Actor, asked: Order['kind'] | 'trigger'): Error | null {
    const denied = deniedTo(actor, asked);
    if (denied) this.#deps.audit.tally(this.#entry(asked, actor, null, null, denied));
    return denied;
  }

  trigger(actor: Actor, request: TriggerRequest): Triggered {
    const { lineId, audit } = this.#deps;
    const entry = (error?: unknown) => this.#entry('trigger', actor, null, request.partId, error);
    try {
      const denied = deniedTo(actor, 'trigger');
      if (denied) throw denied;
      const sequence = this.#started().trigger(request);
      audit.tally(entry());
      return { sequence, resultId: `${lineId}-${sequence}` };
    } catch (error) {
      audit.tally(entry(error));
      throw error;
    }
  }

  async order(actor: Actor, order: Order): Promise<void> {
    const from = this.#valueOf(order);
    try {
      const denied = deniedTo(actor, order.kind);
      if (denied) throw denied;
      await this.#carryOut(actor, order);
    } catch (error) {
      this.#deps.audit.tally(this.#entry(order.kind, actor, from, wanted(order), error));
      throw error;
    }
    const to = this.#valueOf(order) ?? wanted(order);
    this.changed();
    const entry = this.#entry(order.kind, actor, from, to);
    // What changes nothing can be asked for as often as one likes.
    const idle = JSON.stringify(from) === JSON.stringify(to) || order.kind === 'resetCounters';
    if (idle) this.#deps.audit.tally(entry);
    else await this.#audited(entry);
  }

  ordered(): Ordered {
    const { execution, halted } = this.#orders.now;
    return {
      recipe: this.#choice.serves && this.#awaited() === null ? this.#choice.active.recipe.number : null,
      threshold: this.#choice.threshold,
      execution: execution?.execution ?? (this.#deps.triggerFrom === null ? 'single' : 'continuous'),
      halted: halted?.cause ?? null,
    };
  }

  recipes(): readonly Recipe[] {
    return recipesOf(this.#choice.config);
  }

  onOrdered(listener: (now: Ordered) => void): void {
    this.#listeners.push(listener);
  }

  /** Called at each order to begin the counters of rejects in a row anew, for whoever keeps them. */
  onResetCounters(listener: () => void): void {
    this.#counters.push(listener);
  }

  /** Called at each reset, which waits for it. */
  onReset(listener: () => Promise<void>): void {
    this.#resets.push(listener);
  }

  /** Tells the listeners where something is true now that was not. The bundle in service may have changed. */
  changed(): void {
    const now = this.ordered();
    const text = JSON.stringify(now);
    if (text === this.#told) return;
    this.#told = text;
    for (const listener of this.#listeners) listener(now);
  }

  /** The config was edited: where it says another recipe now, it wins. Resolves when that serves or was refused. */
  edited(config: RecipeConfig): Promise<void> {
    return this.#turns.take(async () => {
      const wish = rowDigest(configRecipe(this.#choice.config));
      const lost = await this.#choice.edited(config);
      // Whoever edits what the config wishes for knows of the command.
      if (rowDigest(configRecipe(config)) !== wish) this.#asked = null;
      await this.#noteAsked();
      if (lost) {
        const from = { recipe: lost.recipe, by: lost.name };
        await this.#audited(this.#entry('configWins', twinspect, from, recipeValue(this.#choice.active.recipe)));
      }
      this.changed();
    });
  }

  #carryOut(actor: Actor, order: Order): Promise<void> | void {
    const by = this.#by(actor);
    switch (order.kind) {
      case 'selectRecipe':
        return this.#selectRecipe({ ...by, recipe: order.recipe });
      case 'setThreshold':
        return this.#turns.take(() => this.#choice.setThreshold(by, order.threshold), this.#auditProblem());
      case 'setExecution':
        return this.#setExecution(by, order.execution, order.job ?? null);
      case 'abort':
        return this.#started().abort(`aborted by ${actor.name}: ${plain(order.cause)}`);
      case 'halt':
        return this.#inForce((kept) => ({ ...kept, halted: { ...by, cause: plain(order.cause) } }));
      case 'reset':
        return this.#reset();
      case 'resetCounters':
        for (const reset of this.#counters) reset();
    }
  }

  /**
   * From the order on, and after its refusal, the recipe before judges no part of another product: the line is told
   * in the tick of the call, so that no trigger behind it comes first.
   */
  async #selectRecipe(asked: AskedRecipe): Promise<void> {
    const { recipe, ...by } = asked;
    this.#asked = asked;
    const noted = this.#noteAsked();
    try {
      await this.#turns.take(() => this.#choice.select(by, recipe), this.#auditProblem());
    } finally {
      await noted;
      if (this.#asked === asked && this.#awaited() === null) this.#asked = null;
      await this.#noteAsked();
    }
  }

  /** Kept only while it stands in the way: a restart must not bring the recipe before back. */
  async #noteAsked(): Promise<void> {
    const kept = this.#orders.now.asked ?? null;
    const now = this.#awaited() === null ? null : this.#asked;
    if (now !== kept) this.#orders.put((orders) => ({ ...orders, asked: now }));
    this.#applyHalt();
    this.changed();
    if (now !== kept) await this.#orders.keep((orders) => orders);
  }

  /** Why the active recipe must not judge what comes; null where it may. */
  #awaited(): string | null {
    return this.#asked && notForThisPart(this.#choice.config, this.#choice.active, this.#asked);
  }

  /** The ids of a run are not kept: after a restart nobody has started it. */
  #setExecution(by: ChosenBy, execution: Ordered['execution'], job: JobIds | null): Promise<void> {
    const { lineId, triggerFrom } = this.#deps;
    if (execution === 'single' && triggerFrom !== null) {
      throw fail('command/execution', { line: lineId, camera: triggerFrom });
    }
    if (this.#line) this.#line.job = job;
    return this.#inForce((kept) => ({ ...kept, execution: { execution, ...by } }));
  }

  async #reset(): Promise<void> {
    await this.#inForce((kept) => ({ ...kept, halted: null }));
    await Promise.all(this.#resets.map((reset) => reset()));
  }

  /** The line knows before the disk does. */
  #inForce(change: (kept: KeptOrders) => KeptOrders): Promise<void> {
    const kept = this.#orders.keep(change);
    this.#applyHalt();
    return kept;
  }

  #applyHalt(): void {
    const { halted, execution } = this.#orders.now;
    const stopped = execution?.execution === 'stopped' ? `execution stopped by ${plain(execution.name)}` : null;
    this.#line?.halt(halted ? `${halted.cause} (${plain(halted.name)})` : stopped, this.#awaited());
  }

  #started(): OrderedLine {
    if (!this.#line) throw fail('command/starting', { line: this.#deps.lineId });
    return this.#line;
  }

  #auditProblem(): Error | null {
    const { lineId, audit } = this.#deps;
    return audit.problem === null ? null : fail('command/audit', { line: lineId, problem: audit.problem });
  }

  #by({ name, via }: Actor): ChosenBy {
    return { name, via, atMs: this.#deps.clock.wallMs() };
  }

  /** What the audit record calls before and after. */
  #valueOf({ kind }: Order): AuditValue {
    if (kind === 'selectRecipe') return recipeValue(this.#choice.active.recipe);
    const { threshold, execution, halted } = this.ordered();
    if (kind === 'setThreshold') return threshold;
    if (kind === 'setExecution') return execution;
    return kind === 'halt' || kind === 'reset' ? halted : null;
  }

  #entry(action: string, who: Actor, from: AuditValue, to: AuditValue, error: unknown = null): AuditEntry {
    return orderEntry(action, this.#deps.lineId, who, { from, to }, error);
  }

  /** It is done and stays done; from now on nothing is changed until the record can be written. */
  async #audited(entry: AuditEntry): Promise<void> {
    const { audit, log } = this.#deps;
    await audit.write(entry).catch((error: unknown) => log.error({ error, entry }, messageOf(error)));
  }
}
