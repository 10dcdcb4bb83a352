/**
 * `twinspect service`: the lines of this machine as services of systemd. Writes users, folders and units as root, says
 * each thing it does, and does nothing else: lines are started and stopped by systemctl.
 */
import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import { fail, messageOf } from '../../errors.ts';
import { type InstallStep, installSteps, linesIn, removeSteps, unitOf, wantsFolder } from '../systemd/installation.ts';
import { writeWhole } from '../write-whole.ts';
import type { Args } from './args.ts';
import type { Command, Context } from './command.ts';

const execute = promisify(execFile);

export const command: Command = {
  name: 'service',
  summary: 'install, remove and show the lines of this machine as services of systemd',
  actions: {
    install: { summary: 'make lines services, and say what is next', options: ['devices', 'credential', 'dry-run'] },
    remove: { summary: 'take lines out again; configuration and state stay', options: ['dry-run'] },
    status: { summary: 'what systemd says of the lines', options: [] },
  },
  usage: [
    'service install LINE ... [--devices] [--credential NAME=FILE ...] [--dry-run]',
    'service remove LINE ... [--dry-run]',
    'service status [LINE ...]',
  ],
  options: {
    devices: { type: 'boolean', doc: 'install: open USB cameras, GPIO and GPU to these lines' },
    credential: {
      type: 'string',
      value: 'NAME=FILE',
      multiple: true,
      doc: 'install: a secret the configuration calls credential:NAME; FILE is read by root',
    },
    'dry-run': { type: 'boolean', doc: 'say what would be done, and do nothing' },
  },
  async run(context: Context, args: Args) {
    const [action] = args.positionals;
    const lines = args.positionals.slice(1);
    if (action === 'status') return showStatus(context, lines);
    if (lines.length === 0) throw fail('usage/missing', { command: args.command, what: 'the name of a line' });
    const steps = action === 'remove' ? await stepsToRemove(lines) : await stepsToInstall(context, args, lines);
    await carryOut(context, steps, args.flag('dry-run'));
    if (action === 'install') sayNext(context, lines);
    else context.stderr('kept: /etc/twinspect, /var/lib/twinspect and the user twinspect');
  },
};

function stepsToInstall(context: Context, args: Args, lines: readonly string[]): Promise<InstallStep[]> {
  const { packageRoot } = context;
  const template = (name: string) => readFile(join(packageRoot, 'deploy', 'systemd', name), 'utf8');
  const credentials = Object.fromEntries(args.texts('credential').map(credentialOf));
  return installSteps(
    { packageRoot, node: process.execPath, lines, devices: args.flag('devices'), credentials },
    template,
  );
}

async function stepsToRemove(lines: readonly string[]): Promise<InstallStep[]> {
  const installed = linesIn(await readdir(wantsFolder).catch(() => []));
  return removeSteps(
    lines,
    installed.filter((each) => !lines.includes(each)),
  );
}

function credentialOf(given: string): [string, string] {
  const [, name, file] = /^([A-Za-z0-9_-][A-Za-z0-9._-]{0,254})=(\/.+)$/.exec(given) ?? [];
  if (name !== undefined && file !== undefined) return [name, file];
  throw fail('usage/value', { option: 'credential', found: given, expected: 'NAME=FILE with a whole path' });
}

/** Rejects with `service/root` or `service/step`; what was done before stays, and the same call goes on from there. */
async function carryOut(context: Context, steps: readonly InstallStep[], dryRun: boolean): Promise<void> {
  if (!dryRun && process.getuid?.() !== 0) throw fail('service/root', {});
  for (const step of steps) {
    const kept = step.kind === 'keep' && (await exists(step.path));
    context.stdout(`${dryRun ? 'would ' : ''}${spoken(step, kept)}`);
    if (dryRun || kept) continue;
    try {
      await carryOutOne(step);
    } catch (error) {
      if (!(step.kind === 'call' && step.mayFail)) throw error;
      context.stderr(`not done, the lines work without it: ${messageOf(error)}`);
    }
  }
}

function spoken(step: InstallStep, kept: boolean): string {
  if (step.kind === 'call') return `run ${[step.program, ...step.args].join(' ')}  (${step.say})`;
  return `${kept ? 'leave' : step.kind === 'remove' ? 'remove' : 'write'} ${step.path}  (${step.say})`;
}

async function carryOutOne(step: InstallStep): Promise<void> {
  try {
    if (step.kind === 'remove') await rm(step.path, { force: true });
    else if (step.kind === 'call') await execute(step.program, [...step.args]);
    else {
      await mkdir(dirname(step.path), { recursive: true });
      await writeWhole(step.path, step.text);
    }
  } catch (error) {
    const { stderr = '' } = error as { stderr?: string };
    throw fail('service/step', { step: spoken(step, false), cause: stderr.trim() || messageOf(error) }, error);
  }
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => null)) !== null;
}

function sayNext(context: Context, lines: readonly string[]): void {
  const [first] = lines as [string];
  context.stderr(`next: edit /etc/twinspect/${first}.yaml, then: systemctl start ${unitOf(first)}`);
  context.stderr(`what it says: journalctl -u ${unitOf(first)}; how it is: twinspect service status ${first}`);
}

/** What `systemctl status` is asked for; the exit code is 1 where a line named is not up. */
async function showStatus(context: Context, lines: readonly string[]): Promise<number | undefined> {
  const units = lines.length === 0 ? ['twinspect@*.service'] : lines.map(unitOf);
  const shown = ['Id', 'ActiveState', 'SubState', 'StatusText', 'NRestarts', 'MainPID'];
  let text: string;
  try {
    text = (await execute('systemctl', ['show', '--all', `--property=${shown.join(',')}`, ...units])).stdout;
  } catch (error) {
    // What systemd makes at its start, as sd_booted(3) tells it.
    if (!(await exists('/run/systemd/system'))) {
      const { stderr = '' } = error as { stderr?: string };
      throw fail('service/none', { cause: stderr.trim().replaceAll('\n', ' ') || messageOf(error) }, error);
    }
    throw fail('service/step', { step: 'systemctl show', cause: messageOf(error) }, error);
  }
  const found = text.split('\n\n').filter((block) => block.includes('='));
  if (found.length === 0) context.stderr('no line is installed here as a service');
  const services = found.map((block) => new Map(block.trim().split('\n').map(fieldOf)));
  for (const each of services) {
    const state = `${each.get('ActiveState')} (${each.get('SubState')}), restarts ${each.get('NRestarts')}`;
    context.stdout(`${each.get('Id')}  ${state}  ${each.get('StatusText') ?? ''}`.trimEnd());
  }
  const up = services.length > 0 && services.every((each) => each.get('ActiveState') === 'active');
  return up ? undefined : 1;
}

function fieldOf(line: string): [string, string] {
  const at = line.indexOf('=');
  return [line.slice(0, at), line.slice(at + 1)];
}
