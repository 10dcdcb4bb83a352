import { createHash } from 'node:crypto';
import { describe, expect, onTestFinished, test } from 'vitest';
import { startEmbeddedBroker } from '../../daemon/publish/embedded-broker.ts';
import { InboundGuard } from '../../daemon/publish/mqtt/inbound-guard.ts';
import { accepted, acknowledged, granted, handBroker } from '../net/hand-broker.ts';
import { startMosquitto } from '../net/mosquitto.ts';
import { range, readableLog, until } from './fixtures.ts';
import { connected, drained, judge, mqttCounters, mqttProblem, publish } from './mqtt-rig.ts';
import { mosquittoVersion, Subscriber, skipMosquitto } from './plant.ts';

const said = (log: ReturnType<typeof readableLog>, text: RegExp) => log.lines.filter((line) => text.test(line.text));

describe.skipIf(skipMosquitto)(`MQTT 5 with Mosquitto ${mosquittoVersion() ?? '(not installed)'}`, () => {
  test('auto speaks 5: what it is, whose it is, and how long it is worth keeping stand in the properties', async () => {
    const broker = await startMosquitto();
    const log = readableLog();
    const subscriber = await Subscriber.at(broker.port, { protocolVersion: 5 });
    const publishing = await publish(broker.port, { log });
    await until('connected', connected(publishing));
    await judge(publishing, 'fail', true); // part 1
    await until('all there', () => subscriber.record.length === 1 && subscriber.masks.length === 1);
    expect(said(log, /^MQTT 5 connected$/)).toHaveLength(1);
    const of = (leaf: string) =>
      subscriber.packets.find(({ topic }) => topic === `twinspect/line1/${leaf}`)?.properties;
    const whose = { resultId: 'line1-1', partId: 'part 1' };
    const shared = { contentType: 'application/json', payloadFormatIndicator: true };
    expect(of('record')).toMatchObject({ ...shared, userProperties: { schema: 'twinspect.verdict/1', ...whose } });
    expect(of('record')?.messageExpiryInterval).toBeUndefined();
    // A verdict is of this moment or of none.
    expect(of('verdict')).toMatchObject({ ...shared, userProperties: whose });
    expect(of('verdict')?.messageExpiryInterval).toBeLessThanOrEqual(2);
    expect(of('status')).toMatchObject({ ...shared, userProperties: { schema: 'twinspect.status/1' } });
    const mask = subscriber.masks[0];
    const sha256 = createHash('sha256')
      .update(mask?.png ?? '')
      .digest('hex');
    expect(mask?.packet.properties).toMatchObject({
      contentType: 'image/png',
      userProperties: { ...whose, sha256, widthPx: '4', heightPx: '2' },
    });
    expect(mask?.packet.properties?.messageExpiryInterval).toBeGreaterThan(86_000);
    expect(mask?.packet.properties?.messageExpiryInterval).toBeLessThanOrEqual(86_400);
    subscriber.expectValid();
  });

  test('3.1.1 when told so, on the same broker', async () => {
    const broker = await startMosquitto();
    const log = readableLog();
    const publishing = await publish(broker.port, { log, mqtt: { protocol: '3.1.1' } });
    await until('connected', connected(publishing));
    await judge(publishing);
    await until('drained', drained(publishing));
    expect(said(log, /^MQTT 3\.1\.1 connected$/)).toHaveLength(1);
  });

  test('a mask beyond the size the broker takes is given up and counted; what comes behind it goes on', async () => {
    // Mosquitto says so in CONNACK as Maximum Packet Size; 2500 holds a record and our reserve, not this mask.
    const broker = await startMosquitto({ more: ['max_packet_size 5000'] });
    const subscriber = await Subscriber.at(broker.port);
    let large = true;
    const encodePng = async () => new Uint8Array(large ? 50_000 : 50);
    const publishing = await publish(broker.port, { encodePng });
    await until('connected', connected(publishing));
    await judge(publishing, 'fail', true);
    await until('given up', () => publishing.line('line1').status().counters.masksDropped === 1);
    large = false;
    await judge(publishing, 'fail', true);
    await until('the next one', () => subscriber.masks.length === 1);
    expect(subscriber.record.map(({ sequence }) => sequence)).toEqual([1, 2]);
    expect(mqttCounters(publishing)).toMatchObject({ cuts: 0 });
  });

  test('an access list that forbids a topic: said, nothing lost, gone on with when it is allowed', async () => {
    const acl = ['topic readwrite twinspect/line1/status', 'topic readwrite twinspect/line1/last'];
    const users = { line: 'right' };
    const login = { user: 'line', password: 'right' };
    const closed = await startMosquitto({ users, acl: ['user line', ...acl] });
    const publishing = await publish(closed.port, { mqtt: login });
    await until('connected', () => mqttProblem(publishing) === '');
    await judge(publishing);
    await until('said', () =>
      /refuses a message on twinspect\/line1\/record: .*Not authorized/.test(mqttProblem(publishing)),
    );
    expect((await publishing.journal.figures()).waitingRecords).toBe(1);
    await closed.stop();
    await startMosquitto({ port: closed.port, users, acl: ['user line', 'topic readwrite twinspect/#'] });
    await until('drained', drained(publishing));
    await until('well', connected(publishing));
  });
});

