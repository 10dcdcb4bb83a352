/**
 * `twinspect run`: the daemon itself. Says where to subscribe, prints each verdict as it falls, follows the config
 * file while it runs, and stops in order at Ctrl-C or after the verdicts asked for.
 */
import { resolve } from 'node:path';
import process from 'node:process';
import type { LoadedConfig } from '../../config/load.ts';
import { type Change, type ConfigWatch, watchConfig } from '../../config/watch.ts';
import { noticing } from '../../drivers/index.ts';
import { messageOf, TwinspectError } from '../../errors.ts';
import type { VerdictRecord } from '../line/verdict.ts';
import { Daemon } from '../supervise/daemon.ts';
import type { DaemonDiary } from '../supervise/daemon-report.ts';
import { keepAlive } from '../systemd/liveness.ts';
import { type Notifier, openNotifier } from '../systemd/notifier.ts';
import { StatusLane, statusText } from '../systemd/status-lane.ts';
import type { Args } from './args.ts';
import { tellOtherProblems } from './checking.ts';
import type { Command, Context } from './command.ts';
import { configFile, configFor, textReader } from './config.ts';
import { RunSummary, verdictLine, whereToSubscribe } from './run-display.ts';
import { openDiary, serveStatus } from './run-status.ts';
import { watchFolder } from './watch-folder.ts';

const partsMax = 1_000_000_000;

export const command: Command = {
  name: 'run',
  summary: 'judge parts and tell the plant, until stopped',
  usage: ['run [--config FILE] [--parts N]'],
  options: {
    config: { type: 'string', value: 'FILE', doc: 'YAML or JSON; without it TWINSPECT_CONFIG, else the defaults' },
    parts: { type: 'string', value: 'N', doc: 'stop after N verdicts, or at the end of the recording' },
  },
  async run(context: Context, args: Args) {
    args.atMost(0);
    const parts = args.whole('parts', { min: 1, max: partsMax });
    let watch: ConfigWatch | null = null;
    const notifier = openNotifier(context.env, process.pid, context.log);
    context.onReload(() => {
      if (watch === null) return;
      notifier.reloading(context.clock.nowMs());
      watch.reread();
    });
    const loaded = await configFor(context, args.text('config'));
    context.log.setLevel(loaded.config.log.level);
    const summary = new RunSummary();
    const { promise: enough, resolve: stop } = Promise.withResolvers<void>();
    if (context.signal.aborted) stop();
    context.signal.addEventListener('abort', () => stop(), { once: true });
    const diary = await openDiary(context, loaded, configFile(context, args.text('config')));
    const daemon = openDaemon(context, loaded, notifier, (record) => {
      diary.announced(record);
      if (summary.count === parts) return;
      context.stdout(verdictLine(record));
      summary.add(record);
      if (summary.count === parts || (parts !== null && daemon.line?.ended && daemon.line.load.untold === 0)) stop();
    });
    const watching = new AbortController();
    const begun = Promise.withResolvers<void>();
    const when = { begun: begun.promise, signal: watching.signal, reread: () => notifier.reloaded() };
    const status = await serveStatus(context, loaded, diary, daemon);
    watch = follow(context, args, loaded, { daemon, diary }, when);
    try {
      await daemon.start().catch(async (error: unknown) => {
        await tellOtherProblems(context, loaded.config, error);
        throw error;
      });
      greet(context, loaded, daemon);
      tellSystemd(context, loaded, daemon, notifier, watching.signal);
      begun.resolve();
      await enough;
    } finally {
      watching.abort();
      notifier.stopping();
      await daemon.stop();
      await status?.close();
    }
    for (const line of summary.lines()) context.stderr(line);
  },
};

function openDaemon(
  context: Context,
  { config }: LoadedConfig,
  notifier: Notifier,
  announced: (record: VerdictRecord) => void,
): Daemon {
  const { cwd, clock, env, files, signal } = context;
  const log = context.log.child({ line: config.line.id });
  const credentials = env['CREDENTIALS_DIRECTORY'] ?? null;
  const lanes = [new StatusLane(notifier)];
  const noted = noticing(files, (path, what) => log.warn({ path }, what));
  return new Daemon({ config, cwd, credentials, clock, log, files: noted, signal, announced, lanes });
}

