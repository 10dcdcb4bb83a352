import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import { editDistance, nearestName } from '../../config/problems.ts';
import { readSecret, secretFile } from '../../config/secret.ts';

test.each([
  ['', '', 0],
  ['abc', '', 3],
  ['url', 'ulr', 1],
  ['deadline', 'deadlin', 1],
  ['kitten', 'sitting', 3],
  ['ca', 'abc', 3],
])('from "%s" to "%s" are %i edits, both ways', (a, b, distance) => {
  expect(editDistance(a, b)).toBe(distance);
  expect(editDistance(b, a)).toBe(distance);
});

test('hints are near or absent', () => {
  const known = ['line.id', 'mqtt.url', 'opcua.port'];
  expect(nearestName('mqtt.ulr', known)).toBe('mqtt.url');
  expect(nearestName('MQTT.URL', known)).toBe('mqtt.url');
  expect(nearestName('port', known)).toBe('opcua.port');
  expect(nearestName('temperature', known)).toBeNull();
});

test('a secret shows itself only when asked', async () => {
  const secret = await readSecret('p', async () => 'hunter2\n');
  expect(secret.reveal()).toBe('hunter2');
  for (const shown of [
    `${secret}`,
    JSON.stringify({ secret }),
    inspect({ secret }),
    JSON.stringify(Object.entries(secret)),
  ]) {
    expect(shown).not.toContain('hunter2');
  }
});

test.each([
  ['\n', 'is empty'],
  ['a\nb\n', 'has more than one line'],
  ['x'.repeat(4097), 'is longer than 4096 characters'],
])('a secret file with %j is refused', async (text, problem) => {
  await expect(readSecret('/run/p', async () => text)).rejects.toThrow(`Secret file /run/p ${problem}`);
});

test('a secret is a file, or a credential that systemd handed over', () => {
  const places = { cwd: '/etc/twinspect', credentials: '/run/credentials/twinspect.service' };
  expect(secretFile('secrets/mqtt', places)).toBe('/etc/twinspect/secrets/mqtt');
  expect(secretFile('/secrets/mqtt', places)).toBe('/secrets/mqtt');
  expect(secretFile('credential:mqtt.password', places)).toBe('/run/credentials/twinspect.service/mqtt.password');
  expect(() => secretFile('credential:../shadow', places)).toThrow('is no name of a credential');
  expect(() => secretFile('credential:', places)).toThrow('is no name of a credential');
  const none = { cwd: '/', credentials: null };
  expect(() => secretFile('credential:mqtt.password', none)).toThrow('systemd handed over none');
});