test('a broker of 3.1.1 alone: auto falls back, says so once, complains of nothing, and remembers', async () => {
  const broker = await startEmbeddedBroker(0, 'mqtt.port', readableLog());
  onTestFinished(() => broker.stop());
  const log = readableLog();
  const publishing = await publish(broker.port, { log });
  await until('connected', connected(publishing));
  await judge(publishing);
  await until('drained', drained(publishing));
  expect(said(log, /does not take MQTT 5; trying MQTT 3\.1\.1/)).toHaveLength(1);
  expect(log.lines.filter(({ level }) => level === 'warn')).toEqual([]);
  await broker.stop();
  const again = await startEmbeddedBroker(broker.port, 'mqtt.port', readableLog());
  onTestFinished(() => again.stop());
  await until('connected again', () => said(log, /^MQTT 3\.1\.1 connected$/).length === 2);
  expect(said(log, /does not take/)).toHaveLength(1);
});

test('MQTT 5 and nothing else: a broker without it is a problem with a name', async () => {
  const broker = await startEmbeddedBroker(0, 'mqtt.port', readableLog());
  onTestFinished(() => broker.stop());
  const publishing = await publish(broker.port, { mqtt: { protocol: '5' } });
  await until('said', () => /Unacceptable protocol version/.test(mqttProblem(publishing)));
});

test('a broker that hangs up on MQTT 5 without a word is spoken to in 3.1.1', async () => {
  const broker = await handBroker({ connack: ({ protocolVersion }) => (protocolVersion === 5 ? null : accepted()) });
  const publishing = await publish(broker.port);
  await until('connected', connected(publishing));
  expect(broker.clients.map(({ connect }) => connect.protocolVersion)).toEqual([5, 5, 4]);
});

test('no more on the way than the broker takes at once, records in their order, verdicts in front', async () => {
  const held: (() => void)[] = [];
  let open = false;
  const broker = await handBroker({
    connack: () =>
      open ? ({ ...accepted(), properties: { receiveMaximum: 2 } } as ReturnType<typeof accepted>) : null,
    puback: (packet, client) => {
      held.push(() => client.send(acknowledged(packet)));
      return null;
    },
  });
  const publishing = await publish(broker.port, { mqtt: { protocol: '5' }, limits: { keepaliveS: 60 } });
  for (const _ of range(1, 8)) await judge(publishing);
  open = true;
  const client = () => broker.clients.at(-1);
  const topics = () => client()?.published.map(({ topic }) => topic.split('/').at(-1)) ?? [];
  await until('the first two', () => held.length === 2);
  // Birth first: status and last. Whatever else there is waits.
  expect(topics()).toEqual(['status', 'last']);
  await judge(publishing);
  for (let answered = 0; answered < 3; answered += 1) {
    await until('the next', () => held.length > answered);
    held[answered]?.();
  }
  await until('five', () => topics().length === 5);
  expect(topics().indexOf('verdict')).toBeLessThan(topics().indexOf('record'));
  let answered = 3;
  await until('all', async () => {
    expect(held.length - answered).toBeLessThanOrEqual(2);
    if (held.length > answered) held[answered++]?.();
    return (await publishing.journal.figures()).waitingRecords === 0;
  });
  const records = client()?.published.filter(({ topic }) => topic.endsWith('/record')) ?? [];
  expect(records.map(({ payload }) => JSON.parse(String(payload)).sequence)).toEqual(range(1, 9));
});

