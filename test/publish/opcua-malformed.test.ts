import { connect } from 'node:net';
import { AttributeIds, OPCUAClient, StatusCodes } from 'node-opcua';
import { expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../daemon/clock.ts';
import { startOpcUa } from '../../daemon/publish/opcua/server.ts';
import { readableLog, temporaryFolder } from './fixtures.ts';

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

test('a malformed chunk behind a Hello, in one segment, closes its connection and nothing else', async () => {
  const log = readableLog();
  const settings = { host: '127.0.0.1', port: 0, stateFolder: temporaryFolder() };
  const server = await startOpcUa({
    ...{ settings, setting: 'opcua.port', lineIds: ['line1'], clock: systemClock, log },
    latest: async () => [],
  });
  onTestFinished(() => server.stop());
  const port = Number(/:(\d+)\//.exec(server.endpoint)![1]);

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

  const client = OPCUAClient.create({ endpointMustExist: false, connectionStrategy: { maxRetry: 0 } });
  await client.connect(server.endpoint);
  const session = await client.createSession();
  const { statusCode } = await session.read({ nodeId: 'ns=1;s=line1.Ready', attributeId: AttributeIds.Value });
  expect(statusCode).toEqual(StatusCodes.Good);
  await session.close();
  await client.disconnect();
});
