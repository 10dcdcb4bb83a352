import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import mqtt from 'mqtt';
import { beforeAll, expect, onTestFinished, test } from 'vitest';
import { auditFolder } from '../../daemon/audit/audit-file.ts';
import { newest } from '../../daemon/audit/read.ts';
import type { AnswerPayload } from '../../daemon/publish/mqtt/answer.ts';
import { decodePayload } from '../../daemon/publish/sparkplug/payload.ts';
import type { Manifest } from '../../models/bundle/manifest.ts';
import { temporaryFolder, until } from '../inference/rig.ts';
import { tinyFiles } from '../inference/taught-once.ts';
import { lenient, product, writeBundle } from '../inference/tiny-bundle.ts';
import { checkMessage } from '../publish/plant.ts';
import { openDaemon, syntheticCamera, testConfig } from './rig.ts';

let files: Map<string, Uint8Array>;
beforeAll(async () => {
  files = await tinyFiles();
});

test('commands over MQTT reach the line, are answered and audited; Sparkplug shows the same line', async () => {
  const folder = temporaryFolder();
  const state = join(folder, 'state');
  const named = (name: string) => (manifest: Manifest) => ({ ...lenient(manifest), name });
  const bolt = await writeBundle(join(folder, 'bolt@1.0.0'), files, named('bolt'));
  const lid = await writeBundle(join(folder, 'lid@1.0.0'), files, named('lid'));
  const usual = testConfig(state, bolt);
  const config = {
    ...usual,
    line: { ...usual.line, trigger: 'command' as const },
    mqtt: { ...usual.mqtt, commandRole: 'operate' as const, sparkplug: { ...usual.mqtt.sparkplug, enabled: true } },
    recipes: {
      1: { name: 'Bolt', product, bundle: bolt, threshold: null },
      2: { name: 'Lid', product, bundle: lid, threshold: null },
    },
  };
  const { daemon, records } = openDaemon(config, syntheticCamera());
  await daemon.start();
  const client = mqtt.connect(daemon.mqttUrl!);
  onTestFinished(() => client.endAsync(true));
  const answers = new Map<string | null, AnswerPayload>();
  const wrong: string[] = [];
  const metrics = new Map<string, unknown>();
  client.on('message', (topic, payload) => {
    if (topic.startsWith('spBv1.0/')) {
      for (const { name, value } of decodePayload(payload).metrics) metrics.set(name, value);
      return;
    }
    const leaf = topic.split('/').slice(2).join('/');
    if (leaf.startsWith('mask/') || (leaf.startsWith('cmd/') && leaf !== 'cmd/answer')) return;
    const message = JSON.parse(String(payload));
    try {
      checkMessage(leaf, message);
    } catch (error) {
      wrong.push(String(error));
    }
    if (leaf === 'cmd/answer') answers.set(message.requestId, message);
  });
  await client.subscribeAsync(['twinspect/#', 'spBv1.0/#'], { qos: 1 });
  let requests = 0;
  const ask = async (verb: string, fields: object): Promise<AnswerPayload> => {
    requests += 1;
    const requestId = `r${requests}`;
    client.publish(`twinspect/line1/cmd/${verb}`, JSON.stringify({ requestId, ...fields }), { qos: 1 });
    await until(`answer to ${verb}`, () => answers.has(requestId));
    return answers.get(requestId)!;
  };

  const first = await ask('trigger', { partId: 'washer 12', plantSequence: 7 });
  expect(first).toMatchObject({ ok: true, result: { resultId: expect.stringMatching(/^line1-/) } });
  await until('judged', () => records.length === 1);
  expect(records[0]).toMatchObject({ resultId: first.result!.resultId, partId: 'washer 12', triggerSource: 'command' });
  expect(records[0]!.bundle!.name).toBe('bolt');

  expect(await ask('select-recipe', { recipe: 2 })).toMatchObject({ ok: true, orders: { recipe: 2 } });
  await ask('trigger', {});
  await until('judged', () => records.length === 2);
  expect(records[1]!.bundle!.name).toBe('lid');
  expect(await ask('select-recipe', { recipe: 7 })).toMatchObject({ ok: false, code: 'command/recipe' });
  expect(await ask('set-threshold', { threshold: 0.5 })).toMatchObject({ ok: false, code: 'command/role' });
  expect(await ask('halt', { cause: 'belt torn' })).toMatchObject({ ok: true, orders: { halted: 'belt torn' } });
  expect(await ask('reset', { cause: 'belt new' })).toMatchObject({ ok: true, orders: { halted: null } });

  // The other face says the same.
  await until('shown', () => metrics.get('Result/Sequence') === records[1]!.sequence);
  expect(metrics.get('Result/Decision')).toBe(records[1]!.decision);
  // A number nobody knows was asked for last: no recipe judges until one that serves is chosen.
  expect(metrics.get('Orders/Recipe')).toBeNull();
  expect(await ask('select-recipe', { recipe: 2 })).toMatchObject({ ok: true, orders: { recipe: 2 } });
  await until('the recipe shown', () => metrics.get('Orders/Recipe') === 2);

  const audited = (await newest(auditFolder(state), 100)).map(
    ({ who, action, result }) => `${who.via} ${action} ${result}`,
  );
  expect(audited.join('\n')).toMatch(/^mqtt selectRecipe done$/m);
  expect(audited.join('\n')).toMatch(/^mqtt setThreshold denied$/m);
  expect(await readFile(join(state, 'mqtt-device'), 'utf8')).toMatch(/^[0-9a-f]{8}\n$/);
  await daemon.stop();
  expect(wrong).toEqual([]);
});
