/** `twinspect config`: is this file good, what would run, what are the keys. Reads; never writes the file. */
import { configReference } from '../../config/reference.ts';
import { type Config, keys } from '../../config/schema.ts';
import { valueAt } from '../../config/watch.ts';
import { fail, TwinspectError } from '../../errors.ts';
import { type Finding, runChecks } from '../checks/finding.ts';
import type { Args } from './args.ts';
import { failed, printFindings, surroundingsOf } from './checking.ts';
import type { Command, Context } from './command.ts';
import { showEffective } from './config-effective.ts';
import { configFile, configFor } from './config-file.ts';
import { showRefused } from './config-refused.ts';

export { configFile, configFor, textReader } from './config-file.ts';

export const command: Command = {
  name: 'config',
  summary: 'check, show and explain the configuration',
  actions: {
    check: {
      summary: 'is the file good, and everything it names as `run` would use it',
      options: ['quick', 'file-only', 'json'],
    },
    show: {
      summary: 'each key with its value and where that comes from; what is in force',
      options: ['config', 'effective', 'socket', 'json'],
    },
    doc: { summary: 'explain every key, as docs/config.md', options: [] },
  },
  usage: [
    'config check FILE [--quick | --file-only] [--json]',
    'config show [--effective] [--config FILE] [--socket FILE] [--json]',
    'config doc',
  ],
  options: {
    config: { type: 'string', value: 'FILE', doc: 'the file to show; without it TWINSPECT_CONFIG, else the defaults' },
    effective: {
      type: 'boolean',
      doc: 'ask the running daemon what is in force, who chose it, and where it differs from the file',
    },
    quick: { type: 'boolean', doc: 'check: load no bundle, open no camera, ask nobody on the network' },
    'file-only': { type: 'boolean', doc: 'check: the file itself, and nothing it names: it is for another machine' },
    socket: { type: 'string', value: 'FILE', doc: 'show --effective: ask the daemon here' },
    json: { type: 'boolean', doc: 'print JSON' },
  },
  async run(context: Context, args: Args): Promise<number | undefined> {
    const [action] = args.positionals;
    if (action === 'check') return check(context, args);
    args.atMost(1);
    if (action === 'show') return show(context, args);
    context.stdout(configReference().trimEnd());
    return undefined;
  },
};

/** The file, and everything it names as `run` would use it; `--file-only` where that is on another machine. */
async function check(context: Context, args: Args): Promise<undefined> {
  const file = args.positional(1, 'the file to check');
  args.atMost(2);
  if (args.flag('file-only')) args.alone('file-only', ['json']);
  const [json, fileOnly] = [args.flag('json'), args.flag('file-only')];
  const { config, sources } = await configFor(context, file);
  const findings = fileOnly ? [] : await findingsOf(context, config, args.flag('quick'));
  const [given, count] = [[...sources.values()].filter((source) => source === 'file').length, failed(findings)];
  if (json) {
    context.stdout(JSON.stringify({ file, valid: true, keysGiven: given, good: count === 0, findings }, null, 2));
  } else {
    if (findings.length > 0) printFindings(context, findings);
    const keysSaid = `${given} keys given, ${sources.size - given} others at their defaults`;
    if (count === 0) context.stdout(`${file} is good: ${keysSaid}`);
    else context.stdout(`${file} can be read (${keysSaid}); what it names is not as it must be`);
  }
  if (count > 0) throw fail('doctor/problems', { count, checks: findings.length });
}

/** The checks load much that the other actions need not. */
async function findingsOf(context: Context, config: Config, quick: boolean): Promise<readonly Finding[]> {
  const { configChecks } = await import('../checks/index.ts');
  return runChecks(configChecks, await surroundingsOf(context, config, quick), config);
}

async function show(context: Context, args: Args): Promise<number | undefined> {
  args.needs('socket', 'effective');
  const file = args.text('config');
  const { config, sources } = await configFor(context, file).catch((error: unknown) => {
    const path = configFile(context, file);
    if (!args.flag('effective') || path === null || !(error instanceof TwinspectError)) throw error;
    return showRefused(context, args, path, error);
  });
  if (args.flag('effective')) return showEffective(context, args, config);
  if (args.flag('json')) {
    context.stdout(JSON.stringify({ config, sources: Object.fromEntries(sources) }, null, 2));
    return undefined;
  }
  const rows = [...keys.keys()].map((path): [string, string, string] => [
    path,
    JSON.stringify(valueAt(config, path)),
    sources.get(path)!,
  ]);
  const widths = [0, 1].map((column) => Math.max(...rows.map((row) => row[column]!.length)));
  for (const [path, value, source] of rows) {
    context.stdout(`${path.padEnd(widths[0]!)}  ${value.padEnd(widths[1]!)}  ${source}`);
  }
  return undefined;
}
