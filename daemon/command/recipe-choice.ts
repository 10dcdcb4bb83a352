/**
 * Which recipe and threshold judge, and how that changes: what follows from a command is served first and kept after,
 * and where either fails, all is as before. One change at a time; whoever calls sees to that.
 */
import { fail } from '../../errors.ts';
import { withThreshold } from '../inference/decide.ts';
import type { Inference } from '../inference/inference.ts';
import type { BundleWish } from '../inference/settings.ts';
import type { KeptOrders, OrdersInForce } from './kept-orders.ts';
import {
  type ActiveRecipe,
  activeRecipe,
  type ChosenBy,
  configRecipe,
  decidingThreshold,
  type KeptRecipe,
  type RecipeConfig,
  recipeOf,
  recipesOf,
  rowDigest,
  thresholdBounds,
} from './recipes.ts';

export interface RecipeChoiceDeps {
  readonly lineId: string;
  readonly config: RecipeConfig;
  readonly inference: Pick<Inference, 'replace' | 'wish' | 'refusal' | 'taught' | 'bundle'>;
  /** The folder of a bundle as the config names it. */
  readonly folderOf: (bundle: string) => string;
  readonly log: { error(values: object, text: string): void };
}

export class RecipeChoice {
  readonly #deps: RecipeChoiceDeps;
  readonly #orders: OrdersInForce;
  #config: RecipeConfig;

  constructor(deps: RecipeChoiceDeps, orders: OrdersInForce) {
    this.#deps = deps;
    this.#orders = orders;
    this.#config = deps.config;
  }

  get config(): RecipeConfig {
    return this.#config;
  }

  get active(): ActiveRecipe {
    return activeRecipe(this.#config, this.#orders.now);
  }

  /** The active recipe's bundle serves: not the last good one, and not another product's. */
  get serves(): boolean {
    return this.#deps.inference.bundle() !== null && this.#deps.inference.refusal === null;
  }

  /** That judges instead of the bundle's own; null where that does. */
  get threshold(): number | null {
    const { taught } = this.#deps.inference;
    return this.serves && taught ? decidingThreshold(this.#config, this.active, taught.threshold) : null;
  }

  /** What the inference is to serve now. */
  wish(): BundleWish {
    return this.#wishFor(this.active);
  }

  async select(by: ChosenBy, number: number): Promise<void> {
    if (!recipeOf(this.#config, number)) {
      const known = recipesOf(this.#config).map((each) => each.number);
      throw fail('command/recipe', { line: this.#deps.lineId, number, known: known.join(', ') });
    }
    const wish = rowDigest(configRecipe(this.#config));
    await this.#change((kept) => ({ ...kept, recipe: { recipe: number, wish, ...by } }));
  }

  async setThreshold(by: ChosenBy, threshold: number | null): Promise<void> {
    const { lineId, inference } = this.#deps;
    const { recipe } = this.active;
    const { taught } = inference;
    if (!taught || !this.serves) throw fail('command/bundle', { line: lineId, recipe: recipe.number });
    const { [recipe.number]: _, ...others } = this.#orders.now.thresholds;
    if (threshold === null) return this.#change((kept) => ({ ...kept, thresholds: others }));
    const { min, max } = thresholdBounds(this.#config.line, recipe, taught.threshold);
    if (!(threshold >= min && threshold <= max)) {
      throw fail('command/threshold', { line: lineId, recipe: recipe.number, threshold, min, max });
    }
    const set = { threshold, row: rowDigest(recipe), ...by };
    return this.#change((kept) => ({ ...kept, thresholds: { ...others, [recipe.number]: set } }));
  }

  /** Takes an edited config over; answers the choice that lost to it. What is refused, the inference says. */
  async edited(config: RecipeConfig): Promise<KeptRecipe | null> {
    const before = this.#wishText();
    this.#config = config;
    const { recipe } = this.#orders.now;
    const lost = this.active.chosen ? null : recipe;
    if (lost) await this.#orders.keep((kept) => ({ ...kept, recipe: null }));
    if (this.#wishText() !== before) await this.#deps.inference.wish(this.wish());
    return lost;
  }

  async #change(change: (kept: KeptOrders) => KeptOrders): Promise<void> {
    const { inference, log } = this.#deps;
    const { recipe, thresholds } = this.#orders.now;
    await inference.replace(this.#wishFor(activeRecipe(this.#config, change(this.#orders.now))));
    try {
      await this.#orders.change(change);
    } catch (error) {
      this.#orders.put((kept) => ({ ...kept, recipe, thresholds }));
      const back = inference.replace(this.wish());
      await back.catch((later: unknown) =>
        log.error({ error: later }, 'the recipe before cannot be put into service again'),
      );
      throw error;
    }
  }

  #wishFor(active: ActiveRecipe): BundleWish {
    const config = this.#config;
    const { number, product, bundle } = active.recipe;
    return {
      ...{ path: this.#deps.folderOf(bundle), product },
      decide: (taught) => {
        const threshold = decidingThreshold(config, active, taught.threshold);
        const decided = threshold === null ? taught : withThreshold(taught, threshold);
        return { ...decided, recipe: number };
      },
    };
  }

  #wishText(): string {
    const { recipe, threshold } = this.active;
    return JSON.stringify([rowDigest(recipe), threshold, this.#config.line.thresholdRangePercent]);
  }
}
