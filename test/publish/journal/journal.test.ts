import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../../daemon/clock.ts';
import { openedByCamera } from '../../../daemon/line/verdict.ts';
import { type Journal, openJournal } from '../../../daemon/publish/journal/journal.ts';
import type { JournalLimits } from '../../../daemon/publish/journal/limits.ts';
import { journalLimits } from '../../../daemon/publish/journal/limits.ts';
import { JournalStore } from '../../../daemon/publish/journal/store.ts';
import { stateAt } from '../../state/at.ts';
import { judged, range, temporaryFolder } from '../fixtures.ts';

async function open(stateFolder: string, limits: Partial<JournalLimits> = {}): Promise<Journal> {
  const journal = await openJournal({ state: stateAt(stateFolder), clock: systemClock, limits });
  onTestFinished(() => journal.close());
  return journal;
}

const opened = { partId: null, origin: openedByCamera, openedAtMs: 1000, deadlineMs: 300 };
const part = (trigger: number) => ({ lineId: 'line1', trigger, ...opened });

async function sequences(journal: Journal): Promise<number[]> {
  return (await journal.pending('line1', 0, 1000)).map(({ record }) => record.sequence);
}

test('records wait in order until acknowledged, then only the newest are kept', async () => {
  const journal = await open(temporaryFolder(), { keepLatest: 2 });
  const numbers = range(1, 5).map((trigger) => journal.open(part(trigger)).sequence);
  expect(numbers).toEqual([1, 2, 3, 4, 5]);
  const records = numbers.map((sequence) => judged(sequence));
  await Promise.all(records.map((record) => journal.commit(record, true)));
  expect(await sequences(journal)).toEqual([1, 2, 3, 4, 5]);
  await Promise.all([1, 2, 3, 4].map((sequence) => journal.acknowledge('line1', sequence)));
  expect(await sequences(journal)).toEqual([5]);
  expect(await journal.latest('line1', 10)).toEqual([records[4], records[3]]);
  const { commit, commitWait, waitingRecords } = await journal.figures();
  expect(waitingRecords).toBe(1);
  expect(commit?.count).toBe(5);
  expect(commit?.p50Ms).toBeGreaterThan(0);
  expect(commitWait?.maxMs).toBeGreaterThanOrEqual(commit?.p50Ms ?? Number.POSITIVE_INFINITY);
});

test('the sequence rises over restarts, without a gap after a planned stop', async () => {
  const folder = temporaryFolder();
  const first = await open(folder);
  const { sequence } = first.open(part(1));
  await first.commit(judged(sequence), true);
  await first.close();
  const second = await open(folder);
  expect(second.recovered).toEqual([]);
  expect(second.open(part(2)).sequence).toBe(sequence + 1);
});

test('kill -9: no committed record lost or moved, each open part closed once, no sequence twice', async () => {
  const folder = temporaryFolder();
  const script = join(import.meta.dirname, 'journal-child.ts');
  const child = spawn(process.execPath, [script, folder], { stdio: ['ignore', 'pipe', 'inherit'] });
  const committed: number[] = [];
  const opened: number[] = [];
  const lines = createInterface({ input: child.stdout });
  lines.on('line', (line) => {
    const [word, sequence] = line.split(' ');
    (word === 'committed' ? committed : opened).push(Number(sequence));
    if (committed.length === 60) child.kill('SIGKILL');
  });
  await Promise.all([once(child, 'exit'), once(lines, 'close')]);

  const journal = await open(folder);
  const records = (await journal.pending('line1', 0, 10_000)).map(({ record }) => record);
  const found = records.map((record) => record.sequence);
  expect(found).toEqual([...found].sort((a, b) => a - b));
  expect(new Set(found).size).toBe(found.length);
  for (const sequence of committed) expect(found).toContain(sequence);
  // The child keeps five parts open; each is there once, closed by nobody but the recovery.
  const interrupted = records.filter((record) => record.reason === 'interrupted');
  expect(interrupted.length).toBeGreaterThan(0);
  expect(interrupted).toEqual(journal.recovered);
  expect(interrupted.map((record) => record.decision)).toEqual(interrupted.map(() => 'undecided'));
  expect(interrupted.filter((record) => committed.includes(record.sequence))).toEqual([]);
  // A part whose opening was answered has a record now, whatever the kill hit.
  for (const sequence of opened) expect(found).toContain(sequence);
  expect(journal.open(part(1)).sequence).toBeGreaterThan(Math.max(...found, ...opened));

  await journal.close();
  const again = await open(folder);
  // Only the part just opened above: those of the kill are not closed a second time.
  expect(again.recovered.map((record) => record.trigger)).toEqual([1]);
});

test('the same sequence again replaces the record, until it is acknowledged', async () => {
  const journal = await open(temporaryFolder());
  await journal.commit(judged(1, 'pass'), true);
  await journal.commit(judged(1, 'undecided'), true);
  const pending = await journal.pending('line1', 0, 10);
  expect(pending.map(({ record }) => record.decision)).toEqual(['undecided']);
  expect((await journal.figures()).waitingRecords).toBe(1);
});

