import { connect } from 'node:net';
import { AttributeIds, OPCUAClient, StatusCodes } from 'node-opcua';
import { expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../daemon/clock.ts';
import { type OpcUa, startOpcUa } from '../../daemon/publish/opcua/server.ts';
import { stateAt } from '../state/at.ts';
import { type ReadableLog, readableLog, temporaryFolder, until } from './fixtures.ts';
import { Wire } from './plant.ts';

/** OPC UA Part 6, 7.1.2.2: type, final, length of the whole. */
function chunk(type: string, lengthBytes: number, body: Buffer): Buffer {
  const header = Buffer.alloc(8);
  header.write(`${type}F`, 'ascii');
  header.writeUInt32LE(lengthBytes, 4);
  return Buffer.concat([header, body]);
}

function hello(endpoint: string): Buffer {
  const url = Buffer.from(endpoint);
  const body = Buffer.alloc(24);
  for (const [index, value] of [0, 65_536, 65_536, 0, 0, url.length].entries()) body.writeUInt32LE(value, index * 4);
  return chunk('HEL', 8 + body.length + url.length, Buffer.concat([body, url]));
}

async function open(): Promise<{ server: OpcUa; log: ReadableLog; port: number }> {
  const log = readableLog();
  const settings = { host: '127.0.0.1', port: 0, state: stateAt(temporaryFolder()) };
  const server = await startOpcUa({
    ...{ settings, setting: 'opcua.port', lineIds: ['line1'], clock: systemClock, log },
    latest: async () => [],
  });
  onTestFinished(() => server.stop());
  return { server, log, port: Number(/:(\d+)\//.exec(server.endpoint)![1]) };
}

async function connected(url: string): Promise<OPCUAClient> {
  const client = OPCUAClient.create({ endpointMustExist: false, connectionStrategy: { maxRetry: 0 } });
  // A client whose wire was cut says so and gives up.
  client.on('connection_lost', () => undefined);
  await client.connect(url);
  return client;
}

test('a malformed chunk behind a Hello, in one segment, closes its connection and nothing else', async () => {
  const { server, log, port } = await open();
  for (const lengthBytes of [0x7fffffff, 3]) {
    const before = server.lane('line1')!.health().counters['malformed']!;
    const closed = new Promise((resolve) => {
      const socket = connect(port, '127.0.0.1', () =>
        socket.write(Buffer.concat([hello(server.endpoint), chunk('MSG', lengthBytes, Buffer.alloc(100))])),
      );
      socket.resume().once('close', resolve);
    });
    await closed;
    expect(server.lane('line1')!.health().counters['malformed']).toBe(before + 1);
  }
  expect(log.lines.filter(({ text }) => text.includes('malformed message'))).toHaveLength(2);

  const client = await connected(server.endpoint);
  const session = await client.createSession();
  const { statusCode } = await session.read({ nodeId: 'ns=1;s=line1.Ready', attributeId: AttributeIds.Value });
  expect(statusCode).toEqual(StatusCodes.Good);
  await session.close();
  await client.disconnect();
});

test('a hundred dead clients lock nobody out; a living one stays', async () => {
  const { server, port } = await open();
  const wire = await Wire.to(port);
  const sessions = () => server.lane('line1')!.health().counters['sessions']!;

  const living = await connected(server.endpoint);
  const session = await living.createSession();
  const dead: OPCUAClient[] = [];
  for (let count = 0; count < 99; count++) {
    const client = await connected(server.endpoint.replace(`:${port}`, `:${wire.port}`));
    dead.push(client);
    await client.createSession();
  }
  expect(sessions()).toBe(100);
  wire.cut();
  await until('room is made', () => sessions() <= 90);

  for (let count = 0; count < 15; count++) {
    const again = await connected(server.endpoint);
    await (await again.createSession()).close();
    await again.disconnect();
  }
  const { statusCode } = await session.read({ nodeId: 'ns=1;s=line1.Ready', attributeId: AttributeIds.Value });
  expect(statusCode).toEqual(StatusCodes.Good);
  await session.close();
  await living.disconnect();
  await Promise.all(dead.map((client) => client.disconnect()));
});
