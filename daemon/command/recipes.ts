/**
 * The recipes of a line and the one rule for which of them is active. Pure.
 *
 * The config names one (`line.recipe`); a command may choose another. The command's choice stands, over restarts,
 * until the config's own wish is edited: the number, or the row it names. Then the config wins, since whoever edits it
 * after the command knows of it. An edit of another row changes what that recipe is, not which one is active. A
 * commanded threshold belongs to its recipe and stands until that recipe's row is edited or the bounds exclude it.
 */
import { createHash } from 'node:crypto';
import { bundleWord } from '../../config/shipped.ts';
import type { Recipe } from './port.ts';

/** What the rule reads of the configuration. */
export interface RecipeConfig {
  readonly line: {
    readonly product: string;
    readonly bundle: string;
    readonly recipe: number;
    readonly thresholdRangePercent: number;
  };
  readonly recipes: Readonly<Record<string, Omit<Recipe, 'number'>>>;
}

/** Who chose, and when; wall clock. */
export interface ChosenBy {
  readonly name: string;
  readonly via: string;
  readonly atMs: number;
}

export interface KeptRecipe extends ChosenBy {
  readonly recipe: number;
  /** Digest of the config's wish when it was chosen. */
  readonly wish: string;
}

export interface KeptThreshold extends ChosenBy {
  readonly threshold: number;
  /** Digest of the recipe's row when it was set. */
  readonly row: string;
}

/** What commands chose, as the state folder keeps it. */
export interface KeptChoices {
  readonly recipe: KeptRecipe | null;
  /** By recipe number. */
  readonly thresholds: Readonly<Record<string, KeptThreshold>>;
}

export interface ActiveRecipe {
  readonly recipe: Recipe;
  /** The command that chose it; null where the config did. */
  readonly chosen: ChosenBy | null;
  /** Set by command; null where the row or the bundle says. */
  readonly threshold: KeptThreshold | null;
}

export function recipesOf({ line, recipes }: RecipeConfig): Recipe[] {
  const rows = Object.entries(recipes).map(([number, row]) => ({ number: Number(number), ...row }));
  if (rows.length > 0) return rows.sort((a, b) => a.number - b.number);
  const { product } = line;
  const bundle = bundleWord(line.bundle);
  return [{ number: 1, name: product, product, bundle, threshold: null }];
}

export function recipeOf(config: RecipeConfig, number: number): Recipe | null {
  return recipesOf(config).find((recipe) => recipe.number === number) ?? null;
}

/** What the row means, without what people call it: a name corrected is no edit of the recipe. */
export function rowDigest({ number, product, bundle, threshold }: Recipe): string {
  return createHash('sha256')
    .update(JSON.stringify([number, product, bundle, threshold]))
    .digest('hex');
}

/** The recipe the config wishes for; its cross rules say that there is one. */
export function configRecipe(config: RecipeConfig): Recipe {
  return recipeOf(config, config.line.recipe) ?? recipesOf(config)[0]!;
}

export function activeRecipe(config: RecipeConfig, kept: KeptChoices): ActiveRecipe {
  const wished = configRecipe(config);
  const choice = kept.recipe?.wish === rowDigest(wished) ? kept.recipe : null;
  const chosen = choice && recipeOf(config, choice.recipe);
  const recipe = chosen ?? wished;
  const threshold = kept.thresholds[recipe.number];
  return {
    recipe,
    chosen: chosen && choice ? { name: choice.name, via: choice.via, atMs: choice.atMs } : null,
    threshold: threshold?.row === rowDigest(recipe) ? threshold : null,
  };
}

/** Where a command may set the threshold; `own` is the bundle's. */
export function thresholdBounds(
  { thresholdRangePercent }: RecipeConfig['line'],
  recipe: Recipe,
  own: number,
): { min: number; max: number } {
  const base = recipe.threshold ?? own;
  const range = thresholdRangePercent / 100;
  return { min: base * (1 - range), max: base * (1 + range) };
}

/** The threshold that judges: the commanded one inside its bounds, else the row's; null: the bundle's own. */
export function decidingThreshold(config: RecipeConfig, active: ActiveRecipe, own: number): number | null {
  const { recipe, threshold } = active;
  if (threshold === null) return recipe.threshold;
  const { min, max } = thresholdBounds(config.line, recipe, own);
  return threshold.threshold >= min && threshold.threshold <= max ? threshold.threshold : recipe.threshold;
}