test('a verdict that had to wait for the broker too long is not sent as live', async () => {
  const held: (() => void)[] = [];
  const broker = await handBroker({
    connack: () => ({ ...accepted(), properties: { receiveMaximum: 1 } }) as ReturnType<typeof accepted>,
    puback: (packet, client) => {
      held.push(() => client.send(acknowledged(packet)));
      return null;
    },
  });
  const publishing = await publish(broker.port, { limits: { keepaliveS: 60, liveMaxMs: 1 } });
  await until('the status is on its way', () => held.length === 1);
  await judge(publishing);
  const startMs = performance.now();
  await until('some ms', () => performance.now() - startMs > 20);
  let answered = 0;
  await until('drained', async () => {
    if (held.length > answered) held[answered++]?.();
    return (await publishing.journal.figures()).waitingRecords === 0;
  });
  const topics = broker.clients[0]?.published.map(({ topic }) => topic.split('/').at(-1));
  expect(topics).toContain('record');
  expect(topics).not.toContain('verdict');
  expect(mqttCounters(publishing)).toMatchObject({ liveSent: 0, liveSkipped: 1 });
});

test('another client of the same id: the takeover is named, and not fought over without pause', async () => {
  const broker = await handBroker({});
  const log = readableLog();
  const publishing = await publish(broker.port, { log, limits: { retryFirstMs: 1, retryLastMs: 150 } });
  await until('connected', connected(publishing));
  broker.clients[0]?.send({ cmd: 'disconnect', reasonCode: 0x8e });
  broker.clients[0]?.hangUp();
  await until('said', () =>
    /another client uses the client id twinspect-line1, and took/.test(mqttProblem(publishing)),
  );
  await until('back', connected(publishing));
  expect(mqttCounters(publishing)).toMatchObject({ takenOver: 1, cuts: 1 });
});

test('a subscription that is refused or never answered: the first is said, the second is a dead link', async () => {
  let refuses = false;
  const broker = await handBroker({
    suback: (packet) => (refuses ? ({ ...granted(packet), granted: [0x87] } as ReturnType<typeof granted>) : null),
  });
  const limits = { connectMaxMs: 100 };
  const publishing = await publish(broker.port, { mqtt: { commandRole: 'operate' }, limits });
  await until('said', () => /does not answer a subscription/.test(mqttProblem(publishing)));
  refuses = true;
  await until('said', () => /refuses the subscription to twinspect\/line1\/cmd\/\+/.test(mqttProblem(publishing)));
  // Verdicts flow all the same.
  await judge(publishing);
  await until('drained', drained(publishing));
});

test('garbage from the broker ends the link, and it is made again', async () => {
  const broker = await handBroker({});
  const publishing = await publish(broker.port);
  for (const garbage of ['ffffffffffff', '000000', '40010000']) {
    await until('connected', connected(publishing));
    const { cuts = 0 } = mqttCounters(publishing);
    broker.clients.at(-1)?.raw(Buffer.from(garbage, 'hex'));
    await until(`cut after ${garbage}`, () => (mqttCounters(publishing)['cuts'] ?? 0) > cuts);
  }
  // A message on a topic we never asked for is no command.
  await until('connected', connected(publishing));
  broker.clients.at(-1)?.send({ cmd: 'publish', topic: 'a', payload: '{}', qos: 0, dup: false, retain: false });
  await judge(publishing);
  await until('drained', drained(publishing));
  expect(broker.clients.at(-1)?.published.some(({ topic }) => topic.endsWith('/answer'))).toBe(false);
});

test('a packet that announces more than a command can be ends the link before it is gathered', async () => {
  const broker = await handBroker({});
  const publishing = await publish(broker.port, { mqtt: { protocol: '3.1.1' } });
  await until('connected', connected(publishing));
  // PUBLISH, 100 MB to come.
  broker.clients[0]?.raw(Buffer.from([0x30, 0x80, 0x84, 0xaf, 0x5f, 0, 1, 0x61]));
  await until('said', () => /a packet of 200000000 bytes, expected at most 65536/.test(mqttProblem(publishing)));
  await until('back', connected(publishing));
});

test('the guard reads headers however the bytes are cut', () => {
  const packet = (bytes: number) =>
    Buffer.concat([Buffer.from([0x30, (bytes & 0x7f) | 0x80, bytes >> 7]), Buffer.alloc(bytes)]);
  const stream = Buffer.concat([
    Buffer.from([0xd0, 0]),
    packet(300),
    packet(1000),
    Buffer.from([0xd0, 0]),
    packet(1001),
  ]);
  for (const step of [1, 2, 3, 7, 311, 5000]) {
    const guard = new InboundGuard(1000);
    let found: number | null = null;
    for (let at = 0; at < stream.length && found === null; at += step)
      found = guard.take(stream.subarray(at, at + step));
    expect(found).toBe(1001);
    const wide = new InboundGuard(1001);
    for (let at = 0; at < stream.length; at += step) expect(wide.take(stream.subarray(at, at + step))).toBe(null);
  }
});
