/**
 * A recipe that was asked for and does not serve: still loading, refused, or of a number nobody knows. The parts that
 * come are its parts by then, so the recipe before must not judge them, unless it is one of the same product. Pure.
 */
import { type ActiveRecipe, type KeptRecipe, type RecipeConfig, recipeOf } from './recipes.ts';

export type AskedRecipe = Omit<KeptRecipe, 'wish'>;

/** Why the active recipe must not judge; null where it may. */
export function notForThisPart(config: RecipeConfig, { recipe }: ActiveRecipe, asked: AskedRecipe): string | null {
  const row = recipeOf(config, asked.recipe);
  if (row === null) return `recipe ${asked.recipe} was asked for, and there is none of this number`;
  if (row.product === recipe.product) return null;
  return `recipe ${asked.recipe} was asked for and does not serve; recipe ${recipe.number} is for another product`;
}
