import mqtt from 'mqtt';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { LineCommands, Order, Ordered, TriggerRequest } from '../../daemon/command/port.ts';
import { deniedTo } from '../../daemon/command/roles.ts';
import type { Publishing } from '../../daemon/publish/publishing.ts';
import { openBdSeq } from '../../daemon/publish/sparkplug/bd-seq.ts';
import { deviceCommand } from '../../daemon/publish/sparkplug/device-command.ts';
import {
  decodePayload,
  encodePayload,
  type Metric,
  type MetricValue,
  type SparkplugPayload,
} from '../../daemon/publish/sparkplug/payload.ts';
import { startMosquitto } from '../net/mosquitto.ts';
import { stateAt } from '../state/at.ts';
import { range, readableLog, temporaryFolder, until } from './fixtures.ts';
import { judge, publish } from './mqtt-rig.ts';
import { checkMessage, mosquittoVersion, skipMosquitto, Wire } from './plant.ts';

interface Heard extends SparkplugPayload {
  readonly kind: string;
  readonly device: string | null;
}

/** A host application: decodes everything of the group and holds each message against the rules of the session. */
class Host {
  readonly heard: Heard[] = [];
  readonly broken: string[] = [];
  readonly #types = new Map<string, Map<string, string>>();
  #values = new Map<string, MetricValue>();
  #seq: number | null = null;
  #bdSeq: MetricValue = null;
  client: mqtt.MqttClient | null = null;

