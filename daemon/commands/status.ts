/**
 * `twinspect status`: asks the running daemon how it is, through its status socket. Exit codes: 0 ready, 4 it runs and
 * the line is not ready, 3 no daemon runs, 1 it cannot be asked.
 */
import { TwinspectError } from '../../errors.ts';
import { type Answered, isAbsent } from '../status/ask.ts';
import type { Args } from './args.ts';
import { askOfFile, statusCodes } from './ask-configured.ts';
import type { Command, Context } from './command.ts';
import { statusLines } from './status-display.ts';

export const command: Command = {
  name: 'status',
  summary: 'ask the running daemon: ready and why not, bundle, counters, cameras, links, last verdicts',
  usage: ['status [--config FILE] [--socket FILE] [--json]'],
  options: {
    config: {
      type: 'string',
      value: 'FILE',
      doc: 'names line and state folder; else TWINSPECT_CONFIG or the defaults',
    },
    socket: { type: 'string', value: 'FILE', doc: 'ask here; the daemon logs the path at its start' },
    json: { type: 'boolean', doc: 'print JSON, as docs/status.md explains' },
  },
  notes: ['Exit codes: 0 ready; 4 the daemon runs, the line is not ready; 3 no daemon runs; 1 it cannot be asked.'],
  async run(context: Context, args: Args) {
    args.atMost(0);
    const json = args.flag('json');
    let answered: Answered;
    try {
      answered = await askOfFile(context, args.text('config'), args.text('socket'));
    } catch (error) {
      if (!(error instanceof TwinspectError)) throw error;
      // A program that reads needs one object in every case. Null: somebody is there and cannot be asked.
      const { code, message: text, action } = error;
      const running = isAbsent(error) ? false : null;
      if (json) context.stdout(JSON.stringify({ running, problem: { code, text, action } }, null, 2));
      if (running === null) throw error;
      context.stderr(`error ${code}: ${text}`);
      context.stderr(`what to do: ${action}`);
      return statusCodes.absent;
    }
    const { path, report } = answered;
    if (json) context.stdout(JSON.stringify({ running: true, socket: path, ...report }, null, 2));
    else for (const line of statusLines(report)) context.stdout(line);
    return report.line.ready ? statusCodes.ready : statusCodes.notReady;
  },
};
