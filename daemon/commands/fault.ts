/**
 * `twinspect fault`: what went wrong with the state folder and waits for a person. Works beside the running daemon,
 * which sees an acknowledgement within seconds. Each one is in the audit record.
 */
import { fail } from '../../errors.ts';
import type { StateFault } from '../state/faults.ts';
import type { Args } from './args.ts';
import { audited } from './audited.ts';
import type { Command, Context } from './command.ts';
import { configFor } from './config.ts';
import { existingState } from './state-folder.ts';
import { stateFolderOf } from './state-of.ts';

export const command: Command = {
  name: 'fault',
  summary: 'list faults of the state folder, and acknowledge them',
  actions: {
    list: { summary: 'the faults that wait for a person', options: ['json', 'config'] },
    acknowledge: { summary: 'acknowledge one, or all: a person has seen it', options: ['config'] },
  },
  usage: ['fault list [--json] [--config FILE]', 'fault acknowledge ID|all [--config FILE]'],
  options: {
    config: { type: 'string', value: 'FILE', doc: 'names the state folder; without it TWINSPECT_CONFIG, else ./state' },
    json: { type: 'boolean', doc: 'list: print JSON' },
  },
  async run(context: Context, args: Args) {
    const [action] = args.positionals;
    const { config } = await configFor(context, args.text('config'));
    const state = stateFolderOf(context, config);
    if (action === 'list') {
      args.atMost(1);
      await existingState(context, config);
      return list(context, args, await state.faults.look());
    }
    const id = args.positional(1, 'the id of a fault, or all');
    args.atMost(2);
    const standing = await state.faults.look();
    if (id !== 'all' && !standing.some((fault) => fault.id === id)) {
      const known = standing.map((fault) => fault.id).join(', ') || 'none';
      throw fail('state/unknown', { id, known });
    }
    let gone: readonly StateFault[] = [];
    const entry = { action: 'acknowledgeFault', target: id, from: null, to: null };
    await audited(context, state, entry, async () => {
      gone = await state.faults.acknowledge(id === 'all' ? null : id);
    });
    for (const fault of gone) context.stdout(`acknowledged: ${fault.id}`);
    if (gone.length === 0) context.stderr('there is no fault');
  },
};

function list(context: Context, args: Args, faults: readonly StateFault[]): void {
  const since = (ms: number): string => new Date(ms).toISOString();
  if (args.flag('json')) {
    const shown = faults.map(({ id, text, sinceMs }) => ({ id, text, since: since(sinceMs) }));
    context.stdout(JSON.stringify(shown, null, 2));
    return;
  }
  if (faults.length === 0) context.stderr('there is no fault');
  for (const { id, text, sinceMs } of faults) context.stdout(`${id}  since ${since(sinceMs)}\n  ${text}`);
}
