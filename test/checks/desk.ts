/** A folder of its own for each test, in which commands are called, and a configuration in it. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Finding } from '../../daemon/checks/finding.ts';
import { systemClock } from '../../daemon/clock.ts';
import { Interrupted } from '../../daemon/commands/command.ts';
import { dispatch } from '../../daemon/commands/dispatch.ts';
import { loadCommand, seats } from '../../daemon/commands/index.ts';
import { scene } from '../commands/scene.ts';
import { configWith } from './broken.ts';

export interface Called {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export class Desk {
  readonly folder = mkdtempSync(join(tmpdir(), 'broken-'));

  constructor() {
    onTestFinished(() => rmSync(this.folder, { recursive: true }));
  }

  /** Where it runs after all, it is stopped: the test shall fail and not wait. */
  async call(argv: readonly string[], limitMs = 15_000): Promise<Called> {
    const [abort, done] = [new AbortController(), new AbortController()];
    systemClock.after(limitMs, () => abort.abort(new Interrupted('the test', 130)), done.signal);
    const at = scene({ cwd: this.folder, clock: systemClock, signal: abort.signal, env: {} });
    const code = await dispatch(argv, at, { seats, load: loadCommand });
    done.abort();
    return { code, out: at.out.join('\n'), err: at.err.join('\n') };
  }

  given(sections: object): string {
    const file = join(this.folder, 'line.json');
    writeFileSync(file, configWith(sections));
    return file;
  }

  /** What `config check` finds wrong. */
  async check(file: string, ...more: string[]): Promise<{ code: number; fails: readonly Finding[] }> {
    const { code, out } = await this.call(['config', 'check', file, '--json', ...more], 60_000);
    const { findings } = JSON.parse(out) as { findings: Finding[] };
    return { code, fails: findings.filter(({ status }) => status === 'fail') };
  }
}
