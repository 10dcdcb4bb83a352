/**
 * Runs a program of ours in a process of its own and reads the JSON it prints; its progress goes to ours. A program is
 * another command, or one of the runs beside the tests that stand for the plant and are no part of the product.
 */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import process from 'node:process';
import { fail } from '../../errors.ts';
import type { Context } from './command.ts';

/** The last line of its stdout, parsed. Rejects with `figures/command` where it fails. */
export function runCommand<T>(context: Context, argv: readonly string[]): Promise<T> {
  return run(context, ['twinspect', ...argv].join(' '), ['daemon/main.ts', ...argv]);
}

/** The same of a file, named from the installation's folder. */
export function runProgram<T>(context: Context, file: string, argv: readonly string[]): Promise<T> {
  return run(context, ['node', file, ...argv].join(' '), [file, ...argv]);
}

function run<T>(context: Context, command: string, [file, ...argv]: readonly string[]): Promise<T> {
  context.stderr(command);
  const child = spawn(process.execPath, [join(context.packageRoot, file!), ...argv], {
    cwd: context.cwd,
    stdio: ['ignore', 'pipe', 'inherit'],
    signal: context.signal,
  });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  return new Promise((done, refuse) => {
    child.on('error', refuse);
    child.on('close', (code) => {
      if (code === 0) done(JSON.parse(text.trim().split('\n').at(-1)!) as T);
      else refuse(fail('figures/command', { command, code: code ?? 'a signal' }));
    });
  });
}
