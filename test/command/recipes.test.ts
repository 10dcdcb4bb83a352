import { describe, expect, test } from 'vitest';
import {
  activeRecipe,
  decidingThreshold,
  type KeptChoices,
  type RecipeConfig,
  recipeOf,
  recipesOf,
  rowDigest,
  thresholdBounds,
} from '../../daemon/command/recipes.ts';

const row = (name: string, threshold: number | null = null) => ({
  name,
  product: name,
  bundle: `b/${name}`,
  threshold,
});

const config = (recipe: number, recipes: RecipeConfig['recipes'], thresholdRangePercent = 20): RecipeConfig => ({
  line: { product: 'p', bundle: 'b/p', recipe, thresholdRangePercent },
  recipes,
});
const table = { 1: row('bolt'), 2: row('nut', 0.8), 3: row('pin') };
const by = { name: 'anna', via: 'opcua', atMs: 5 };

const chosen = (number: number, at: RecipeConfig): KeptChoices => ({
  recipe: { ...by, recipe: number, wish: rowDigest(recipeOf(at, at.line.recipe)!) },
  thresholds: {},
});

test('without a table the pair of the line is recipe 1', () => {
  expect(recipesOf(config(1, {}))).toEqual([{ number: 1, name: 'p', product: 'p', bundle: 'b/p', threshold: null }]);
});

describe('the one rule', () => {
  const before = config(1, table);
  const kept = chosen(2, before);

  test('a command chooses over the config, and says who and when', () => {
    expect(activeRecipe(before, kept)).toMatchObject({ recipe: { number: 2 }, chosen: by });
  });

  test.each([
    ['nothing', before, 2],
    ['another row', config(1, { ...table, 3: row('pin', 0.5) }), 2],
    ['a row more', config(1, { ...table, 9: row('cap') }), 2],
    ['the row that was chosen', config(1, { ...table, 2: row('nut', 0.9) }), 2],
    ['the name of the row the config wishes for', config(1, { ...table, 1: { ...row('bolt'), name: 'Bolt' } }), 2],
    ['how far a threshold may be moved', config(1, table, 5), 2],
    ['the number', config(3, table), 3],
    ['the row the config wishes for: its bundle', config(1, { ...table, 1: { ...row('bolt'), bundle: 'b/new' } }), 1],
    ['the row the config wishes for: its product', config(1, { ...table, 1: { ...row('bolt'), product: 'x' } }), 1],
    ['the row the config wishes for: its threshold', config(1, { ...table, 1: row('bolt', 1.5) }), 1],
    ['the chosen row goes', config(1, { 1: row('bolt'), 3: row('pin') }), 1],
    ['the whole table goes', config(1, {}), 1],
  ])('%s edited', (_what, after, expected) => {
    const { recipe, chosen: choice } = activeRecipe(after, kept);
    expect(recipe.number).toBe(expected);
    expect(choice === null).toBe(expected !== 2);
  });

  test('without a table an edit of line.bundle wins', () => {
    const one = config(1, {});
    expect(activeRecipe(one, chosen(1, one)).chosen).toEqual(by);
    expect(activeRecipe({ ...one, line: { ...one.line, bundle: 'b/q' } }, chosen(1, one)).chosen).toBeNull();
  });
});

describe('the threshold', () => {
  const own = 2;
  const with2 = (threshold: number, at: RecipeConfig): KeptChoices => ({
    ...chosen(2, at),
    thresholds: { 2: { ...by, threshold, row: rowDigest(recipeOf(at, 2)!) } },
  });

  test("bounds lie around the row's, or the bundle's where the row says nothing", () => {
    const at = config(1, table, 25);
    expect(thresholdBounds(at.line, recipeOf(at, 2)!, own)).toEqual({ min: 0.8 * 0.75, max: 1 });
    expect(thresholdBounds(at.line, recipeOf(at, 1)!, own)).toEqual({ min: 1.5, max: 2.5 });
    const none = config(1, table, 0);
    expect(thresholdBounds(none.line, recipeOf(none, 1)!, own)).toEqual({ min: own, max: own });
  });

  test.each([
    ['a command inside the bounds', config(1, table), 0.9, 0.9],
    ['a command the bounds exclude now', config(1, table, 5), 0.9, 0.8],
    ['a command before the row was edited', config(1, { ...table, 2: row('nut', 0.85) }), 0.9, 0.85],
  ])('%s', (_what, after, commanded, expected) => {
    const active = activeRecipe(after, with2(commanded, config(1, table)));
    expect(decidingThreshold(after, active, own)).toBe(expected);
  });

  test("neither command nor row: the bundle's own", () => {
    const at = config(1, table);
    expect(decidingThreshold(at, activeRecipe(at, { recipe: null, thresholds: {} }), own)).toBeNull();
  });
});
