/** Which configuration a command runs with, read. */
import { configFileVariable } from '../../config/environment.ts';
import { type LoadedConfig, loadConfig } from '../../config/load.ts';
import type { Context } from './command.ts';

/** The configuration a command runs with: `--config`, else TWINSPECT_CONFIG, else none. Says what is not used. */
export async function configFor(context: Context, file: string | null): Promise<LoadedConfig> {
  const input = { file: configFile(context, file), env: context.env, readFile: textReader(context) };
  const loaded = await loadConfig(input);
  for (const warning of loaded.warnings) context.stderr(`warning: ${warning}`);
  return loaded;
}

/** The file that `configFor` reads; null where there is none. */
export function configFile({ env }: Context, option: string | null): string | null {
  return option ?? env[configFileVariable] ?? null;
}

export function textReader({ files }: Context): (path: string) => Promise<string> {
  return async (path) => new TextDecoder().decode(await files.read(path));
}
