/** Runs another command of ours in a process of its own and reads the JSON it prints; its progress goes to ours. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import process from 'node:process';
import { fail } from '../../errors.ts';
import type { Context } from './command.ts';

/** The last line of its stdout, parsed. Rejects with `figures/command` where it fails. */
export function runCommand<T>(context: Context, argv: readonly string[]): Promise<T> {
  context.stderr(`twinspect ${argv.join(' ')}`);
  const child = spawn(process.execPath, [join(context.packageRoot, 'daemon/main.ts'), ...argv], {
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
      else refuse(fail('figures/command', { command: argv.join(' '), code: code ?? 'a signal' }));
    });
  });
}
