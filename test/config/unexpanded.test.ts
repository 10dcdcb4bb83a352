// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables that nobody expands are what is tested
import { describe, expect, test } from 'vitest';
import { loadConfig } from '../../config/load.ts';
import type { TwinspectError } from '../../errors.ts';

const load = (text: string, env: Record<string, string> = {}) =>
  loadConfig({ file: 'line.yaml', env, readFile: async () => text });

const refusal = async (text: string, env: Record<string, string> = {}): Promise<string> => {
  const error = await load(text, env).then(
    () => null,
    (thrown: TwinspectError) => thrown,
  );
  expect(error, 'the configuration was accepted').not.toBeNull();
  return error!.message;
};

describe('what nothing here expands', () => {
  test.each([
    ['stateDir: ${STATE}/line1', 'stateDir (line 1): found "${STATE}/line1"', 'no value in for ${STATE}'],
    ['stateDir: ~/state', 'found "~/state"', 'no home folder in for ~'],
    ['stateDir: ~', 'stateDir (line 1): found null', 'expected a path'],
    ['stateDir: "~"', 'found "~"', 'no home folder in for ~'],
    ['stateDir: ~press/state', 'found "~press/state"', 'no home folder in for ~press'],
    ['stateDir: $HOME/state', 'found "$HOME/state"', 'no value in for $HOME'],
    ['stateDir: /var/$LINE', 'found "/var/$LINE"', 'no value in for $LINE'],
    ['stateDir: /var/$(hostname)', 'found "/var/$(hostname)"', '$(...)'],
    ['stateDir: "/var/{{ line }}"', 'found "/var/{{ line }}"', '{{...}}'],
    ['line: { bundle: "${BUNDLES}/a@1.0.0" }', 'line.bundle (line 1): found', 'no value in for ${BUNDLES}'],
    ['mqtt: { passwordFile: "~/secret", username: a }', 'mqtt.passwordFile (line 1): found', 'for ~'],
    ['mqtt: { url: "mqtt://${BROKER}" }', 'mqtt.url (line 1): found an address', 'no value in for ${BROKER}'],
    ['line: { id: "${LINE}" }', 'line.id (line 1): found "${LINE}"', 'no value in for ${LINE}'],
    [
      'recipes: { 1: { name: a, product: first-run, bundle: "~/b@1" } }',
      'recipes.1.bundle (line 1): found "~/b@1"',
      'for ~',
    ],
  ])('%s', async (text, found, why) => {
    const message = await refusal(text);
    expect(message).toContain(found);
    expect(message).toContain(why.replace(/^no (value|home folder)/, 'nothing here puts a $1'));
  });

  test('a default inside the braces is not repeated, and the environment is held to the same', async () => {
    const message = await refusal('mqtt: { url: "mqtt://${BROKER:-hunter2}" }');
    expect(message).not.toContain('hunter2');
    expect(await refusal('{}', { TWINSPECT_STATE_DIR: '~/state' })).toContain('TWINSPECT_STATE_DIR (stateDir): found');
  });

  test('the same signs where they are part of a name are none', async () => {
    for (const path of ['./~press', 'state~', '/mnt/d$/state', '/srv/a$b', '/srv/{a}']) {
      expect((await load(`stateDir: ${path}`)).config.stateDir).toBe(path);
    }
  });
});
