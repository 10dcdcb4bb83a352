/** Checks of what lies in the state folder: who holds the journal, the second copies, faults that wait for a person. */
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import process from 'node:process';
import { fail, messageOf } from '../../errors.ts';
import { StateFaults } from '../state/faults.ts';
import { type Check, type Found, foundError } from './finding.ts';
import { nearestExisting } from './nearest-existing.ts';

export const stateChecks: readonly Check[] = [
  {
    name: 'journal',
    async run({ beside, cwd, files }, { stateDir }) {
      const path = join(resolve(cwd, stateDir), 'journal.sqlite');
      if (beside) return { status: 'ok', text: `held by the running daemon (process ${beside.pid})` };
      const locks = await files.read('/proc/locks').catch(() => null);
      const holder = locks === null ? null : await holderOf(path, new TextDecoder().decode(locks));
      if (holder === null) return { status: 'ok', text: `${path} is held by nobody` };
      const { advice, ...found } = foundError(fail('journal/locked', { path }));
      return { ...found, advice: `It is process ${holder}. ${advice}` };
    },
  },
  {
    name: 'second copies',
    async run({ cwd }, { stateDir, stateCopyDir }) {
      const folder = stateCopyDir === '' ? join(resolve(cwd, stateDir), 'copy') : resolve(cwd, stateCopyDir);
      const existing = await nearestExisting(folder);
      try {
        await rm(await mkdtemp(join(existing, '.twinspect-check-')), { recursive: true });
      } catch (error) {
        const { text, code } = foundError(fail('file/unwritable', { path: folder, cause: messageOf(error) }, error));
        const advice =
          'The line runs, and a file lost from stateDir is not restored: give the service user write access, ' +
          'or correct stateCopyDir.';
        return { status: 'warn', text, advice, ...(code !== undefined && { code }) };
      }
      return { status: 'ok', text: existing === folder ? folder : `${folder} (to be made in ${existing})` };
    },
  },
  {
    name: 'state faults',
    async run({ cwd, clock, log }, { stateDir }) {
      const faults = await new StateFaults(join(resolve(cwd, stateDir), 'faults'), { clock, log }).look();
      if (faults.length === 0) return { status: 'ok', text: 'none waits for a person' };
      return faults.map(
        ({ id, text }): Found => ({
          status: 'warn',
          text: `${id}: ${text}`,
          advice: `See what was lost, then: twinspect fault acknowledge ${id}`,
        }),
      );
    },
  },
];

/**
 * The process that keeps a lock on the file, by the kernel's list; null where there is none. Only looked at: to open
 * the database would leave files of this user beside it, and could make a daemon that starts just now fail.
 */
async function holderOf(path: string, locks: string): Promise<number | null> {
  const file = await stat(path, { bigint: true }).catch(() => null);
  if (file === null) return null;
  const wanted = `${deviceText(file.dev)}:${file.ino}`;
  for (const line of locks.split('\n')) {
    const [, , , kind, pid, place] = line.trim().split(/\s+/);
    if (place === wanted && kind === 'WRITE' && Number(pid) !== process.pid) return Number(pid);
  }
  return null;
}

/** Major and minor number as /proc/locks writes them, taken out of st_dev as glibc packs them. */
function deviceText(device: bigint): string {
  const major = ((device >> 8n) & 0xfffn) | ((device >> 32n) & ~0xfffn);
  const minor = (device & 0xffn) | ((device >> 12n) & ~0xffn);
  return [major, minor].map((part) => part.toString(16).padStart(2, '0')).join(':');
}
