/**
 * A thousand malformed messages and calls, a quarter each: garbage to the OPC UA port, writes and calls that no server
 * may take, and nonsense on the topics of the broker. Counts what was answered as if it were good.
 */
import { connect } from 'node:net';
import mqtt from 'mqtt';
import { AttributeIds, type ClientSession, DataType, OPCUAClient, type StatusCode, VariantArrayType } from 'node-opcua';
import { systemClock } from '../../daemon/clock.ts';
import { type Random, seeded } from '../../models/random.ts';
import { heed, say, toldSettings } from './child.ts';
import { within } from './moments.ts';

export interface MalformedSettings {
  readonly opcuaUrl: string;
  readonly mqttUrl: string;
  readonly lineId: string;
  readonly messages: number;
}

export type MalformedWord = {
  kind: 'sent';
  garbage: number;
  writes: number;
  calls: number;
  topics: number;
  /** Writes and calls that were answered Good. */
  accepted: number;
  firstAccepted: string | null;
};

const { opcuaUrl, mqttUrl, lineId, messages } = toldSettings<MalformedSettings>();
const quarter = Math.ceil(messages / 4);
const answerMaxMs = 10_000;
/** A connection that says nothing back is left after it. */
const lingerMs = 100;
const random = seeded(4);
heed(() => undefined);

const count = { garbage: 0, writes: 0, calls: 0, topics: 0, accepted: 0 };
let firstAccepted: string | null = null;

function bytes(count: number, of: Random): Buffer {
  return Buffer.from(Array.from({ length: count }, () => Math.floor(of.uniform() * 256)));
}

/** OPC UA Part 6, 7.1.2: three letters, a final byte, the length of the whole; then what the message is. */
function chunk(type: string, length: number, body: Buffer): Buffer {
  const header = Buffer.alloc(8);
  header.write(type, 0, 'ascii');
  header.writeUInt32LE(length >>> 0, 4);
  return Buffer.concat([header, body]);
}

function hello(url: string): Buffer {
  const body = Buffer.alloc(24 + Buffer.byteLength(url));
  for (const [at, value] of [0, 65_536, 65_536, 0, 0].entries()) body.writeUInt32LE(value, at * 4);
  body.writeInt32LE(Buffer.byteLength(url), 20);
  body.write(url, 24);
  return chunk('HELF', 8 + body.length, body);
}

const garbage: readonly (() => Buffer)[] = [
  () => bytes(1 + Math.floor(random.uniform() * 4000), random),
  () => chunk('HELF', 0xffffffff, bytes(64, random)),
  () => chunk('HELF', 8, Buffer.alloc(0)),
  () => chunk('HELF', 40, bytes(4, random)),
  () => Buffer.concat([hello(opcuaUrl), chunk('OPNF', 200, bytes(192, random))]),
  () => Buffer.concat([hello(opcuaUrl), chunk('MSGF', 100, bytes(92, random))]),
  () => Buffer.concat([hello(opcuaUrl), chunk('MSGC', 0x7fffffff, bytes(1000, random))]),
  () => Buffer.concat([hello(opcuaUrl), hello(opcuaUrl)]),
  () => Buffer.from('GET / HTTP/1.1\r\nHost: line\r\n\r\n'),
  () => Buffer.alloc(0),
];

async function throwAt(port: number, what: Buffer): Promise<void> {
  await new Promise<void>((over) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(what));
    socket.on('error', () => over());
    socket.on('close', () => over());
    socket.resume();
    systemClock.after(lingerMs, () => socket.destroy());
  });
  count.garbage += 1;
}

function seenAs(what: string, status: StatusCode): void {
  if (!status.isGood()) return;
  count.accepted += 1;
  firstAccepted ??= `${what}: ${status.name}`;
}

