import { describe, expect, test } from 'vitest';
import { loadConfig } from '../../config/load.ts';
import { configReference } from '../../config/reference.ts';
import { bundleFolder, bundleWord } from '../../config/shipped.ts';
import { changesBetween } from '../../config/watch.ts';
import type { TwinspectError } from '../../errors.ts';

const load = (text: string, env: Record<string, string> = {}) =>
  loadConfig({ file: 'line.yaml', env, readFile: async () => text });

const refusal = async (text: string, env: Record<string, string> = {}): Promise<string[]> => {
  const error = await load(text, env).then(
    () => null,
    (thrown: TwinspectError) => thrown,
  );
  expect(error, 'the configuration was accepted').not.toBeNull();
  return error!.message
    .split('\n')
    .slice(1)
    .map((line) => line.trim());
};

const good = [
  'recipes:',
  '  1: { name: Bolt M8, product: bolt, bundle: bundles/bolt@1.0.0 }',
  '  7: { name: Nut M8, product: nut, bundle: "shipped:first-run@1.0.0", threshold: 0.8 }',
].join('\n');

describe('the table of recipes', () => {
  test('rows are complete: what one leaves out is null', async () => {
    const { config, sources } = await load(good);
    expect(config.recipes).toEqual({
      1: { name: 'Bolt M8', product: 'bolt', bundle: 'bundles/bolt@1.0.0', threshold: null },
      7: { name: 'Nut M8', product: 'nut', bundle: 'shipped:first-run@1.0.0', threshold: 0.8 },
    });
    const { threshold }: { threshold: number | null } = config.recipes['7']!;
    expect(threshold).toBe(0.8);
    expect(sources.get('recipes')).toBe('file');
    expect(() => Object.assign(config.recipes['1']!, { name: 'x' })).toThrow(TypeError);
  });

  test('every problem of every row is named by its path and line', async () => {
    const text = [
      'recipes:',
      '  0: { name: a, product: a, bundle: a }',
      '  3:',
      '    name: ""',
      '    product: "a b"',
      '    bundel: x',
      '    threshold: high',
      '  4: bolt',
      '  x: { name: a, product: a, bundle: a }',
      '  40000: { name: a, product: a, bundle: a }',
    ].join('\n');
    expect(await refusal(text)).toEqual([
      'recipes.0 (line 2): is no recipe number, expected a whole number from 1 to 32767',
      'recipes.3.bundel (line 6): unknown column; did you mean bundle?',
      'recipes.3.name (line 4): found "", expected a text of 1 to 64 characters',
      expect.stringContaining('recipes.3.product (line 5): found "a b", expected a name of'),
      'recipes.3.bundle (line 3): found nothing, expected a path, or shipped:NAME@VERSION',
      'recipes.3.threshold (line 7): found "high", expected a number from 0.000001 to 1000000',
      'recipes.4 (line 8): found "bolt", expected name, product, bundle, threshold of this recipe number',
      'recipes.40000 (line 10): is no recipe number, expected a whole number from 1 to 32767',
      'recipes.x (line 9): is no recipe number, expected a whole number from 1 to 32767',
    ]);
  });

  test.each([
    ['recipes: [a]', 'recipes (line 1): found ["a"], expected a table of at most 1000 rows by recipe number'],
    ['recipes: 7', 'recipes (line 1): found 7, expected a table'],
    ['recipes: { __proto__: { name: a, product: a, bundle: a } }', 'recipes.__proto__ (line 1): is no recipe number'],
    [`${good}\nline: { recipe: 2 }`, 'line.recipe: found 2, expected a row of the table recipes (1, 7)'],
    ['line: { recipe: 2 }', 'line.recipe: found 2, expected 1, because there is no table recipes'],
  ])('%s', async (text, expected) => {
    expect((await refusal(text)).join('\n')).toContain(expected);
  });

  test('a table that a script has grown is refused', async () => {
    const rows = Array.from({ length: 1001 }, (_, n) => `  ${n + 1}: {}`);
    expect(await refusal(['recipes:', ...rows].join('\n'))).toEqual([
      expect.stringContaining('recipes (line 1): found 1001 rows, expected a table of at most 1000 rows'),
    ]);
  });

  test('the environment overrides it whole, as JSON; what is none is refused', async () => {
    const json = JSON.stringify({ 2: { name: 'Pin', product: 'pin', bundle: 'p' } });
    const { config, sources } = await load(`${good}\nline: { recipe: 2 }`, { TWINSPECT_RECIPES: json });
    expect(Object.keys(config.recipes)).toEqual(['2']);
    expect(sources.get('recipes')).toBe('environment');
    expect((await refusal('{}', { TWINSPECT_RECIPES: '{1:' })).join()).toContain('found "{1:", expected a table');
    expect((await refusal('{}', { TWINSPECT_RECIPES: '{"1":{"name":"a","product":"b"}}' })).join()).toContain(
      'TWINSPECT_RECIPES (recipes.1.bundle): found nothing, expected a path',
    );
  });

  test('empty is none', async () => {
    expect((await load('recipes:\n')).config.recipes).toEqual({});
    expect((await load('recipes: {}')).config.recipes).toEqual({});
  });

  test('the same rows read again are no change; another cell is one', async () => {
    const [before, same] = [(await load(good)).config, (await load(`# again\n${good}`)).config];
    expect(changesBetween(before, same)).toEqual([]);
    const edited = (await load(good.replace('0.8', '0.9'))).config;
    expect(changesBetween(before, edited).map(({ path, takes }) => [path, takes])).toEqual([
      ['recipes', 'between parts'],
    ]);
  });

  test('the reference tells the columns', () => {
    const page = configReference();
    expect(page).toContain('## recipes\n\n### recipes\n');
    expect(page).toContain('- column `bundle`: The bundle that judges it. Expected: a path, or shipped:NAME@VERSION.');
    expect(page).toContain('- column `threshold` (may be left out): ');
    expect(page).toContain('- variable: `TWINSPECT_RECIPES`, as JSON');
  });
});

test('a shipped bundle keeps its word wherever the package lies', () => {
  expect(bundleFolder('shipped:first-run@1.0.0')).toMatch(/\/models\/shipped\/first-run@1\.0\.0$/);
  expect(bundleWord(bundleFolder('shipped:first-run@1.0.0'))).toBe('shipped:first-run@1.0.0');
  expect(bundleWord(bundleFolder('bundles/a@1'))).toBe('bundles/a@1');
});
