/** The journal after a power cut: what was lost is told, and no number is given out twice under one epoch. */
import { spawn, spawnSync } from 'node:child_process';
import {
  closeSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { afterAll, describe, expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../../daemon/clock.ts';
import { openedByCamera } from '../../../daemon/line/verdict.ts';
import { type Journal, type JournalOptions, openJournal } from '../../../daemon/publish/journal/journal.ts';
import { journalLimits } from '../../../daemon/publish/journal/limits.ts';
import { Reserve } from '../../../daemon/publish/journal/reserve.ts';
import type { StateFolder } from '../../../daemon/state/folder.ts';
import { stateAt } from '../../state/at.ts';
import { damages } from '../../state/damages.ts';
import { judged, temporaryFolder } from '../fixtures.ts';

const opened = { lineId: 'line1', partId: null, origin: openedByCamera, openedAtMs: 1000, deadlineMs: 300 };

async function open(state: StateFolder, given: Partial<JournalOptions> = {}): Promise<Journal> {
  const journal = await openJournal({ state, clock: systemClock, ...given });
  onTestFinished(() => journal.close());
  return journal;
}

/** So many records, committed; answers the highest sequence. */
async function fill(journal: Journal, count: number): Promise<number> {
  let last = 0;
  for (let trigger = 1; trigger <= count; trigger++) {
    const { sequence, journaled } = journal.open({ ...opened, trigger });
    // Where it fails the commit behind it does too.
    journaled.catch(() => undefined);
    last = sequence;
    await journal.commit({ ...judged(last), epoch: journal.epoch }, true);
  }
  return last;
}

const file = (state: StateFolder): string => join(state.path, 'journal.sqlite');

/** A journal that was closed as it should, with records that wait. */
async function used(state: StateFolder): Promise<{ epoch: string; last: number }> {
  const journal = await open(state);
  const last = await fill(journal, 5);
  const { epoch } = journal;
  await journal.close();
  return { epoch, last };
}

describe.each(Object.entries(damages).filter(([name]) => name !== 'unwritable'))('%s', (how, harm) => {
  test('set aside, told, and a new one goes on behind the highest number under a new epoch', async () => {
    const state = stateAt(temporaryFolder());
    const { epoch, last } = await used(state);
    harm(file(state));
    const next = stateAt(state.path);
    const journal = await open(next);
    expect(journal.epoch).not.toBe(epoch);
    expect(await fill(journal, 1)).toBeGreaterThan(last);
    expect(next.faults.standing).toMatchObject([{ id: 'journal', text: expect.stringContaining('journal.sqlite') }]);
    expect(existsSync(state.setAsideFolder) ? readdirSync(state.setAsideFolder).length : 0).toBe(
      how === 'missing' ? 0 : 1,
    );
  });

  test('without the copy of the number it begins at 1, under a new epoch, and says so', async () => {
    const state = stateAt(temporaryFolder());
    const { epoch } = await used(state);
    harm(file(state));
    rmSync(state.copy, { recursive: true });
    const next = stateAt(state.path);
    const journal = await open(next);
    expect(journal.epoch).not.toBe(epoch);
    expect(await fill(journal, 1)).toBe(1);
    // A folder with neither journal nor copy is a new one.
    if (how !== 'missing') expect(next.faults.standing).toMatchObject([{ id: 'journal' }]);
  });
});

describe('killed while it was open', () => {
  async function killed(): Promise<{ state: StateFolder; last: number }> {
    const state = stateAt(temporaryFolder());
    const script = join(import.meta.dirname, 'journal-child.ts');
    const child = spawn(process.execPath, [script, state.path], { stdio: ['ignore', 'pipe', 'inherit'] });
    let last = 0;
    for await (const line of createInterface({ input: child.stdout })) {
      last = Math.max(last, Number(line.split(' ')[1]));
      if (last >= 12) child.kill('SIGKILL');
    }
    return { state, last };
  }

  test('whole: nothing is lost, nothing is told, the epoch stays', async () => {
    const { state, last } = await killed();
    const { epoch } = JSON.parse(readFileSync(join(state.copy, 'sequence.json'), 'utf8')) as { epoch: string };
    const journal = await open(state);
    expect([journal.epoch, state.faults.standing]).toEqual([epoch, []]);
    expect((await journal.latest('line1', 1))[0]).toMatchObject({ sequence: last, epoch });
    expect(journal.recovered.length).toBeGreaterThan(0);
  });

  test.each(['missing', 'empty', 'zeros', 'random'])('its log %s: told, and a new epoch', async (how) => {
    const { state, last } = await killed();
    const { epoch } = JSON.parse(readFileSync(join(state.copy, 'sequence.json'), 'utf8')) as { epoch: string };
    damages[how]!(`${file(state)}-wal`);
    const journal = await open(state);
    expect(journal.epoch).not.toBe(epoch);
    expect(await fill(journal, 1)).toBeGreaterThan(last);
    expect(state.faults.standing).toMatchObject([{ id: 'journal', text: expect.stringContaining('log') }]);
  });

  test('its log half: what is whole is kept, no number is given twice', async () => {
    const { state, last } = await killed();
    damages['half']!(`${file(state)}-wal`);
    const journal = await open(state);
    expect(await fill(journal, 1)).toBeGreaterThan(last);
  });
});

describe('the epoch', () => {
  test('stays over restarts, and is in what is read back', async () => {
    const state = stateAt(temporaryFolder());
    const { epoch, last } = await used(state);
    const journal = await open(state, { machineId: 'a'.repeat(32) });
    expect(journal.epoch).toBe(epoch);
    expect(epoch).toMatch(/^[0-9a-f]{16}$/);
    expect(await journal.bySequence('line1', last)).toMatchObject({ epoch });
    expect(state.faults.standing).toEqual([]);
  });

  test('is another one on another machine; parts left open keep theirs', async () => {
    const state = stateAt(temporaryFolder());
    const first = await open(state, { machineId: 'a'.repeat(32) });
    await first.open({ ...opened, trigger: 1 }).journaled;
    await first.close();
    const cloned = await open(state, { machineId: 'b'.repeat(32) });
    expect(cloned.epoch).not.toBe(first.epoch);
    expect(cloned.recovered).toMatchObject([{ reason: 'interrupted', epoch: first.epoch }]);
    expect(state.faults.standing).toEqual([]);
    await cloned.close();
    expect((await open(state, { machineId: 'b'.repeat(32) })).epoch).toBe(cloned.epoch);
  });

  test('is another one where the file was restored, and the numbers go on behind those given out since', async () => {
    const state = stateAt(temporaryFolder());
    const { epoch } = await used(state);
    const backup = join(state.path, 'backup');
    copyFileSync(file(state), backup);
    const since = await open(state);
    const last = await fill(since, 5);
    expect(since.epoch).toBe(epoch);
    await since.close();
    rmSync(file(state));
    copyFileSync(backup, file(state));
    const restored = await open(state);
    expect(restored.epoch).not.toBe(epoch);
    expect(await fill(restored, 1)).toBeGreaterThan(last);
    expect(state.faults.standing).toMatchObject([{ id: 'journal', text: expect.stringContaining('behind') }]);
  });
});

test('a copy of the number that is damaged is told and written again', async () => {
  const state = stateAt(temporaryFolder());
  const { last } = await used(state);
  const copy = join(state.copy, 'sequence.json');
  damages['zeros']!(copy);
  const journal = await open(state);
  expect(await fill(journal, 1)).toBe(last + 1);
  expect(JSON.parse(readFileSync(copy, 'utf8'))).toMatchObject({ epoch: journal.epoch });
  expect(state.faults.standing).toMatchObject([{ id: 'sequence' }]);
});

test('pages that go bad while it runs: a new journal takes its place, and commits go on', async () => {
  const state = stateAt(temporaryFolder());
  const first = await open(state);
  const last = await fill(first, 30);
  // More than what SQLite keeps in memory.
  const png = new Uint8Array(200_000);
  const mask = { widthPx: 1, heightPx: 1, sha256: 'a', png };
  for (let sequence = 1; sequence <= last; sequence++) await first.attachMask('line1', { ...mask, sequence });
  await first.close();
  const journal = await open(state);
  const { epoch } = journal;
  const bytes = readFileSync(file(state));
  // All but the first page, in place: the open file is the same.
  const spoilt = Buffer.concat([bytes.subarray(0, 4096), Buffer.alloc(bytes.length - 4096, 0xa5)]);
  writeFileSync(file(state), spoilt, { flag: 'r+' });
  await expect(journal.pendingMask('line1', last)).rejects.toMatchObject({ code: 'journal/unreadable' });
  await expect.poll(() => journal.epoch).not.toBe(epoch);
  expect(await fill(journal, 2)).toBeGreaterThan(last);
  await expect.poll(() => state.faults.standing).toMatchObject([{ id: 'journal' }]);
});

test('a journal of a newer release is refused and left as it is', async () => {
  const state = stateAt(temporaryFolder());
  await used(state);
  const { DatabaseSync } = await import('node:sqlite');
  const database = new DatabaseSync(file(state));
  database.exec(`UPDATE meta SET value = 99 WHERE key = 'version'`);
  database.close();
  await expect(open(state)).rejects.toMatchObject({ code: 'journal/version', values: { found: 99 } });
  expect(existsSync(state.setAsideFolder)).toBe(false);
});

test('the reserve is made, given up and made again', async () => {
  const state = stateAt(temporaryFolder());
  const journal = await open(state, { limits: { ...journalLimits, reserveBytes: 1024 * 1024 } });
  await journal.close();
  const reserve = new Reserve(file(state), 1024 * 1024);
  expect(readFileSync(`${file(state)}-reserve`)).toHaveLength(1024 * 1024);
  expect([reserve.release(), reserve.release(), reserve.make(), reserve.release()]).toEqual([true, false, true, true]);
});

const small = join(tmpdir(), `twinspect-small-disk-${process.pid}`);
afterAll(() => rmSync(small, { recursive: true, force: true }));

/** Sixteen megabytes of memory as a disk. */
function mountSmall(): boolean {
  mkdirSync(small, { recursive: true });
  return spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=16m', 'tmpfs', small], { stdio: 'ignore' }).status === 0;
}
const mounts = mountSmall();
if (mounts) spawnSync('umount', [small]);
const skipDisk = process.env['CI'] === undefined && !mounts;

test.skipIf(skipDisk)(
  `a disk that is full${skipDisk ? ' (no small disk can be made here)' : ''}: the reserve carries on, and it is told`,
  async () => {
    expect(mountSmall()).toBe(true);
    onTestFinished(() => void spawnSync('umount', ['-l', small]));
    const state = stateAt(join(small, 'state'));
    mkdirSync(state.path);
    const journal = await open(state, { limits: { ...journalLimits, reserveBytes: 2 * 1024 * 1024 } });
    await fill(journal, 2);
    const ballast = openSync(join(small, 'ballast'), 'w');
    const piece = new Uint8Array(4096);
    const full = (): boolean => {
      try {
        return writeSync(ballast, piece) < piece.length;
      } catch {
        return true;
      }
    };
    while (!full());
    closeSync(ballast);
    // Far more than what the last page took: without the reserve the first of them would fail.
    await fill(journal, 40);
    await expect.poll(() => state.faults.standing.map(({ id }) => id)).toContain('disk');
    expect(existsSync(`${file(state)}-reserve`)).toBe(false);
    const filling = async (): Promise<void> => {
      for (let round = 0; round < 100; round++) await fill(journal, 40);
    };
    await expect(filling()).rejects.toMatchObject({ code: 'journal/unwritable' });
    // Room again: it is written again.
    rmSync(join(small, 'ballast'));
    await fill(journal, 2);
  },
);