const longString = 'x'.repeat(20_000);
const node = (name: string): string => `ns=1;s=${lineId}.${name}`;
const badWrites = [
  { nodeId: node('Verdict'), value: { dataType: DataType.Int16, value: 1 } },
  { nodeId: node('Verdict'), value: { dataType: DataType.String, value: longString } },
  { nodeId: node('Ready'), value: { dataType: DataType.Boolean, value: true } },
  { nodeId: node('Sequence'), value: { dataType: DataType.UInt32, value: 0xffffffff } },
  { nodeId: node('Heartbeat'), value: { dataType: DataType.Double, value: Number.NaN } },
  { nodeId: node('LastMaskPng'), value: { dataType: DataType.ByteString, value: Buffer.alloc(10_000) } },
  { nodeId: node('TrigSeq'), value: { dataType: DataType.UInt32, value: 1 } },
  { nodeId: node('RecipeNo'), value: { dataType: DataType.Double, value: Number.NaN } },
  { nodeId: node('NoSuchTag'), value: { dataType: DataType.UInt32, value: 1 } },
  { nodeId: 'ns=77;s=nowhere', value: { dataType: DataType.UInt32, value: 1 } },
  { nodeId: 'i=2253', value: { dataType: DataType.UInt32, value: 1 } },
  {
    nodeId: node('Reason'),
    value: { dataType: DataType.String, arrayType: VariantArrayType.Array, value: ['a', longString] },
  },
];

const latest = { objectId: `ns=1;s=${lineId}`, methodId: `ns=1;s=${lineId}.GetLatestResults` };
const badCalls = [
  { ...latest, inputArguments: [] },
  { ...latest, inputArguments: [{ dataType: DataType.String, value: longString }] },
  { ...latest, inputArguments: [{ dataType: DataType.Double, value: Number.NaN }] },
  {
    ...latest,
    inputArguments: [
      { dataType: DataType.UInt32, value: 1 },
      { dataType: DataType.UInt32, value: 1 },
    ],
  },
  { ...latest, objectId: 'i=2253', inputArguments: [{ dataType: DataType.UInt32, value: 1 }] },
  { ...latest, methodId: `ns=1;s=${lineId}.NoSuchMethod`, inputArguments: [] },
  { ...latest, methodId: `ns=1;s=${lineId}.Verdict`, inputArguments: [] },
  { objectId: 'ns=9;i=1', methodId: 'ns=9;i=2', inputArguments: [] },
];

async function writeBadly(session: ClientSession, turn: number): Promise<void> {
  const { nodeId, value } = badWrites[turn % badWrites.length]!;
  const status = await within(
    'the answer to a bad write',
    answerMaxMs,
    session.write({ nodeId, attributeId: AttributeIds.Value, value: { value } }),
  );
  count.writes += 1;
  seenAs(`write ${nodeId} ${DataType[value.dataType]}`, status);
}

async function callBadly(session: ClientSession, turn: number): Promise<void> {
  const call = badCalls[turn % badCalls.length]!;
  const { statusCode } = await within('the answer to a bad call', answerMaxMs, session.call(call));
  count.calls += 1;
  seenAs(`call ${call.methodId} with ${call.inputArguments.length} arguments`, statusCode);
}

const nonsense: readonly (() => Buffer)[] = [
  () => Buffer.alloc(0),
  () => Buffer.from('{'),
  () => Buffer.from('null'),
  () => Buffer.from('[]'),
  () => Buffer.from('{"command":"trigger","partId":42}'),
  () => Buffer.from(`{"command":${'['.repeat(5000)}`),
  () => Buffer.from(JSON.stringify({ command: longString })),
  () => Buffer.from('{"__proto__":{"role":"secure"}}'),
  () => bytes(500, random),
  () => Buffer.from([0xff, 0xfe, 0xc0, 0x80]),
];
const topics = ['cmd', 'cmd/trigger', 'cmd/recipe', 'cmd/threshold', 'cmd/reset', 'cmd/no/such/command', 'status'];

async function speakNonsense(client: mqtt.MqttClient, turn: number): Promise<void> {
  const topic = `twinspect/${lineId}/${topics[turn % topics.length]}`;
  await client.publishAsync(topic, nonsense[turn % nonsense.length]!(), { qos: 1 });
  count.topics += 1;
}

const client = OPCUAClient.create({ endpointMustExist: false, connectionStrategy: { maxRetry: 5 } });
await client.connect(opcuaUrl);
const session = await client.createSession();
const broker = await mqtt.connectAsync(mqttUrl, { protocolVersion: 4 });
const port = Number(new URL(opcuaUrl.replace('opc.tcp:', 'http:')).port);
for (let turn = 0; turn < quarter; turn++) {
  const thrown = throwAt(port, garbage[turn % garbage.length]!());
  await writeBadly(session, turn);
  await callBadly(session, turn);
  await speakNonsense(broker, turn);
  await thrown;
}
await broker.endAsync(true);
await session.close();
await client.disconnect();
const word: MalformedWord = { kind: 'sent', ...count, firstAccepted };
say(word);
