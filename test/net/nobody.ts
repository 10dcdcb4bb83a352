/**
 * Commands as a user who may write nothing that is not his: root sees no permissions, so what they do can only be tried
 * as another one.
 */
import { spawn, spawnSync } from 'node:child_process';
import process from 'node:process';

/** The user of that name on Debian and everywhere else. */
export const nobody = { uid: 65534, gid: 65534 } as const;

/** Before a command line: it runs as that user. */
export const become = ['setpriv', `--reuid=${nobody.uid}`, `--regid=${nobody.gid}`, '--clear-groups', '--no-new-privs'];

/** With CI set it must work: there a skip fails. Where we are no root, the product folder is our own. */
export const skipNobody =
  process.env['CI'] === undefined &&
  spawnSync(become[0]!, [...become.slice(1), 'true'], { stdio: 'ignore' }).status !== 0;

export interface Ended {
  readonly code: number | null;
  readonly output: string;
}

export interface Surroundings {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** Ends it by SIGTERM when the text was said, or after the bound. */
  readonly until?: { readonly said: RegExp; readonly boundMs: number };
}

export function asNobody(command: readonly string[], { cwd, env, until }: Surroundings): Promise<Ended> {
  const line = [...become, ...command];
  const child = spawn(line[0]!, line.slice(1), { cwd, env: { PATH: process.env['PATH'] ?? '', ...env } });
  let output = '';
  const bound = AbortSignal.timeout(until?.boundMs ?? 120_000);
  bound.addEventListener('abort', () => child.kill('SIGTERM'), { once: true });
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (data) => {
      output += data;
      if (until?.said.test(output)) child.kill('SIGTERM');
    });
  }
  return new Promise((done) => child.on('close', (code) => done({ code, output })));
}