/** The line is up, with a bundle in service or its absence told; from now on the watchdog is fed. */
function tellSystemd(
  { clock, log }: Context,
  { config }: LoadedConfig,
  { publishing }: Daemon,
  notifier: Notifier,
  signal: AbortSignal,
): void {
  if (!publishing) return;
  const publisher = publishing.line(config.line.id);
  notifier.ready(statusText(publisher.status()));
  const journal = {
    name: 'the journal',
    answers: () => publishing.journal.bySequence(config.line.id, 0),
    declare: (problem: string) => publisher.journalSilent(problem),
  };
  keepAlive({ notifier, clock, log: log.child({ room: 'systemd' }), watched: [journal], signal });
}

function greet(context: Context, { config }: LoadedConfig, daemon: Daemon): void {
  const bundle = daemon.inference.bundle();
  const { refusal } = daemon.inference;
  if (refusal) tell(context, refusal);
  const judges = bundle
    ? `${bundle.name}@${bundle.version} judges product ${bundle.product}`
    : 'no bundle is in service: every part is undecided until line.bundle names one';
  context.stderr(`line ${config.line.id}: ${judges}`);
  for (const { id, text } of daemon.faults) context.stderr(`fault ${id}: ${text} (twinspect fault acknowledge ${id})`);
  const { opcuaEndpoint = null, opcuaAccess = null } = daemon.publishing ?? {};
  const opcua = opcuaEndpoint === null ? null : { endpoint: opcuaEndpoint, access: opcuaAccess ?? '' };
  for (const line of whereToSubscribe(config, daemon.mqttUrl, opcua)) context.stderr(line);
}

/** A file that changes from its first reading on: what can be taken over is, what cannot is said. Null without one. */
function follow(
  context: Context,
  args: Args,
  current: LoadedConfig,
  { daemon, diary }: { daemon: Daemon; diary: DaemonDiary },
  when: { readonly begun: Promise<void>; readonly signal: AbortSignal; readonly reread: () => void },
): ConfigWatch | null {
  const named = configFile(context, args.text('config'));
  if (named === null) return null;
  const { env, clock, cwd, log } = context;
  const { reread, ...until } = when;
  return watchConfig({
    ...{ file: resolve(cwd, named), env, current, watchFolder, readFile: textReader(context), ...until },
    after: (delayMs, callback, aborted) => clock.after(delayMs, callback, aborted),
    changed: (loaded, changes) => {
      diary.edited(loaded.config, changes);
      takeOver(context, loaded, changes, daemon, named);
      reread();
    },
    unchanged: () => {
      diary.unchanged();
      log.info({ file: named }, 'configuration read again: nothing is different');
      reread();
    },
    refused: (error) => {
      diary.refused(error);
      log.error({ error }, 'the changed configuration is refused; the old one stays');
      tell(context, error);
      reread();
    },
    hampered: (error) => {
      log.warn({ error }, messageOf(error));
      reread();
    },
  });
}

function takeOver(
  context: Context,
  { config }: LoadedConfig,
  changes: readonly Change[],
  daemon: Daemon,
  file: string,
): void {
  for (const { path, from, to, takes } of changes) {
    const when = takes === 'restart' ? 'takes effect at the next start' : `takes effect ${takes}`;
    context.log.info({ key: path, from, to }, `configuration changed: ${path} ${when}`);
  }
  if (changes.some(({ path }) => path === 'log.level')) context.log.setLevel(config.log.level);
  const { inference } = daemon;
  const before = inference.bundle();
  const told = (error: unknown): void => tell(context, error);
  void daemon.edited(config, changes, file).then(() => {
    const bundle = inference.bundle();
    if (inference.refusal) told(inference.refusal);
    if (bundle === before && !inference.refusal) return;
    context.stderr(bundle ? `${bundle.name}@${bundle.version} judges now` : 'no bundle is in service');
  }, told);
}

function tell(context: Context, error: unknown): void {
  const code = error instanceof TwinspectError ? ` ${error.code}` : '';
  context.stderr(`error${code}: ${messageOf(error)}`);
  if (error instanceof TwinspectError) context.stderr(`what to do: ${error.action}`);
}
