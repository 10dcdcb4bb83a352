import { mkdir, readdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DataType } from 'node-opcua';
import { beforeAll, expect, test } from 'vitest';
import type { Config } from '../../config/schema.ts';
import { stateTags, type TagName } from '../../daemon/publish/opcua/plc/tag-table.ts';
import { verdictCodes } from '../../daemon/publish/payload.ts';
import { temporaryFolder, until } from '../inference/rig.ts';
import { tinyFiles } from '../inference/taught-once.ts';
import { lenient, writeBundle } from '../inference/tiny-bundle.ts';
import { openDaemon, type Plant, syntheticCamera, testConfig } from '../run/rig.ts';
import { PlcServer } from './plc-server.ts';

let files: Map<string, Uint8Array>;
beforeAll(async () => {
  files = await tinyFiles();
});

async function station(folder: string, url: string, plc: Partial<Config['plc']> = {}): Promise<Plant> {
  const bundle = await writeBundle(join(folder, 'a@1.0.0'), files, lenient);
  const base = testConfig(join(folder, 'state'), bundle);
  const plant = openDaemon(
    {
      ...base,
      line: { ...base.line, trigger: 'command', deadlineMs: 5000 },
      journal: { ...base.journal, commitTimeoutMs: 2000 },
      mqtt: { ...base.mqtt, enabled: false },
      plc: { ...base.plc, url, nodeId: 'ns=1;s="Twinspect"."{tag}"', securityMode: 'None', ...plc },
    },
    syntheticCamera(),
  );
  await plant.daemon.start();
  return plant;
}

const health = ({ daemon }: Plant) => daemon.publishing!.health().find(({ name }) => name === 'plc line1')!;

async function ready(plc: PlcServer): Promise<void> {
  await until('ready and armed', () => plc.value('Ready') === true && plc.value('Armed') === true);
}

/** The program triggers as the handshake says: the id, then the count; and waits for its own result. */
async function inspect(plc: PlcServer, partId: string, sequence: number): Promise<number> {
  plc.set('PartId', partId);
  plc.set('TrigSeq', sequence);
  const own = (): boolean => plc.value('ResSeq') === sequence && plc.value('ResSeqStart') === sequence;
  await until(`the result of ${sequence}`, own);
  return plc.value('Verdict') as number;
}

test('parts are triggered from and told to a server of the PLC; the count of a result is written last', async () => {
  const folder = temporaryFolder();
  const plc = await PlcServer.start({ folder });
  plc.set('TrigSeq', 40);
  const plant = await station(folder, plc.url);
  await ready(plc);
  expect(plant.records).toEqual([]);
  for (let sequence = 41; sequence <= 45; sequence++) {
    expect(await inspect(plc, `part ${sequence}`, sequence)).toBe(verdictCodes.pass);
    expect(plc.value('ResPartId')).toBe(`part ${sequence}`);
    expect(plc.value('BundleName')).toBe('tiny@1.0.0');
  }
  expect(plant.records.map(({ plantSequence, partId }) => [plantSequence, partId])).toEqual(
    [41, 42, 43, 44, 45].map((sequence) => [sequence, `part ${sequence}`]),
  );
  // What stands there whenever a result is said to be complete: everything of that very part.
  const image = new Map<string, unknown>();
  const complete: unknown[] = [];
  for (const { name, value } of plc.written) {
    image.set(name, value);
    if (name === 'ResSeq' && value !== 0) {
      complete.push([value, ...['ResSeqStart', 'ResPartId', 'Verdict'].map((each) => image.get(each))]);
    }
    // A part that is open has no verdict: the one before was cleared.
    if (image.get('Busy') === true && name === 'Busy') expect(image.get('Verdict')).toBe(0);
  }
  expect(complete).toEqual([41, 42, 43, 44, 45].map((n) => [n, n, `part ${n}`, 1]));
  await plant.daemon.stop();
  expect(plc.value('Ready')).toBe(false);
  expect([plc.value('Verdict'), plc.value('ResSeq')]).toEqual([0, 0]);
});

