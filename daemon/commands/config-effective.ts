/** What is in force: recipe, bundle, threshold, halt, and why; and where the running daemon differs from the file. */
import { createHash } from 'node:crypto';
import { join, resolve } from 'node:path';
import type { Config } from '../../config/schema.ts';
import { bundleFolder } from '../../config/shipped.ts';
import { TwinspectError } from '../../errors.ts';
import { type KeptOrders, ordersStore } from '../command/kept-orders.ts';
import { activeRecipe, type ChosenBy } from '../command/recipes.ts';
import { type Answered, isAbsent } from '../status/ask.ts';
import type { Args } from './args.ts';
import { askConfigured, statusCodes } from './ask-configured.ts';
import type { Context } from './command.ts';
import { type Difference, differences, type Wanted } from './config-differences.ts';
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

/** No daemon could be asked: what is shown is the file's and the kept commands' alone. */
const exitAbsent = statusCodes.absent;

/**
 * Asks the running daemon and says where it differs from the file. Where none runs it says so, shows what the file and
 * the kept commands come to, and exits with 3; where one cannot be asked it does the same and rejects with why.
 */
export async function showEffective(context: Context, args: Args, config: Config): Promise<number> {
  const kept = await ordersStore(stateFolderOf(context, config), config.line.id).load();
  const effective = effectiveOf(config, kept, context.cwd);
  const asked = await askConfigured(context, config, args.text('socket')).catch((error: unknown) => {
    if (error instanceof TwinspectError) return error;
    throw error;
  });
  const answered = asked instanceof TwinspectError ? null : asked;
  const differs = answered && differences(config, await wantedOf(context, effective), answered.report);
  if (args.flag('json')) {
    const { report, path: socket } = answered ?? {};
    const problem = asked instanceof TwinspectError ? { code: asked.code, text: asked.message } : null;
    const daemon = report ? { pid: report.pid, socket, ready: report.line.ready } : null;
    context.stdout(JSON.stringify({ ...effective, daemon, problem, differences: differs }, null, 2));
  } else {
    const rows = Object.entries(effective).map(([what, { value, why }]) => [what, shown(value), reason(why)] as const);
    const width = Math.max(...rows.map(([, value]) => value.length));
    for (const [what, value, why] of rows) context.stdout(`${what.padEnd(10)}  ${value.padEnd(width)}  ${why}`);
    for (const each of differs ?? []) context.stdout(differenceLine(each));
    if (answered) context.stdout(`${'daemon'.padEnd(10)}  ${agreement(answered, differs!.length)}`);
  }
  if (answered) return 0;
  if (!isAbsent(asked)) throw asked;
  const { code, message } = asked as TwinspectError;
  context.stderr(`error ${code}: ${message}`);
  context.stderr('so this is what the file and the kept commands say; what a daemon would make of it is not known');
  return exitAbsent;
}

function agreement({ path, report }: Answered, count: number): string {
  const said = count === 0 ? 'all this is in force' : `differs in ${count} ${count === 1 ? 'thing' : 'things'}`;
  return `process ${report.pid} at ${path}: ${said}`;
}

function differenceLine({ what, file, running, why }: Difference): string {
  const text = (value: unknown): string => (typeof value === 'string' ? value : (JSON.stringify(value) ?? 'nothing'));
  return plain(`${'DIFFERS'.padEnd(10)}  ${what}: the file has ${text(file)}, in force is ${text(running)}; ${why}`);
}

async function wantedOf({ files }: Context, effective: Effective): Promise<Wanted> {
  const value = <T>(what: string): T => effective[what]!.value as T;
  const bundle = value<string>('bundle');
  const manifest = await files.read(join(bundle, 'manifest.json')).catch(() => null);
  return {
    recipe: value<{ number: number }>('recipe').number,
    bundle,
    digest: manifest && createHash('sha256').update(manifest).digest('hex'),
    threshold: value('threshold'),
    execution: value('execution'),
    halted: value('halted'),
  };
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
  if (by === 'command') return plain(`command by ${name} (${via}) at ${at}`);
  return by === 'config' ? `config: ${key}` : by === 'bundle' ? "the bundle's own" : 'no command';
}

function plain(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}]/gu, '?');
}
