/** Checks of the disk: can the state folder be written, how fast is a commit, is there room for what may be kept. */
import { mkdtemp, open, rm, stat, statfs } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fail, messageOf, TwinspectError } from '../../errors.ts';
import { makeStateFolder } from '../supervise/state-folder.ts';
import { type Check, foundError } from './finding.ts';
import { nearestExisting } from './nearest-existing.ts';

const mb = 1024 * 1024;

/** Commits measured; the slowest counts. Few, because flash wears. */
const commits = 5;

export const storageChecks: readonly Check[] = [
  {
    name: 'state folder',
    async run({ clock, cwd }, { stateDir, journal }) {
      const folder = resolve(cwd, stateDir);
      const existing = await nearestExisting(folder);
      const where = existing === folder ? folder : `${folder} (to be made in ${existing})`;
      let slowestMs: number;
      try {
        // Where it is there, or can never be, just what the start does, in its words; else nothing is made.
        if (existing === folder || !(await stat(existing)).isDirectory()) await makeStateFolder(folder);
        slowestMs = await slowestCommitMs(existing, () => clock.nowMs());
      } catch (error) {
        if (error instanceof TwinspectError) return foundError(error);
        return foundError(fail('start/state', { path: folder, cause: messageOf(error) }, error));
      }
      const text = `${where} is writable, slowest of ${commits} commits ${slowestMs.toFixed(1)} ms`;
      if (slowestMs < journal.commitTimeoutMs) return { status: 'ok', text };
      const advice = `Use a faster disk: a pass not committed in ${journal.commitTimeoutMs} ms is none.`;
      return { status: 'fail', text, advice };
    },
  },
  {
    name: 'evidence',
    async run({ cwd }, { stateDir, evidence }) {
      if (!evidence.enabled) return { status: 'ok', text: 'switched off' };
      const folder = resolve(cwd, evidence.folder === '' ? join(stateDir, 'evidence') : evidence.folder);
      const existing = await nearestExisting(folder);
      try {
        await rm(await mkdtemp(join(existing, '.twinspect-check-')), { recursive: true });
      } catch (error) {
        return foundError(fail('file/unwritable', { path: folder, cause: messageOf(error) }, error));
      }
      return { status: 'ok', text: existing === folder ? folder : `${folder} (to be made in ${existing})` };
    },
  },
  {
    name: 'free disk',
    async run({ cwd }, { stateDir, journal, evidence }) {
      const disk = await statfs(await nearestExisting(resolve(cwd, stateDir)));
      const freeMb = Math.floor((disk.bavail * disk.bsize) / mb);
      const neededMb = journal.maxBytesMb + (evidence.enabled ? evidence.quotaMb : 0);
      const text = `${freeMb} MB free, journal and evidence may take ${neededMb} MB`;
      if (freeMb >= neededMb) return { status: 'ok', text };
      return { status: 'warn', text, advice: 'Free space, or lower journal.maxBytesMb and evidence.quotaMb.' };
    },
  },
];

/** Writes and syncs a few small files' worth into a folder of its own, which is removed again. */
async function slowestCommitMs(folder: string, nowMs: () => number): Promise<number> {
  const probe = await mkdtemp(join(folder, '.twinspect-doctor-'));
  try {
    const file = await open(join(probe, 'commit'), 'w');
    let slowestMs = 0;
    for (let commit = 0; commit < commits; commit++) {
      const beganMs = nowMs();
      await file.write(new Uint8Array(4096));
      await file.sync();
      slowestMs = Math.max(slowestMs, nowMs() - beganMs);
    }
    await file.close();
    return slowestMs;
  } finally {
    await rm(probe, { recursive: true });
  }
}