test('a PLC that restarts is met again; what it counted meanwhile is not judged, what it counts next is', async () => {
  const folder = temporaryFolder();
  const first = await PlcServer.start({ folder });
  const { port, url } = first;
  const plant = await station(folder, url);
  await ready(first);
  await inspect(first, 'a', 1);
  await first.stop();
  await until('the loss is told', () => !health(plant).ok);
  const second = await PlcServer.start({ folder, port });
  second.set('TrigSeq', 7);
  // What a PLC with a memory holds of before: a pass that its next trigger would take for its own.
  const old = { ResSeqStart: 8, Verdict: 1, ResSeq: 8, Ring08ResSeqStart: 8, Ring08Verdict: 1, Ring08ResSeq: 8 };
  for (const [name, value] of Object.entries(old)) second.set(name as TagName, value);
  await ready(second);
  const firstState = second.written.findIndex(({ name }) => Object.hasOwn(stateTags, name));
  const before = new Map(second.written.slice(0, firstState).map(({ name, value }) => [name, value]));
  expect(Object.keys(old).map((name) => before.get(name as TagName))).toEqual([1, 0, 0, 1, 0, 0]);
  expect(second.written.slice(0, 17).every(({ name }) => name.endsWith('ResSeqStart'))).toBe(true);
  expect(health(plant)).toMatchObject({ ok: true, counters: { connections: 2 } });
  expect(plant.records).toHaveLength(1);
  expect(await inspect(second, 'b', 8)).toBe(verdictCodes.pass);
  expect(plant.records.map(({ partId }) => partId)).toEqual(['a', 'b']);
});

test('tags the PLC does not have are left out; needed ones and wrong types are named', async () => {
  const folder = temporaryFolder();
  const lacking = await PlcServer.start({ folder, without: ['ResSeqStart'] });
  const { port, url } = lacking;
  const plant = await station(folder, url);
  const says = (text: string) => until(text, () => health(plant).problem?.includes(text) === true);
  await says('node ns=1;s="Twinspect"."ResSeqStart": BadNodeIdUnknown');
  // Judging does not wait for the PLC's server; the line is as ready as before.
  expect(plant.daemon.publishing!.line('line1').status().why).toBeNull();
  await lacking.stop();
  const narrow = await PlcServer.start({ folder, port, types: { TrigSeq: DataType.Byte } });
  await says('node ns=1;s="Twinspect"."TrigSeq" is of type Byte, expected UInt32 or Double');
  await narrow.stop();
  const without = ['LastMaskPng', 'HeartbeatWhy', 'MaxDefectPx', 'RecipeNo'] as const;
  const types = { Verdict: DataType.Int32, Score: DataType.Double, Heartbeat: DataType.UInt32 };
  const sparse = await PlcServer.start({ folder, port, without, types });
  await ready(sparse);
  expect(await inspect(sparse, 'a', 1)).toBe(verdictCodes.pass);
  expect(sparse.value('Score')).toBeCloseTo(plant.records[0]!.score!, 4);
});

test('encrypted, with a user, and only once its certificate is trusted', async () => {
  const folder = temporaryFolder();
  const plc = await PlcServer.start({ folder, user: { name: 'vision', password: 'a long password' } });
  const passwordFile = join(folder, 'password');
  await writeFile(passwordFile, 'wrong\n');
  const secured = { securityMode: 'SignAndEncrypt', username: 'vision', passwordFile } as const;
  const plant = await station(folder, plc.url, secured);
  const store = join(folder, 'state', 'opcua');
  const listed = (): Promise<string[]> => readdir(join(store, 'rejected'));
  await until('it is refused', () => /certificate|security/i.test(health(plant).problem ?? ''));
  const [certificate] = await listed();
  await mkdir(join(store, 'trusted', 'certs'), { recursive: true });
  await rename(join(store, 'rejected', certificate!), join(store, 'trusted', 'certs', certificate!));
  await until('the password is refused', () => /UserAccessDenied|Identity/i.test(health(plant).problem ?? ''));
  await writeFile(passwordFile, 'a long password\n');
  await ready(plc);
  expect(await inspect(plc, 'a', 1)).toBe(verdictCodes.pass);
});
