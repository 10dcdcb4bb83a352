/** Passwords that can be recognised, through everything a daemon says, keeps and publishes. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import mqtt from 'mqtt';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../daemon/clock.ts';
import { createLog } from '../../daemon/log.ts';
import { Daemon } from '../../daemon/supervise/daemon.ts';
import { hashPassword } from '../../daemon/users/password.ts';
import { usersText } from '../../daemon/users/users.ts';
import { diskFiles } from '../../drivers/files.ts';
import { temporaryFolder, until } from '../inference/rig.ts';
import { tinyFiles } from '../inference/taught-once.ts';
import { lenient, writeBundle } from '../inference/tiny-bundle.ts';
import { startMosquitto } from '../net/mosquitto.ts';
import { clientIdentity, session } from '../publish/opcua/plant.ts';
import { skipMosquitto } from '../publish/plant.ts';
import { syntheticCamera, testConfig } from './rig.ts';

const markers = { mqtt: 'marker-mqtt-4711', user: 'marker-user-4712', wrong: 'marker-wrong-4713' };

let files: Map<string, Uint8Array>;
beforeAll(async () => {
  files = await tinyFiles();
});

describe.skipIf(skipMosquitto)('secrets', () => {
  test('are in no log line, no file but their own, no message and no tag', async () => {
    const folder = temporaryFolder();
    await writeBundle(join(folder, 'tiny@1.0.0'), files, lenient);
    const stateFolder = join(folder, 'state');
    const credentials = temporaryFolder();
    writeFileSync(join(credentials, 'mqtt.password'), markers.mqtt);
    const broker = await startMosquitto({ users: { twin: markers.mqtt, viewer: 'eye' } });
    const heard: string[] = [];
    const viewer = mqtt.connect(`mqtt://127.0.0.1:${broker.port}`, { username: 'viewer', password: 'eye' });
    onTestFinished(() => viewer.endAsync(true).then(() => undefined));
    viewer.on('message', (topic, payload) => heard.push(topic, payload.toString('latin1')));
    await viewer.subscribeAsync(['#', '$SYS/#']);

    const base = testConfig(stateFolder, join(folder, 'tiny@1.0.0'));
    const config = {
      ...base,
      opcua: { ...base.opcua, enabled: true, port: 0, plcPassword: true },
      mqtt: {
        ...base.mqtt,
        ...{ url: `mqtt://127.0.0.1:${broker.port}`, username: 'twin', passwordFile: 'credential:mqtt.password' },
      },
    };
    const password = await hashPassword(markers.user, new Uint8Array(16));
    mkdirSync(stateFolder);
    writeFileSync(join(stateFolder, 'users.json'), usersText([{ name: 'plc', role: 'operate', password }]));
    const said: string[] = [];
    const camera = syntheticCamera();
    const records: unknown[] = [];
    const daemon = new Daemon({
      ...{ config, camera, credentials, clock: systemClock, files: diskFiles, cwd: folder },
      log: createLog({ level: 'debug', sink: { write: (line) => void said.push(line) } }),
      signal: new AbortController().signal,
      announced: (record) => void records.push(record),
    });
    onTestFinished(() => daemon.stop());
    await daemon.start();
    await until('MQTT is connected', () => daemon.publishing!.health().every(({ ok }) => ok));
    const endpoint = daemon.publishing!.opcuaEndpoint!;
    const identity = await clientIdentity();
    const plain = { mode: 1, identity, user: 'plc' };
    await expect(session(endpoint, { ...plain, password: markers.wrong })).rejects.toThrow();
    await expect(session(endpoint, { ...plain, user: markers.wrong })).rejects.toThrow();
    const plc = await session(endpoint, { ...plain, password: markers.user });
    camera.trigger();
    await until('a verdict went out', () => records.length === 1 && heard.some((text) => text.includes('"decision"')));
    const browsed = await plc.browse('ns=1;s=line1');
    const tags = await plc.readVariableValue((browsed.references ?? []).map(({ nodeId }) => nodeId));
    await daemon.stop();

    expect(said.join('')).toContain('user logged in');
    expect(said.join('')).toContain('login refused');
    const kept = readdirSync(stateFolder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'latin1'));
    expect(kept.join('')).toContain('"login"');
    const everything = {
      said: said.join(''),
      kept: kept.join('\n'),
      heard: heard.join('\n'),
      tags: JSON.stringify(tags),
    };
    for (const [where, text] of Object.entries(everything)) {
      for (const marker of Object.values(markers)) expect([where, text.includes(marker)]).toEqual([where, false]);
    }
  });
});