test('ceiling in records: the next commit is refused by name, others in the same batch are not lost', async () => {
  const journal = await open(temporaryFolder(), { recordsMax: 3 });
  const outcomes = await Promise.allSettled(range(1, 5).map((sequence) => journal.commit(judged(sequence), true)));
  expect(outcomes.map((outcome) => outcome.status)).toEqual([
    'fulfilled',
    'fulfilled',
    'fulfilled',
    'rejected',
    'rejected',
  ]);
  await expect(journal.probe()).rejects.toThrow(/full: 3 records .* limit is 3 records/);
  await journal.acknowledge('line1', 1);
  await journal.probe();
  await journal.commit(judged(4), true);
  expect(await sequences(journal)).toEqual([2, 3, 4]);
});

test('ceiling in bytes', async () => {
  const journal = await open(temporaryFolder(), { recordBytesMax: 700 });
  await journal.commit(judged(1), true);
  await journal.commit(judged(2), true);
  await expect(journal.commit(judged(3), true)).rejects.toMatchObject({ code: 'journal/full' });
});

test('the engine itself out of room: the whole transaction is refused, what was there stays', () => {
  const folder = temporaryFolder();
  const limits = { ...journalLimits, recordBytesMax: 1, maskBytesMax: 1 };
  const store = new JournalStore(join(folder, 'journal.sqlite'), limits);
  onTestFinished(() => store.close());
  store.transaction(true, () => store.commit(judged(1), true));
  const large = { ...judged(2), detail: 'x'.repeat(20 * 1024 * 1024) };
  expect(() => store.transaction(true, () => store.commit(large, false))).toThrow(/Cannot write the journal .*full/);
  expect(store.pending('line1', 0, 10).map(({ record }) => record.sequence)).toEqual([1]);
  expect(store.figures().waitingRecords).toBe(1);
});

test('masks: oldest waits first, the oldest go when their room is used up, counted', async () => {
  const journal = await open(temporaryFolder(), { maskBytesMax: 250 });
  const mask = (sequence: number) => ({
    sequence,
    widthPx: 8,
    heightPx: 8,
    sha256: `${sequence}`.padStart(64, '0'),
    png: new Uint8Array(100).fill(sequence),
  });
  for (const sequence of [1, 2, 3]) {
    await journal.commit(judged(sequence, 'fail'), true);
    await journal.attachMask('line1', mask(sequence));
  }
  expect((await journal.figures()).masksDropped).toBe(1);
  expect((await journal.pending('line1', 0, 10)).map((entry) => entry.mask?.sha256 ?? null)).toEqual([
    null,
    mask(2).sha256,
    mask(3).sha256,
  ]);
  const oldest = await journal.pendingMask('line1', 3);
  expect(oldest).toMatchObject({ ...mask(2), png: new Uint8Array(oldest?.png ?? []) });
  await journal.acknowledgeMask(2);
  expect((await journal.pendingMask('line1', 3))?.sequence).toBe(3);
  expect(await journal.pendingMask('line1', 2)).toBeNull();
});

test('a state folder that cannot be made: the error names the path and the cause', async () => {
  const file = join(temporaryFolder(), 'file');
  writeFileSync(file, 'not a folder');
  await expect(open(join(file, 'state'))).rejects.toMatchObject({ code: 'journal/unwritable' });
  await expect(open(join(file, 'state'))).rejects.toThrow(/state\/journal\.sqlite: .*ENOTDIR/);
});

test('a read-only state folder: refused by name', async () => {
  const folder = temporaryFolder();
  chmodSync(folder, 0o500);
  // The superuser may write anywhere but where the kernel makes the files.
  const readOnly = process.getuid?.() === 0 ? '/proc/self' : folder;
  await expect(open(readOnly)).rejects.toMatchObject({ code: 'journal/unwritable' });
});

test('a second daemon on the same state folder is refused', async () => {
  const folder = temporaryFolder();
  await open(folder);
  await expect(open(folder)).rejects.toMatchObject({ code: 'journal/locked' });
});

test('an emptied journal is set aside and told; numbers go on behind the highest, under a new epoch', async () => {
  const folder = temporaryFolder();
  const first = await open(folder);
  const { sequence } = first.open(part(1));
  await first.close();
  writeFileSync(join(folder, 'journal.sqlite'), '');
  const second = await open(folder);
  expect(second.epoch).not.toBe(first.epoch);
  expect(second.open(part(2)).sequence).toBeGreaterThan(sequence);
  const faults = await stateAt(folder).faults.look();
  expect(faults).toMatchObject([{ id: 'journal', text: expect.stringContaining('empty') }]);
});

test('after close every question is refused and nothing hangs', async () => {
  const journal = await open(temporaryFolder());
  const { journaled } = journal.open(part(1));
  await journal.close();
  await journaled;
  await expect(journal.commit(judged(2), true)).rejects.toMatchObject({ code: 'journal/unwritable' });
});
