/**
 * One writer at a time, over processes: the daemon and a command that runs beside it append to the same record. A lock
 * file names its process and when that process began, so that a lock whose holder was killed is seen to be nobody's,
 * also after its number was given to another process. On one machine only; it is held for one append.
 */
import { link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fail } from '../../errors.ts';
import type { Clock } from '../clock.ts';

/** An append takes some milliseconds, on a tired card some hundred. */
const waitMaxMs = 5000;
const retryMs = 20;
/** Two tries of one process must not share a file. */
let tries = 0;

/**
 * Runs `work` while no other process does; makes the folder where it is absent. Rejects with `audit/locked` where the
 * other one does not let go.
 */
export async function locked<T>(folder: string, clock: Clock, work: () => Promise<T>): Promise<T> {
  await mkdir(folder, { recursive: true, mode: 0o750 });
  const path = join(folder, 'lock');
  const mine = await identity('self');
  const endMs = clock.nowMs() + waitMaxMs;
  while (!(await take(path, mine ?? 'unknown'))) {
    await breakIfDead(path);
    if (clock.nowMs() >= endMs) throw fail('audit/locked', { path, waited: waitMaxMs });
    await new Promise<void>((resolve) => clock.after(retryMs, resolve));
  }
  try {
    return await work();
  } finally {
    await rm(path, { force: true });
  }
}

/** The lock appears whole, by a link: nobody ever sees one without its holder. */
async function take(path: string, mine: string): Promise<boolean> {
  const own = `${path}-${mine.replace(' ', '-')}-${++tries}`;
  await writeFile(own, mine, { mode: 0o600 });
  try {
    await link(own, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(own, { force: true });
  }
}

/** Removes a lock whose process is gone; an empty one is what a power cut left of it. */
async function breakIfDead(path: string): Promise<void> {
  const holder = await textOf(path);
  if (holder === null || (holder !== '' && (await identity(holder.split(' ')[0]!)) === holder)) return;
  // By renaming: of two who saw it dead only one gets it, and he who got a living one's lock gives it back.
  const aside = `${path}.dead`;
  try {
    await rename(path, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  if ((await textOf(aside)) === holder) await rm(aside, { force: true });
  else await rename(aside, path);
}

/** `pid start-time` of a process, from the kernel; null where there is none of that number. */
async function identity(pid: string): Promise<string | null> {
  const stat = await textOf(`/proc/${pid}/stat`);
  if (stat === null) return null;
  // The name, in brackets, may hold anything; the fields after it are numbers. The 20th of them is the start time.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return `${stat.split(' ')[0]} ${fields[19]}`;
}

async function textOf(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ESRCH') return null;
    throw error;
  }
}
