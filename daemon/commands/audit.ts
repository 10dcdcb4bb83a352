/** `twinspect audit`: who changed what, and whether the record of it is whole. Reads; never writes. */
import { fail } from '../../errors.ts';
import { auditFolder } from '../audit/audit-file.ts';
import type { AuditLine } from '../audit/chain.ts';
import { newest, verify } from '../audit/read.ts';
import type { Args } from './args.ts';
import type { Command, Context } from './command.ts';
import { configFor } from './config.ts';
import { existingState } from './state-folder.ts';

const shownMax = 100_000;

export const command: Command = {
  name: 'audit',
  summary: 'who changed what, and whether the record of it is whole',
  actions: {
    show: { summary: 'the newest entries', options: ['config', 'last', 'json'] },
    verify: { summary: 'is the record whole, and what is its head', options: ['config', 'head', 'json'] },
  },
  usage: ['audit show [--config FILE] [--last N] [--json]', 'audit verify [--config FILE] [--head HASH] [--json]'],
  options: {
    config: { type: 'string', value: 'FILE', doc: 'names the state folder; without it TWINSPECT_CONFIG, else ./state' },
    last: { type: 'string', value: 'N', doc: 'how many entries, the newest; default 50' },
    head: { type: 'string', value: 'HASH', doc: 'a hash noted before: it must still be in the record' },
    json: { type: 'boolean', doc: 'print JSON' },
  },
  async run(context: Context, args: Args) {
    const [action] = args.positionals;
    args.atMost(1);
    const { config } = await configFor(context, args.text('config'));
    const folder = auditFolder(await existingState(context, config));
    return action === 'show' ? show(context, args, folder) : check(context, args, folder);
  },
};

async function show(context: Context, args: Args, folder: string): Promise<void> {
  const lines = await newest(folder, args.whole('last', { min: 1, max: shownMax }) ?? 50);
  for (const line of lines) context.stdout(args.flag('json') ? JSON.stringify(line) : told(line));
  if (lines.length === 0) context.stderr(`no entries in ${folder}`);
}

/** One line for people. Names come from the network: what a terminal would obey is shown as a question mark. */
function told({ at, who, action, target, from, to, result, cause, times }: AuditLine): string {
  const role = who.role === null ? '' : ` (${who.role})`;
  const change = from === null && to === null ? '' : ` ${JSON.stringify(from)} -> ${JSON.stringify(to)}`;
  const often = times === 1 ? '' : ` x${times}`;
  const why = cause === null ? '' : `: ${cause}`;
  return `${at}  ${who.name}${role} via ${who.via}  ${action} ${target}${change}  ${result}${often}${why}`.replace(
    /[\p{Cc}\p{Cf}]/gu,
    '?',
  );
}

async function check(context: Context, args: Args, folder: string): Promise<void> {
  const noted = args.text('head');
  const found = await verify(folder, noted);
  if (args.flag('json')) context.stdout(JSON.stringify({ folder, ...found }));
  const problems = [...found.problems];
  if (found.knowsHead === false) problems.push(`no entry has the hash ${noted}: what was noted is gone`);
  if (problems.length > 0) {
    const told = problems.map((problem) => `\n  ${problem}`).join('');
    throw fail('audit/broken', { folder, problems: told });
  }
  if (args.flag('json')) return;
  const { head, lines, files } = found;
  context.stdout(head === null ? `${folder} holds no entries` : `${lines} entries in ${files} files, none missing`);
  if (head !== null) context.stdout(`head ${head.n} ${head.hash}`);
}
