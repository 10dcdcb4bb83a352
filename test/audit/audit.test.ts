import { spawn } from 'node:child_process';
import { appendFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { describe, expect, onTestFinished, test } from 'vitest';
import { AuditFile, type AuditFileOptions, auditFolder } from '../../daemon/audit/audit-file.ts';
import type { AuditEntry } from '../../daemon/audit/port.ts';
import { newest, verify } from '../../daemon/audit/read.ts';
import { systemClock } from '../../daemon/clock.ts';
import { SimulatedClock } from '../drivers/simulated-clock.ts';
import { until } from '../inference/rig.ts';
import { stateAt } from '../state/at.ts';

const who = { name: 'anna', via: 'opcua', role: 'configure', certificate: null } as const;

function entry(given: Partial<AuditEntry> = {}): AuditEntry {
  return { action: 'setThreshold', target: 'line1', who, from: 0.4, to: 0.5, result: 'done', cause: null, ...given };
}

function stateFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'twinspect-audit-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

function open(state: string, given: Partial<AuditFileOptions> = {}): { audit: AuditFile; said: string[] } {
  const said: string[] = [];
  const log = { error: (_values: object, text: string) => void said.push(text) };
  return { audit: new AuditFile({ state: stateAt(state), clock: systemClock, log, ...given }), said };
}

const fileOne = (state: string): string => join(auditFolder(state), 'audit-000001.jsonl');
const linesOf = (state: string): string[] => readFileSync(fileOne(state), 'utf8').trimEnd().split('\n');

/** A record of so many entries, whole. */
async function recordOf(count: number): Promise<string> {
  const state = stateFolder();
  const { audit } = open(state);
  for (let n = 1; n <= count; n++) await audit.write(entry({ to: n }));
  await audit.close();
  expect((await verify(auditFolder(state))).problems).toEqual([]);
  return state;
}

describe('the chain', () => {
  test('entries stand in order, with who, from, to and result, over restarts', async () => {
    const state = await recordOf(3);
    const { audit } = open(state);
    await audit.write(entry({ result: 'failed', cause: 'bundle/golden: drifted' }));
    await audit.close();
    const lines = await newest(auditFolder(state), 10);
    expect(lines.map(({ n, to }) => [n, to])).toEqual([
      [1, 1],
      [2, 2],
      [3, 3],
      [4, 0.5],
    ]);
    expect(lines[3]).toMatchObject({ who, from: 0.4, result: 'failed', cause: 'bundle/golden: drifted', times: 1 });
    expect(await verify(auditFolder(state))).toMatchObject({ files: 1, lines: 4, problems: [], head: { n: 4 } });
  });

  const edit = (change: (lines: string[]) => string[]) => async (): Promise<string> => {
    const state = await recordOf(6);
    writeFileSync(
      fileOne(state),
      change(linesOf(state))
        .map((line) => `${line}\n`)
        .join(''),
    );
    return state;
  };
  test.each([
    ['a line changed', edit((lines) => lines.with(2, lines[2]!.replace('"to":3', '"to":9'))), 'line 3 was changed'],
    ['a line taken out', edit((lines) => lines.toSpliced(2, 1)), 'line 3 is number 4, expected 3'],
    [
      'two lines swapped',
      edit((lines) => [...lines.slice(0, 2), lines[3]!, lines[2]!, ...lines.slice(4)]),
      'line 3 is',
    ],
    ['a line put in twice', edit((lines) => lines.toSpliced(2, 0, lines[2]!)), 'line 4 is number 3, expected 4'],
    ['the last lines taken away', edit((lines) => lines.slice(0, 4)), 'ends with number 4, expected 6'],
    ['the first lines taken away', edit((lines) => lines.slice(2)), 'begins with number 3'],
    ['a text put in', edit((lines) => lines.toSpliced(1, 0, 'x')), 'line 2 is not a line'],
    ['all of it', edit(() => []), 'ends with number 0, expected 6'],
  ])('%s shows', async (_what, made, problem) => {
    const { problems } = await verify(auditFolder(await made()));
    expect(problems.join('\n')).toContain(problem);
  });

  test('a record written anew from some line on does not know the head that was noted', async () => {
    const state = await recordOf(4);
    const { head } = await verify(auditFolder(state));
    expect(await verify(auditFolder(state), head!.hash)).toMatchObject({ knowsHead: true });
    rmSync(auditFolder(state), { recursive: true });
    const { audit } = open(state);
    for (let n = 1; n <= 4; n++) await audit.write(entry({ to: n * 2 }));
    expect(await verify(auditFolder(state), head!.hash)).toMatchObject({ problems: [], knowsHead: false });
  });

  test('texts of strangers are cut, and cannot end the line', async () => {
    const state = stateFolder();
    const { audit } = open(state);
    await audit.write(entry({ who: { ...who, name: `a\n{"n":1}\u001b[2J${'x'.repeat(1000)}` } }));
    expect(linesOf(state)).toHaveLength(1);
    expect((await newest(auditFolder(state), 1))[0]!.who.name).toHaveLength(256);
    expect((await verify(auditFolder(state))).problems).toEqual([]);
  });
});

test('half a line of a power cut is taken away and said; the record goes on whole', async () => {
  const state = await recordOf(2);
  appendFileSync(fileOne(state), '{"n":3,"at":"2026');
  const { audit } = open(state);
  await audit.write(entry());
  const lines = await newest(auditFolder(state), 10);
  expect(lines.map(({ n, action }) => [n, action])).toEqual([
    [1, 'setThreshold'],
    [2, 'setThreshold'],
    [3, 'repair'],
    [4, 'setThreshold'],
  ]);
  expect(lines[2]!.from).toBe('{"n":3,"at":"2026');
  expect((await verify(auditFolder(state))).problems).toEqual([]);
});

test('at the ceiling the oldest file is dropped whole, by an entry; what is left verifies', async () => {
  const state = stateFolder();
  const { audit } = open(state, { limits: { record: { fileMaxBytes: 1000, filesMax: 3 } } });
  for (let n = 1; n <= 30; n++) await audit.write(entry({ to: n }));
  const files = readdirSync(auditFolder(state)).filter((name) => name.endsWith('.jsonl'));
  expect(files).toHaveLength(3);
  expect(files).not.toContain('audit-000001.jsonl');
  const { problems, head } = await verify(auditFolder(state));
  expect(problems).toEqual([]);
  expect(head!.n).toBeGreaterThan(30);
  // Another file gone is not the record's own doing.
  rmSync(join(auditFolder(state), files[0]!));
  expect((await verify(auditFolder(state))).problems.join()).toContain('no entry says that what came before');
});

test('the daemon and commands beside it write one chain', async () => {
  const state = stateFolder();
  const others = [1, 2].map(() => open(state).audit);
  const child = spawn(process.execPath, [join(import.meta.dirname, 'audit-child.ts'), state, '15'], {
    stdio: 'inherit',
  });
  const ended = new Promise<number | null>((resolve) => child.on('exit', resolve));
  for (let n = 0; n < 15; n++) await Promise.all(others.map((audit) => audit.write(entry({ to: n }))));
  expect(await ended).toBe(0);
  expect(await verify(auditFolder(state))).toMatchObject({ lines: 45, problems: [], head: { n: 45 } });
});

test('the lock of a process that was killed is nobody’s', async () => {
  const state = await recordOf(1);
  const lock = join(auditFolder(state), 'lock');
  // This process began at another time than the lock says: its number was given anew.
  for (const dead of ['4194304 1', `${process.pid} 1`, '']) {
    writeFileSync(lock, dead);
    await open(state).audit.write(entry());
    expect(existsSync(lock)).toBe(false);
  }
  expect((await verify(auditFolder(state))).head!.n).toBe(4);
});

test('a folder that cannot be written is an error, said once, and told when it can be again', async () => {
  const state = stateFolder();
  writeFileSync(auditFolder(state), 'a file where the folder should be');
  const clock = Object.assign(new SimulatedClock(), { wallMs: () => 1_800_000_000_000 });
  const { audit, said } = open(state, { clock });
  for (let n = 0; n < 3; n++) await expect(audit.write(entry())).rejects.toThrow('Cannot write the audit record');
  expect(audit.problem).toContain('Cannot write the audit record');
  expect(said).toHaveLength(1);
  rmSync(auditFolder(state));
  clock.advance(10_000);
  // The record is tried again by itself: what waits for it is let go.
  await until('the record can be written', () => audit.problem === null);
  await audit.write(entry());
  expect((await newest(auditFolder(state), 9)).map(({ action, to }) => [action, to])).toEqual([
    ['lost', 3],
    ['setThreshold', 0.5],
  ]);
});

test('denied tries are counted: a thousand of them are two entries, a thousand names are bounded', async () => {
  const state = stateFolder();
  const clock = Object.assign(new SimulatedClock(), { wallMs: () => 1_800_000_000_000 });
  const { audit } = open(state, { clock, limits: { tally: { windowMs: 1000, kindsMax: 4 } } });
  const denied = { result: 'denied', cause: 'command/role' } as const;
  for (let n = 0; n < 1000; n++) audit.tally(entry({ ...denied, to: n }));
  clock.advance(1000);
  for (let n = 0; n < 1000; n++) audit.tally(entry({ ...denied, who: { ...who, name: `mallory${n}` } }));
  clock.advance(1000);
  audit.tally(entry(denied));
  await audit.close();
  const lines = await newest(auditFolder(state), 100);
  const told = lines.map((line) => `${line.who.name} ${line.action} x${line.times}`);
  expect(told).toEqual([
    'anna setThreshold x1',
    'anna setThreshold x999',
    ...[0, 1, 2, 3].map((n) => `mallory${n} setThreshold x1`),
    'many tries x1',
    'many tries x995',
    'anna setThreshold x1',
  ]);
});
