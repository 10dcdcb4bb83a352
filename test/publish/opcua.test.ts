import { spawnSync } from 'node:child_process';
import { readdirSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import {
  AddressSpace,
  AttributeIds,
  ClientMonitoredItem,
  type ClientSession,
  DataType,
  type DataValue,
  generateAddressSpace,
  nodesets,
  OPCUAClient,
  StatusCodes,
  TimestampsToReturn,
  type UAVariable,
} from 'node-opcua';
import { expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../daemon/clock.ts';
import { openedByCamera } from '../../daemon/line/verdict.ts';
import { resultValues } from '../../daemon/publish/opcua/plc/result-values.ts';
import { type TagName, tags } from '../../daemon/publish/opcua/plc/tag-table.ts';
import { startOpcUa } from '../../daemon/publish/opcua/server.ts';
import { TagBlock } from '../../daemon/publish/opcua/tags.ts';
import { type Publishing, startPublishing } from '../../daemon/publish/publishing.ts';
import { stateAt } from '../state/at.ts';
import { freePort, judged, readableLog, temporaryFolder, until } from './fixtures.ts';

const png = new Uint8Array([137, 80, 78, 71, 1, 2, 3]);

async function publish(stateFolder: string): Promise<Publishing> {
  const publishing = await startPublishing({
    state: stateAt(stateFolder),
    lineIds: ['line1'],
    mqtt: null,
    opcua: { host: '127.0.0.1', port: await freePort(), setting: 'opcua.port' },
    clock: systemClock,
    log: readableLog(),
    encodePng: async () => png,
    limits: { heartbeatMs: 50 },
  });
  onTestFinished(() => publishing.stop());
  return publishing;
}

async function session(endpoint: string): Promise<ClientSession> {
  const client = OPCUAClient.create({ endpointMustExist: false, connectionStrategy: { maxRetry: 0 } });
  await client.connect(endpoint);
  const made = await client.createSession();
  onTestFinished(async () => {
    await made.close();
    await client.disconnect();
  });
  return made;
}

async function read(from: ClientSession, name: TagName): Promise<DataValue> {
  return from.read({ nodeId: `ns=1;s=line1.${name}`, attributeId: AttributeIds.Value });
}

const part = { lineId: 'line1', trigger: 1, partId: null, origin: openedByCamera, openedAtMs: 1, deadlineMs: 300 };

test('a PLC client: tags, Sequence last with one timestamp, mask, results, restart', async () => {
  const stateFolder = temporaryFolder();
  const publishing = await publish(stateFolder);
  const line = publishing.line('line1');
  const plc = await session(publishing.opcuaEndpoint ?? '');

  // After a start: no verdict and not ready, every tag there with its type.
  for (const name of Object.keys(tags) as TagName[]) {
    const { statusCode, value } = await read(plc, name);
    expect([name, statusCode]).toEqual([name, StatusCodes.Good]);
    expect([name, value.dataType]).toEqual([name, tags[name].initial === null ? value.dataType : tags[name].type]);
  }
  expect((await read(plc, 'Verdict')).value.value).toBe(0);
  expect((await read(plc, 'Ready')).value.value).toBe(false);
  line.setState({ ready: true, why: null, fault: null, bundle: null });
  expect((await read(plc, 'Ready')).value.value).toBe(true);

  // A subscription on everything, as it arrives.
  const subscription = await plc.createSubscription2({
    requestedPublishingInterval: 10,
    requestedLifetimeCount: 1000,
    requestedMaxKeepAliveCount: 10,
    maxNotificationsPerPublish: 0,
    publishingEnabled: true,
    priority: 1,
  });
  expect(subscription.publishingInterval).toBe(10);
  const changes: { name: TagName; value: DataValue }[] = [];
  const watched = ['Sequence', 'Verdict', 'Reason', 'ResultId', 'Trigger', 'ResPartId', 'Score'] as const;
  for (const name of watched) {
    const item = ClientMonitoredItem.create(
      subscription,
      { nodeId: `ns=1;s=line1.${name}`, attributeId: AttributeIds.Value },
      { samplingInterval: 0, queueSize: 10, discardOldest: true },
      TimestampsToReturn.Both,
    );
    item.on('changed', (value: DataValue) => changes.push({ name, value }));
  }
  await until('first values', () => changes.length === watched.length);
  changes.length = 0;

  const sequence = line.opened(part);
  const record = judged(sequence, 'fail');
  await line.closed(record, { mask: { widthPx: 1, heightPx: 1, pixels: new Uint8Array(1) } });
  await until('the result', () => changes.length === watched.length);
  const of = (name: TagName) => changes.find((change) => change.name === name)?.value;
  expect(of('Sequence')?.value.value).toBe(sequence);
  expect(of('Verdict')?.value.value).toBe(2);
  expect(of('Reason')?.value.value).toBe('defect');
  expect(of('ResultId')?.value.value).toBe(`line1-${sequence}`);
  expect(of('Trigger')?.value.value).toBe(record.trigger);
  expect(of('Score')?.value.value).toBeCloseTo(0.25, 6);
  // One result, one source timestamp.
  expect(new Set(changes.map(({ value }) => value.sourceTimestamp?.getTime())).size).toBe(1);
  await until('the mask', async () => Buffer.compare((await read(plc, 'LastMaskPng')).value.value ?? '', png) === 0);
  expect(
    (await plc.read({ nodeId: 'ns=1;s=line1.LastMaskPng', attributeId: AttributeIds.DataType })).value.value,
  ).toEqual(expect.objectContaining({ namespace: 0, value: 2003 }));

  const call = await plc.call({
    objectId: 'ns=1;s=line1',
    methodId: 'ns=1;s=line1.GetLatestResults',
    inputArguments: [{ dataType: DataType.UInt32, value: 5 }],
  });
  expect(call.statusCode).toEqual(StatusCodes.Good);
  expect(call.outputArguments?.[0]?.value.map((json: string) => JSON.parse(json))).toEqual([
    { ...record, epoch: publishing.journal.epoch },
  ]);

  line.setPulse(null);
  const beat = (await read(plc, 'Heartbeat')).value.value;
  await until('heartbeat', async () => (await read(plc, 'Heartbeat')).value.value > beat);

  const refused = await plc.write({
    nodeId: 'ns=1;s=line1.Verdict',
    attributeId: AttributeIds.Value,
    value: { value: { dataType: DataType.Int16, value: 1 } },
  });
  expect(refused.isGood()).toBe(false);
  expect((await read(plc, 'Verdict')).value.value).toBe(2);
});

test('ResSeqStart is written first and ResSeq last of a result, all with the same timestamp', async () => {
  const space = AddressSpace.create();
  onTestFinished(() => space.dispose());
  space.registerNamespace('urn:twinspect:test');
  await generateAddressSpace(space, [nodesets.standard]);
  const namespace = space.getOwnNamespace();
  const folder = namespace.addObject({ browseName: 'line1', nodeId: 's=line1', organizedBy: space.rootFolder.objects });
  const block = new TagBlock(namespace, folder, 'line1');
  block.reset(new Date(1000));
  const written: { name: TagName; atMs: number | undefined }[] = [];
  for (const name of Object.keys(tags) as TagName[]) {
    const node = space.findNode(`ns=1;s=line1.${name}`) as UAVariable;
    node.on('value_changed', (value) => written.push({ name, atMs: value.sourceTimestamp?.getTime() }));
  }
  block.show(resultValues(judged(5, 'fail'), 1), new Date(2000));
  expect(written.at(0)?.name).toBe('ResSeqStart');
  expect(written.at(-1)?.name).toBe('ResSeq');
  expect(written.map(({ name }) => name)).toEqual(
    expect.arrayContaining(['Verdict', 'ResultId', 'Score', 'ResPartId', 'Sequence', 'Result']),
  );
  expect(written.filter(({ atMs }) => atMs !== 2000)).toEqual([]);
});

test('after a restart: no verdict, not ready, the ring remembers, the certificate is the same', async () => {
  const stateFolder = temporaryFolder();
  const first = await publish(stateFolder);
  first.line('line1').setState({ ready: true, why: null, fault: null, bundle: null });
  await first.line('line1').closed(judged(first.line('line1').opened(part), 'pass'), null);
  const certificates = join(stateFolder, 'opcua', 'own', 'certs');
  const before = readdirSync(certificates).map((name) => [name, statSync(join(certificates, name)).mtimeMs]);
  expect(before.length).toBeGreaterThan(0);
  await first.stop();

  const second = await publish(stateFolder);
  const plc = await session(second.opcuaEndpoint ?? '');
  expect((await read(plc, 'Verdict')).value.value).toBe(0);
  expect((await read(plc, 'Sequence')).value.value).toBe(0);
  expect((await read(plc, 'Ready')).value.value).toBe(false);
  expect((await second.journal.latest('line1', 5)).map((record) => record.resultId)).toEqual(['line1-1']);
  expect(readdirSync(certificates).map((name) => [name, statSync(join(certificates, name)).mtimeMs])).toEqual(before);
});

function starting(host: string, port: number, stateFolder: string) {
  const latest = async () => [];
  const settings = { host, port, state: stateAt(stateFolder) };
  const setting = 'opcua.port';
  return startOpcUa({ settings, setting, lineIds: ['line1'], clock: systemClock, log: readableLog(), latest });
}

test.each(['0.0.0.0', '192.168.0.5', '::', ''])('listening on %j is refused without a user', async (host) => {
  await expect(starting(host, await freePort(), temporaryFolder())).rejects.toMatchObject({ code: 'opcua/noUser' });
});

test('port taken: the error names port and setting', async () => {
  const holder = createServer();
  await new Promise<void>((resolve) => holder.listen(0, '127.0.0.1', () => resolve()));
  onTestFinished(() => void holder.close());
  const { port } = holder.address() as { port: number };
  const taken = starting('127.0.0.1', port, temporaryFolder());
  await expect(taken).rejects.toMatchObject({ code: 'port/taken' });
  await expect(taken).rejects.toThrow(new RegExp(`127\\.0\\.0\\.1:${port}: .*opcua\\.port`));
});

test('a state folder that cannot be written: the error says so', async () => {
  const file = join(temporaryFolder(), 'file');
  writeFileSync(file, '');
  await expect(starting('127.0.0.1', await freePort(), file)).rejects.toMatchObject({ code: 'opcua/start' });
});

test('the library says nothing on the console', () => {
  const script = join(import.meta.dirname, 'opcua-child.ts');
  const { stdout, stderr, status } = spawnSync(process.execPath, [script, temporaryFolder()], { encoding: 'utf8' });
  expect({ stdout, stderr, status }).toEqual({ stdout: 'listens\n', stderr: '', status: 0 });
});
