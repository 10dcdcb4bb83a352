/** What a PLC's connection and its write calls mean for its parts, with a real client in front of a whole daemon. */
import { join } from 'node:path';
import {
  AttributeIds,
  type ClientSession,
  OPCUAClient,
  type StatusCode,
  StatusCodes,
  UserTokenType,
  type WriteValueOptions,
} from 'node-opcua';
import { beforeAll, expect, onTestFinished, test } from 'vitest';
import { type TagName, tags } from '../../daemon/publish/opcua/plc/tag-table.ts';
import { temporaryFolder, until } from '../inference/rig.ts';
import { tinyFiles } from '../inference/taught-once.ts';
import { lenient, writeBundle } from '../inference/tiny-bundle.ts';
import { syntheticCamera } from '../run/rig.ts';
import { openStation, type Station, stateOf, user } from './rig.ts';

let files: Map<string, Uint8Array>;
beforeAll(async () => {
  files = await tinyFiles();
});

async function open(): Promise<Station> {
  const folder = temporaryFolder();
  const bundle = await writeBundle(join(folder, 'a@1.0.0'), files, lenient);
  return openStation(stateOf(folder), bundle, syntheticCamera());
}

async function connect({ endpoint }: Station) {
  const client = OPCUAClient.create({ endpointMustExist: false, connectionStrategy: { maxRetry: 0 } });
  await client.connect(endpoint);
  const { name: userName, password } = user;
  const session = await client.createSession({ type: UserTokenType.UserName, userName, password });
  onTestFinished(async () => {
    await session.close().catch(() => undefined);
    await client.disconnect();
  });
  return { client, session };
}

const write = (session: ClientSession, ...values: readonly [TagName, unknown][]): Promise<StatusCode[]> => {
  const nodes: WriteValueOptions[] = values.map(([name, value]) => ({
    nodeId: `ns=1;s=line1.${name}`,
    attributeId: AttributeIds.Value,
    value: value === undefined ? {} : { value: { dataType: tags[name].type, value } },
  }));
  return session.write(nodes);
};

async function read(session: ClientSession, ...names: readonly TagName[]): Promise<unknown[]> {
  const values = await session.read(
    names.map((name) => ({ nodeId: `ns=1;s=line1.${name}`, attributeId: AttributeIds.Value })),
  );
  return values.map(({ value }) => value.value);
}

async function reads(session: ClientSession, name: TagName, value: unknown): Promise<void> {
  for (let seen: unknown; seen !== value; ) [seen] = await read(session, name);
}

const stands = (session: ClientSession) =>
  read(session, 'Verdict', 'ResSeqStart', 'ResSeq', 'Ring10Verdict', 'Ring10ResSeqStart', 'Ring10ResSeq', 'Armed');
const good = [1, 42, 42, 1, 42, 42, true];
const cleared = [0, 1, 0, 0, 1, 0, false];

test.each([
  ['its session is closed', async ({ session }: Awaited<ReturnType<typeof connect>>) => session.close()],
  ['its connection is cut', async ({ client }: Awaited<ReturnType<typeof connect>>) => cut(client)],
])("%s: nothing stands there for whoever comes next, and the PLC's next number triggers nothing", async (_how, end) => {
  const station = await open();
  const plc = await connect(station);
  const screen = await connect(station);
  await reads(plc.session, 'Ready', true);
  await write(plc.session, ['TrigSeq', 41]);
  await write(plc.session, ['TrigSeq', 42]);
  await reads(plc.session, 'Busy', false);
  expect(await stands(screen.session)).toEqual(good);
  await end(plc);
  await reads(screen.session, 'Armed', false);
  expect(await stands(screen.session)).toEqual(cleared);
  const again = await connect(station);
  await write(again.session, ['TrigSeq', 43]);
  expect(await read(again.session, 'TrigEcho', 'Armed', 'Busy')).toEqual([43, true, false]);
  expect(station.records.map(({ plantSequence }) => plantSequence)).toEqual([42]);
});

/** As a cable is: without a word. */
function cut(client: OPCUAClient): void {
  const { _secureChannel: channel } = client as unknown as {
    _secureChannel: { getTransport(): { _socket: { destroy(): void } } };
  };
  channel.getTransport()._socket.destroy();
}

test('whoever reads comes and goes, and the PLC counts on', async () => {
  const station = await open();
  const [plc, screen] = [await connect(station), await connect(station)];
  await reads(plc.session, 'Ready', true);
  await write(plc.session, ['TrigSeq', 41]);
  await write(plc.session, ['TrigSeq', 42]);
  await reads(plc.session, 'Busy', false);
  await write(screen.session, ['AckSeq', 42]);
  await screen.session.close();
  expect(await stands(plc.session)).toEqual(good);
});

test('the count is written behind all else of its call, wherever it stands there', async () => {
  const station = await open();
  const { session } = await connect(station);
  await reads(session, 'Ready', true);
  await write(session, ['TrigSeq', 1]);
  expect(await write(session, ['TrigSeq', 2], ['PartId', 'A'], ['Mode', 1])).toEqual(Array(3).fill(StatusCodes.Good));
  expect(await write(session, ['TrigSeq', 3], ['PartId', 'x'.repeat(65)], ['Mode', 0])).toEqual([
    ...[StatusCodes.Good, StatusCodes.BadOutOfRange, StatusCodes.Good],
  ]);
  expect(await write(session, ['PartId', 'C'], ['TrigSeq', 4])).toEqual([StatusCodes.Good, StatusCodes.Good]);
  await until('three records', () => station.records.length === 3);
  expect(station.records.map(({ partId, challenge }) => [partId, challenge])).toEqual([
    ['A', true],
    [null, false],
    ['C', false],
  ]);
});

test('a write without a value is refused, and what was meant is not what stood there before', async () => {
  const station = await open();
  const { session } = await connect(station);
  await reads(session, 'Ready', true);
  await write(session, ['TrigSeq', 1], ['PartId', 'A']);
  await write(session, ['PartId', 'B']);
  expect(await write(session, ['PartId', undefined], ['TrigSeq', 2])).toEqual([
    ...[StatusCodes.BadTypeMismatch, StatusCodes.Good],
  ]);
  expect(await write(session, ['Mode', undefined], ['TrigSeq', 3])).toEqual([
    ...[StatusCodes.BadTypeMismatch, StatusCodes.BadInvalidState],
  ]);
  await until('a record', () => station.records.length === 1);
  expect(station.records.map(({ plantSequence, partId }) => [plantSequence, partId])).toEqual([[2, null]]);
});
