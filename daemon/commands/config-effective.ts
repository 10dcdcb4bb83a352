/** What is in force of a configuration and the orders kept beside it: recipe, bundle, threshold, halt, and why. */
import { resolve } from 'node:path';
import type { Config } from '../../config/schema.ts';
import { bundleFolder } from '../../config/shipped.ts';
import { type KeptOrders, ordersStore } from '../command/kept-orders.ts';
import { activeRecipe, type ChosenBy } from '../command/recipes.ts';
import type { Args } from './args.ts';
import type { Context } from './command.ts';
import { stateFolderOf } from './state-of.ts';

interface Why {
  readonly by: 'config' | 'command' | 'bundle' | 'default';
  /** The key that says so. */
  readonly key?: string;
  readonly name?: string;
  readonly via?: string;
  readonly at?: string;
}

interface Effective {
  readonly [what: string]: { readonly value: unknown; readonly why: Why };
}

/** Reads the state folder; the daemon need not run. */
export async function showEffective(context: Context, args: Args, config: Config): Promise<void> {
  const kept = await ordersStore(stateFolderOf(context, config), config.line.id).load();
  const effective = effectiveOf(config, kept, context.cwd);
  if (args.flag('json')) {
    context.stdout(JSON.stringify(effective, null, 2));
    return;
  }
  const rows = Object.entries(effective).map(([what, { value, why }]) => [what, shown(value), reason(why)] as const);
  const width = Math.max(...rows.map(([, value]) => value.length));
  for (const [what, value, why] of rows) context.stdout(`${what.padEnd(10)}  ${value.padEnd(width)}  ${why}`);
}

function effectiveOf(config: Config, kept: KeptOrders, cwd: string): Effective {
  const { recipe, chosen, threshold } = activeRecipe(config, kept);
  const { number, name, product, bundle } = recipe;
  const isRow = Object.hasOwn(config.recipes, String(number));
  const cell = (column: 'product' | 'bundle'): Why => ({
    by: 'config',
    key: isRow ? `recipes.${number}.${column}` : `line.${column}`,
  });
  const row: Why = recipe.threshold === null ? { by: 'bundle' } : { by: 'config', key: `recipes.${number}.threshold` };
  return {
    recipe: { value: { number, name }, why: chosen ? command(chosen) : { by: 'config', key: 'line.recipe' } },
    product: { value: product, why: cell('product') },
    bundle: { value: resolve(cwd, bundleFolder(bundle)), why: cell('bundle') },
    threshold: { value: threshold?.threshold ?? recipe.threshold, why: threshold ? command(threshold) : row },
    execution: {
      value: kept.execution?.execution ?? (config.line.trigger === 'camera' ? 'continuous' : 'single'),
      why: kept.execution ? command(kept.execution) : { by: 'default' },
    },
    halted: { value: kept.halted?.cause ?? null, why: kept.halted ? command(kept.halted) : { by: 'default' } },
  };
}

function command({ name, via, atMs }: ChosenBy): Why {
  return { by: 'command', name, via, at: new Date(atMs).toISOString() };
}

function shown(value: unknown): string {
  if (value === null) return '-';
  return typeof value === 'object' ? Object.values(value as object).join(' ') : String(value);
}

/** Names come from the network: what a terminal would obey is shown as a question mark. */
function reason({ by, key, name, via, at }: Why): string {
  if (by === 'command') return `command by ${name} (${via}) at ${at}`.replace(/[\p{Cc}\p{Cf}]/gu, '?');
  return by === 'config' ? `config: ${key}` : by === 'bundle' ? "the bundle's own" : 'nothing ordered';
}
