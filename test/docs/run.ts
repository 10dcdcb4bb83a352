/** A command line as a person types it, and stops it. */
import { spawn } from 'node:child_process';
import process from 'node:process';
import { onTestFinished } from 'vitest';

export interface Ran {
  readonly code: number | null;
  readonly output: string;
}

export interface Where {
  readonly folder: string;
  readonly env: NodeJS.ProcessEnv;
}

/** As a shell runs it. With `until` it gets the Ctrl-C of a terminal, which goes to every process of the call. */
export function run(command: string, { folder, env }: Where, until: RegExp | null): Promise<Ran> {
  const child = spawn('bash', ['-c', command], { cwd: folder, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  let ended = false;
  onTestFinished(() => {
    if (!ended) process.kill(-child.pid!, 'SIGKILL');
  });
  let output = '';
  let stopped = false;
  const heard = (data: Buffer): void => {
    output += data;
    if (until === null || stopped || !until.test(output)) return;
    stopped = true;
    process.kill(-child.pid!, 'SIGINT');
  };
  child.stdout.on('data', heard);
  child.stderr.on('data', heard);
  return new Promise((resolve) =>
    child.on('close', (code, signal) => {
      ended = true;
      // npm and the shell end of the Ctrl-C as well, after what they ran.
      resolve({ code: stopped && signal === 'SIGINT' ? 0 : code, output });
    }),
  );
}