  static async at(port: number): Promise<Host> {
    const host = new Host();
    const client = mqtt.connect(`mqtt://127.0.0.1:${port}`, { reconnectPeriod: 50 });
    host.client = client;
    onTestFinished(() => client.endAsync(true));
    client.on('message', (topic, payload, packet) => host.#take(topic, payload, packet));
    await new Promise<void>((resolve) => client.once('connect', () => resolve()));
    await client.subscribeAsync('spBv1.0/plant/#', { qos: 1 });
    return host;
  }

  #take(topic: string, bytes: Buffer, { qos, retain }: mqtt.IPublishPacket): void {
    const [, , kind = '', , device = null] = topic.split('/');
    if (kind === 'NCMD' || kind === 'DCMD') return;
    const payload = decodePayload(bytes);
    const rule = (holds: boolean, text: string) => holds || this.broken.push(`${topic}: ${text}`);
    rule(!retain, 'is retained');
    rule(qos === (kind === 'NDEATH' ? 1 : 0), `has QoS ${qos}`);
    const bdSeq = payload.metrics.find(({ name }) => name === 'bdSeq')?.value ?? null;
    if (kind === 'NDEATH') {
      rule(payload.seq === null, 'has a seq');
      rule(bdSeq !== null && payload.metrics.length === 1, 'is more than bdSeq');
      if (bdSeq === this.#bdSeq) this.#seq = null; // this session is over
    } else {
      const next = kind === 'NBIRTH' ? 0 : this.#seq === null ? null : (this.#seq + 1) % 256;
      rule(payload.seq === next, `has seq ${payload.seq}, expected ${next}`);
      this.#seq = payload.seq;
      this.#checkMetrics(kind, device ?? '', payload.metrics, rule);
    }
    if (kind === 'NBIRTH') {
      rule(bdSeq !== null, 'has no bdSeq');
      this.#bdSeq = bdSeq;
    }
    this.heard.push({ ...payload, kind, device });
  }

  #checkMetrics(
    kind: string,
    device: string,
    metrics: readonly Metric[],
    rule: (holds: boolean, text: string) => void,
  ) {
    if (kind.endsWith('BIRTH')) {
      this.#types.set(device, new Map(metrics.map(({ name, type }) => [name, type])));
      this.#values = new Map();
    }
    if (kind === 'NBIRTH') for (const known of this.#types.keys()) if (known !== '') this.#types.delete(known);
    const types = this.#types.get(device);
    rule(types !== undefined, 'comes before its birth');
    for (const { name, type, value } of metrics) {
      rule(types?.get(name) === type, `${name} is not as in the birth`);
      if (kind.endsWith('DATA')) rule(this.#values.get(name) !== value, `${name} did not change`);
      this.#values.set(name, value);
    }
  }

  of(kind: string): Heard[] {
    return this.heard.filter((heard) => heard.kind === kind);
  }

  /** What a host shows of a device now. */
  value(name: string): MetricValue {
    return this.#values.get(name) ?? null;
  }

  send(kind: string, metrics: readonly Omit<Metric, 'atMs'>[], atMs = Date.UTC(2020, 0)): void {
    const payload = encodePayload({ atMs, seq: null, metrics: metrics.map((metric) => ({ ...metric, atMs })) });
    const device = kind === 'DCMD' ? '/line1' : '';
    this.client?.publish(`spBv1.0/plant/${kind}/press-7${device}`, Buffer.from(payload));
  }
}

const sparkplug = { group: 'plant', edge: 'press-7', primaryHost: null };
const nodeHealth = (publishing: Publishing) => publishing.health().find(({ name }) => name.startsWith('sparkplug'));

describe.skipIf(skipMosquitto)(`Sparkplug B through Mosquitto ${mosquittoVersion() ?? '(not installed)'}`, () => {
  test.each([['5'], ['3.1.1']] as const)(
    'MQTT %s: births, data by exception, death before the farewell',
    async (protocol) => {
      const broker = await startMosquitto();
      const host = await Host.at(broker.port);
      const publishing = await publish(broker.port, { mqtt: { sparkplug, protocol } });
      await until('born', () => host.of('DBIRTH').length === 1);
      expect(host.heard.slice(0, 2).map(({ kind }) => kind)).toEqual(['NBIRTH', 'DBIRTH']);
      expect(host.of('NBIRTH')[0]?.metrics.find(({ name }) => name === 'Node Control/Rebirth')?.value).toBe(false);
      expect(host.value('Result/Verdict')).toBe(0);
      await until('ready', () => host.value('State/Ready') === true);
      await judge(publishing, 'pass');
      await until('passed', () => host.value('Result/Decision') === 'pass');
      expect(host.value('Result/Live')).toBe(true);
      await judge(publishing, 'fail', true);
      await until('failed', () => host.value('Result/Verdict') === 2);
      expect(host.value('Result/MaskTopic')).toBe('twinspect/line1/mask/line1-2');
      expect(host.value('Result/Regions')).toBe(1);
      await publishing.stop();
      // In MQTT 5 the farewell itself must have the will said (6.4.25): the same death twice.
      await until('dead', () => host.of('NDEATH').length === (protocol === '5' ? 2 : 1));
      const bdSeq = ({ metrics }: SparkplugPayload) => metrics.find(({ name }) => name === 'bdSeq')?.value;
      for (const death of host.of('NDEATH')) expect(bdSeq(death)).toBe(bdSeq(host.of('NBIRTH')[0] as Heard));
      expect(host.broken).toEqual([]);
    },
  );

  test('seq goes round at 256 over all messages of the node', async () => {
    const broker = await startMosquitto();
    const host = await Host.at(broker.port);
    const publishing = await publish(broker.port, { mqtt: { sparkplug } });
    await until('born', () => host.of('DBIRTH').length === 1);
    for (const _ of range(1, 300)) await judge(publishing);
    await until('all there', () => host.value('Result/Sequence') === 300);
    expect(host.heard.length).toBeGreaterThan(256);
    expect(host.heard.some(({ seq }) => seq === 255)).toBe(true);
    expect(host.broken).toEqual([]);
  });

  test('cut: the death of that birth is told; the next one has another number, and no verdict to act on', async () => {
    const broker = await startMosquitto();
    const host = await Host.at(broker.port);
    const wire = await Wire.to(broker.port);
    const publishing = await publish(wire.port, { mqtt: { sparkplug } });
    await until('born', () => host.of('DBIRTH').length === 1);
    await judge(publishing);
    await until('passed', () => host.value('Result/Live') === true);
    wire.cut();
    await until('dead', () => host.of('NDEATH').length === 1);
    await judge(publishing, 'fail');
    wire.heal();
    await until('born again', () => host.of('DBIRTH').length === 2);
    // Judged while nobody listened: known, and not announced.
    expect(host.value('Result/Sequence')).toBe(2);
    expect(host.value('Result/Live')).toBe(false);
    const numbers = [...host.of('NBIRTH'), ...host.of('NDEATH')].map(
      ({ metrics }) => metrics.find(({ name }) => name === 'bdSeq')?.value as number,
    );
    expect(numbers[2]).toBe(numbers[0]);
    expect(numbers[1]).toBeGreaterThan(numbers[0] as number);
    await judge(publishing);
    await until('live again', () => host.value('Result/Live') === true);
    expect(host.broken).toEqual([]);
  });

  test('rebirth on request, with the same number; a storm of requests is answered by one', async () => {
    const broker = await startMosquitto();
    const host = await Host.at(broker.port);
    await publish(broker.port, { mqtt: { sparkplug } });
    await until('born', () => host.of('DBIRTH').length === 1);
    host.client?.publish('spBv1.0/plant/NCMD/press-7', 'no payload at all');
    for (const _ of range(1, 20)) host.send('NCMD', [{ name: 'Node Control/Rebirth', type: 'Boolean', value: true }]);
    host.send('NCMD', [{ name: 'Node Control/Rebirth', type: 'Boolean', value: false }]);
    await until('born again', () => host.of('DBIRTH').length === 2);
    const bdSeqs = host.of('NBIRTH').map(({ metrics }) => metrics.find(({ name }) => name === 'bdSeq')?.value);
    expect(new Set(bdSeqs).size).toBe(1);
    expect(host.of('NBIRTH').length).toBe(2);
    expect(host.broken).toEqual([]);
  });

  test('a primary host: no birth before it is there, death when it goes, birth when it is back', async () => {
    const broker = await startMosquitto();
    const host = await Host.at(broker.port);
    const says = (online: boolean, timestamp: number) =>
      host.client?.publishAsync('spBv1.0/STATE/scada', JSON.stringify({ online, timestamp }), { qos: 1, retain: true });
    const publishing = await publish(broker.port, { mqtt: { sparkplug: { ...sparkplug, primaryHost: 'scada' } } });
    await until('waits', () => /waits for the primary host scada/.test(nodeHealth(publishing)?.problem ?? ''));
    expect(host.heard).toEqual([]);
    await says(true, 1000);
    await until('born', () => host.of('DBIRTH').length === 1);
    await says(false, 900); // the will of an earlier session
    await says(false, 1000);
    await until('dead', () => host.of('NDEATH').length === 1);
    await until('waits again', () => /waits for the primary host/.test(nodeHealth(publishing)?.problem ?? ''));
    await says(true, 2000);
    await until('born again', () => host.of('DBIRTH').length === 2);
    expect(host.broken).toEqual([]);
  });

  test('device commands go the way of all commands, and are answered in a metric', async () => {
    const broker = await startMosquitto();
    const host = await Host.at(broker.port);
    const publishing = await publish(broker.port, { mqtt: { sparkplug, commandRole: 'configure' } });
    const [triggers, orders]: [TriggerRequest[], Order[]] = [[], []];
    let now: Ordered = { recipe: 1, threshold: null, execution: 'continuous', halted: null };
    const listeners: ((now: Ordered) => void)[] = [];
    const line: LineCommands = {
      denied: deniedTo,
      trigger: (_actor, request) => ({ sequence: triggers.push(request), resultId: `line1-${triggers.length}` }),
      async order(_actor, order) {
        orders.push(order);
        if (order.kind === 'selectRecipe') now = { ...now, recipe: order.recipe };
        for (const listener of listeners) listener(now);
      },
      ordered: () => now,
      recipes: () => [],
      onOrdered: (listener) => void listeners.push(listener),
    };
    publishing.line('line1').attach(line, () => undefined);
    await until('born', () => host.of('DBIRTH').length === 1);
    const answer = () => JSON.parse(String(host.value('Command/Answer') ?? '{}'));
    const ask = (...metrics: [string, Metric['type'], MetricValue][]) =>
      host.send(
        'DCMD',
        metrics.map(([name, type, value]) => ({ name, type, value })),
        0,
      );
    ask(
      ['Command/RequestId', 'String', 'a'],
      ['Command/Trigger', 'Boolean', true],
      ['Command/PartId', 'String', 'p 1'],
    );
    await until('answered', () => answer().requestId === 'a');
    expect(answer()).toMatchObject({ ok: true, verb: 'trigger', result: { resultId: 'line1-1' } });
    checkMessage('cmd/answer', answer());
    expect(triggers[0]).toMatchObject({ partId: 'p 1', challenge: false });
    ask(['Command/RequestId', 'String', 'b'], ['Command/SelectRecipe', 'Int32', 2]);
    await until('ordered', () => host.value('Orders/Recipe') === 2);
    ask(['Command/RequestId', 'String', 'c'], ['Command/SetThreshold', 'Double', null]);
    await until('answered', () => answer().requestId === 'c');
    expect(orders.map(({ kind }) => kind)).toEqual(['selectRecipe', 'setThreshold']);
    ask(['Command/Halt', 'String', 'x'], ['Command/Reset', 'String', 'x']);
    await until('refused', () => /no such verb/.test(answer().problem ?? ''));
    ask(['Command/Trigger', 'Boolean', false]);
    host.client?.publish('spBv1.0/plant/DCMD/press-7/line1', Buffer.alloc(100, 0xff));
    host.client?.publish('spBv1.0/plant/DCMD/press-7/line9', Buffer.alloc(3));
    await until('counted', () => nodeHealth(publishing)?.counters['unreadable'] === 1);
    expect(triggers).toHaveLength(1);
    expect(host.broken).toEqual([]);
  });
});

test('the bytes of a payload, field by field', () => {
  const metrics: Metric[] = [{ name: 'a', type: 'Boolean', value: true, atMs: 2 }];
  expect(Buffer.from(encodePayload({ atMs: 1, seq: 0, metrics })).toString('hex')).toBe(
    '080112090a01611802200b70011800',
  );
  // By hand: Int32 -2 as its two's complement, then a null String.
  const bytes = Buffer.from('120d0a01611802200350feffffff0f12090a01621802200c3801', 'hex');
  expect(decodePayload(bytes)).toEqual({
    ...{ atMs: 0, seq: null },
    metrics: [
      { name: 'a', type: 'Int32', value: -2, atMs: 2 },
      { name: 'b', type: 'String', value: null, atMs: 2 },
    ],
  });
});

test('a command without data types, as the specification wants it, is read by the fields of its values', () => {
  // As Eclipse Tahu sends it.
  const bytes = '0886a7968da334121c0a0f436f6d6d616e642f547269676765721886a7968da33438007001';
  const payload = decodePayload(Buffer.from(bytes, 'hex'));
  expect(payload.metrics).toMatchObject([{ name: 'Command/Trigger', type: 'Boolean', value: true }]);
  expect(deviceCommand(payload, 'id')).toMatchObject({ verb: 'trigger', message: { requestId: 'id' } });
  // By hand: whole number -2, a double, a text, null; and a type that does not exist, which is left out.
  const more = Buffer.from(
    ['12090a016150', 'feffffff0f', '120c0a0162', '69000000000000e03f', '12060a01637a0178', '12050a01643801'].join(''),
    'hex',
  );
  expect(decodePayload(more).metrics.map(({ type, value }) => [type, value])).toEqual([
    ['Int32', -2],
    ['Double', 0.5],
    ['String', 'x'],
    ['String', null],
  ]);
  expect(decodePayload(Buffer.from('12070a016120635001', 'hex')).metrics).toEqual([]);
});

test('every type comes back as it went', () => {
  const values: [Metric['type'], MetricValue][] = [
    ...([
      ['Int8', -128],
      ['Int16', -300],
      ['Int32', -70_000],
      ['Int64', 2 ** 52],
      ['UInt8', 255],
    ] as [Metric['type'], number][]),
    ...([
      ['UInt32', 4_294_967_295],
      ['UInt64', 2 ** 52],
      ['DateTime', 1795521538333],
    ] as [Metric['type'], number][]),
    ...([
      ['Double', 0.1],
      ['Float', 0.5],
      ['Boolean', false],
      ['String', 'ä'],
      ['Text', ''],
    ] as [Metric['type'], MetricValue][]),
    ['Double', null],
  ];
  const metrics = values.map(([type, value], index) => ({ name: `m${index}`, type, value, atMs: index }));
  expect(decodePayload(encodePayload({ atMs: 5, seq: 255, metrics }))).toEqual({ atMs: 5, seq: 255, metrics });
});

test('the birth number goes on over restarts, and round at 256', async () => {
  const folder = temporaryFolder();
  const first = await openBdSeq(stateAt(folder), readableLog());
  expect([first.next(), first.next()]).toEqual([0, 1]);
  await until('kept', async () => (await openBdSeq(stateAt(folder), readableLog())).current === 1);
  for (const _ of range(1, 254)) first.next();
  expect([first.current, first.next()]).toEqual([255, 0]);
});

test('a device command is one action with its attributes; what is none is named', () => {
  const of = (...metrics: [string, MetricValue][]) =>
    deviceCommand(
      { atMs: 7, seq: null, metrics: metrics.map(([name, value]) => ({ name, value, type: 'String', atMs: 7 })) },
      'id',
    );
  expect(of(['Command/Trigger', true], ['Command/PartId', ''])).toEqual({
    verb: 'trigger',
    message: { requestId: 'id', sentAtMs: 7 },
  });
  expect(of(['Command/Halt', 'belt'])).toEqual({
    verb: 'halt',
    message: { requestId: 'id', sentAtMs: 7, cause: 'belt' },
  });
  expect(of(['Command/PartId', 'x'])).toBe(null);
  expect(of(['Result/Verdict', 1])?.verb).toBe('Result/Verdict');
});
