/** Asks the daemon that runs a configuration, found by its line and its state folder. */
import { resolve } from 'node:path';
import { parseConfigText } from '../../config/document.ts';
import { type Config, keys } from '../../config/schema.ts';
import { TwinspectError } from '../../errors.ts';
import { type Answered, askDaemon } from '../status/ask.ts';
import { pathsToAsk, placesFrom, serviceFolder } from '../status/place.ts';
import type { Context } from './command.ts';
import { configFile, configFor, textReader } from './config-file.ts';

/** Exit codes of commands that ask: 3 as of a service that does not run; 4 has no meaning of that kind. */
export const statusCodes = { ready: 0, absent: 3, notReady: 4 } as const;

/** What of a configuration names its daemon. */
export interface Asked {
  readonly lineId: string;
  readonly stateDir: string;
}

/** The daemon of this configuration. Rejects as `askDaemon` does. */
export function askConfigured(context: Context, config: Config, socket: string | null): Promise<Answered> {
  return askNamed(context, { lineId: config.line.id, stateDir: config.stateDir }, socket);
}

/**
 * The same by the file alone, also where that is refused by now: the daemon runs on and can be asked. Rejects with the
 * file's own error where it does not even say which line it is.
 */
export async function askOfFile(context: Context, file: string | null, socket: string | null): Promise<Answered> {
  // The path says all.
  if (socket !== null) return askNamed(context, defaults, socket);
  try {
    return await askConfigured(context, (await configFor(context, file)).config, null);
  } catch (error) {
    const path = configFile(context, file);
    // It does not even say which line it is.
    if (error instanceof TwinspectError && error.code === 'config/syntax') {
      context.stderr('a daemon that runs on is asked with --socket PATH; it logged the path at its start');
    }
    if (!(error instanceof TwinspectError) || error.code !== 'config/invalid' || path === null) throw error;
    const asked = await askedOfText(context, path);
    context.stderr(`warning ${error.code}: ${error.message}`);
    return askNamed(context, asked, null);
  }
}

/** The same of a file that is known to be refused; the caller tells why. Rejects where it does not say which line. */
export async function askOfRefused(context: Context, file: string, socket: string | null): Promise<Answered> {
  const asked = socket === null ? await askedOfText(context, file) : defaults;
  return askNamed(context, asked, socket);
}

const defaults: Asked = {
  lineId: keys.get('line.id')!.default as string,
  stateDir: keys.get('stateDir')!.default as string,
};

async function askedOfText(context: Context, path: string): Promise<Asked> {
  const { value } = parseConfigText(await textReader(context)(path), path);
  const { line, stateDir } = (value ?? {}) as { line?: { id?: unknown }; stateDir?: unknown };
  const text = (found: unknown, otherwise: string): string => (typeof found === 'string' ? found : otherwise);
  return { lineId: text(line?.id, defaults.lineId), stateDir: text(stateDir, defaults.stateDir) };
}

async function askNamed(
  { env, cwd, clock, files }: Context,
  { lineId, stateDir }: Asked,
  socket: string | null,
): Promise<Answered> {
  if (socket !== null) return askDaemon([resolve(cwd, socket)], lineId, clock);
  // One that may not be read is another user's; what lies there is found by --socket.
  const entries = await files.list(serviceFolder).catch(() => null);
  const services = (entries ?? []).filter(({ directory }) => directory).map(({ name }) => name);
  const places = placesFrom(env, { stateFolder: resolve(cwd, stateDir), lineId });
  return askDaemon(pathsToAsk(places, services), lineId, clock);
}
