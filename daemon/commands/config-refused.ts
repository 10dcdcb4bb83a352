/** What is in force where the file is refused by now: the daemon runs on with what the file said before. */
import type { TwinspectError } from '../../errors.ts';
import type { DaemonReport } from '../status/report.ts';
import type { Args } from './args.ts';
import { askOfRefused } from './ask-configured.ts';
import type { Context } from './command.ts';

/** Shows the daemon's word alone where one can be asked, and always rejects with why the file is refused. */
export async function showRefused(context: Context, args: Args, file: string, refusal: TwinspectError): Promise<never> {
  // The file is what has to be mended first: that nobody runs, or that it does not say which line it is, comes after.
  const answered = await askOfRefused(context, file, args.text('socket')).catch(() => null);
  const { code, message: text, action } = refusal;
  const inForce = answered && inForceOf(answered.report);
  if (args.flag('json')) {
    const { report, path: socket } = answered ?? {};
    const daemon = report ? { pid: report.pid, socket, ready: report.line.ready } : null;
    const problem = { code, text, action };
    context.stdout(JSON.stringify({ refused: problem, inForce, daemon, problem, differences: null }, null, 2));
  } else if (inForce !== null) {
    const rows = Object.entries(inForce).map(([what, value]) => `${what.padEnd(10)}  ${value ?? '-'}`);
    for (const row of rows) context.stdout(row.replace(/[\p{Cc}\p{Cf}]/gu, '?'));
    const { pid } = answered!.report;
    context.stdout(`daemon      process ${pid} at ${answered!.path}: runs on with this; the file is refused`);
  }
  throw refusal;
}

function inForceOf({ effective, bundle }: DaemonReport) {
  const { recipe, recipeName, product, threshold, execution, halted } = effective;
  const name = recipe === null ? null : `${recipe} ${recipeName ?? ''}`.trimEnd();
  const judges = bundle && `${bundle.name}@${bundle.version}, digest ${bundle.digest}`;
  return { recipe: name, product, bundle: judges, threshold, execution, halted };
}
