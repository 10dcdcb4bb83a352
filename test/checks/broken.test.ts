import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
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
