import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { expect, onTestFinished, test } from 'vitest';
import { takenPort } from './broken.ts';
import { Desk } from './desk.ts';

test('all that is wrong is said at once, by the check and by the start', async () => {
  const desk = new Desk();
  const port = await takenPort();
  const file = desk.given({
    line: { bundle: 'nowhere@1.0.0' },
    camera: { driver: 'replay', replay: { folder: 'parts' } },
    registration: { calibration: 'none.json' },
    mqtt: { url: 'mqtts://127.0.0.1:1', username: 'u', passwordFile: 'p', tls: { caFile: 'ca.pem' } },
    opcua: { enabled: true, port },
    plc: { url: 'opc.tcp://127.0.0.1:1', username: 'u', passwordFile: 'q' },
    output: { driver: 'gpiod', chip: 'gpiochip-none', pin: 1 },
  });
  const { fails } = await desk.check(file, '--quick');
  const codes = fails.map(({ check, code }) => `${check} ${code}`);
  expect(codes).toEqual([
    'camera dataset/layout',
    'calibration file/missing',
    'mqtt file/missing',
    'mqtt mqtt/tls',
    'opcua port/taken',
    'plc file/missing',
    expect.stringMatching(/^output output\/(device|library)$/),
    'bundle bundle/missing',
  ]);
  const advice = fails.map((found) => found.advice).join('\n');
  const keys = ['registration.calibration', 'mqtt.passwordFile', 'mqtt.tls.caFile', 'plc.passwordFile'];
  for (const key of keys) expect(advice).toContain(`The key ${key} names it. `);
  const { err, code } = await desk.call(['run', '--config', file]);
  expect(code).toBe(1);
  const [first, ...others] = fails;
  expect(err).toContain(`error ${first!.code}: ${first!.text}\n`);
  for (const { code: also, text } of others) expect(err).toContain(`also ${also}: ${text}\n`);
});

test('nothing stays behind of a check, and what is good is good', async () => {
  const desk = new Desk();
  const file = desk.given({});
  const { code, fails } = await desk.check(file, '--quick');
  expect({ code, fails }).toEqual({ code: 0, fails: [] });
  expect(existsSync(join(desk.folder, 'state'))).toBe(false);
  mkdirSync(join(desk.folder, 'state'));
  expect(await desk.check(file, '--quick')).toEqual({ code: 0, fails: [] });
});

test('a journal that another process holds is named with the process; what was lost waits for a person', async () => {
  const desk = new Desk();
  const file = desk.given({ stateCopyDir: 'taken/copies' });
  mkdirSync(join(desk.folder, 'state/faults'), { recursive: true });
  mkdirSync(join(desk.folder, 'state/opcua/own/certs'), { recursive: true });
  writeFileSync(join(desk.folder, 'taken'), '');
  writeFileSync(
    join(desk.folder, 'state/faults/users.json'),
    '{"id": "users", "text": "the users were lost", "sinceMs": 1}',
  );
  writeFileSync(join(desk.folder, 'state/opcua/own/certs/server.pem'), '\0'.repeat(1000));
  const path = join(desk.folder, 'state/journal.sqlite');
  const holder = await holdJournal(path);
  const { fails } = await desk.check(file, '--quick');
  expect(fails).toEqual([
    {
      ...{ check: 'journal', status: 'fail', code: 'journal/locked' },
      text: `The journal ${path} is in use by another process`,
      advice: expect.stringContaining(`It is process ${holder.pid}. Only one daemon`),
    },
  ]);
  const { out } = await desk.call(['config', 'check', desk.given({ opcua: { enabled: true, port: 0 } }), '--quick']);
  expect(out).toMatch(/^warn {2}state faults +users: the users were lost\n +See what was lost, then: twinspect fault/m);
  expect(out).toMatch(/^warn {2}opcua certificate +.*server\.pem is damaged: it is no certificate\n +The start/m);
  const copies = await desk.call(['config', 'check', desk.given({ stateCopyDir: 'taken/copies' }), '--quick']);
  expect(copies.out).toMatch(/^warn {2}second copies +file\/unwritable: Cannot write .*taken\/copies: /m);
});

/** As the daemon of another line on the same state folder has it. */
async function holdJournal(path: string): Promise<ChildProcess> {
  const hold = `const { DatabaseSync } = require('node:sqlite');
    const held = new DatabaseSync(process.argv[1]);
    held.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL');
    held.exec('BEGIN IMMEDIATE; CREATE TABLE a (b); COMMIT');
    console.log('held'); process.stdin.resume();`;
  const child = spawn(process.execPath, ['-e', hold, path], { stdio: ['pipe', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  return child;
}

test('for people each finding is a line, with what to do below, and the verdict at the end', async () => {
  const desk = new Desk();
  const file = desk.given({ registration: { calibration: 'none.json' } });
  const bad = await desk.call(['config', 'check', file, '--quick']);
  expect(bad.out).toMatch(/^fail {2}calibration +file\/missing: No such file: .*none\.json\n +The key registration/m);
  expect(bad.out).toMatch(/can be read \(\d+ keys given, .*\); what it names is not as it must be$/);
  expect(bad.err).toMatch(/^error doctor\/problems: 1 of \d+ checks failed/);
  const elsewhere = await desk.call(['config', 'check', file, '--file-only']);
  expect(elsewhere).toMatchObject({ code: 0, err: '', out: expect.stringMatching(/^.* is good: \d+ keys given/) });
});
