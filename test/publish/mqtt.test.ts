import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../daemon/clock.ts';
import { startEmbeddedBroker } from '../../daemon/publish/embedded-broker.ts';
import { MqttLine } from '../../daemon/publish/mqtt/line.ts';
import { freePort, range, readableLog, until } from './fixtures.ts';
import { connected, drained, judge, publish } from './mqtt-rig.ts';
import {
  checkMessage,
  fitsCommandSchema,
  mosquittoVersion,
  Subscriber,
  skipMosquitto,
  startMosquitto,
  Wire,
} from './plant.ts';

test('the embedded broker: status, verdict, record, last and mask flow, all by their schema', async () => {
  const broker = await startEmbeddedBroker(0, 'mqtt.port', readableLog());
  onTestFinished(() => broker.stop());
  const subscriber = await Subscriber.at(broker.port);
  const publishing = await publish(broker.port);
  await until('connected', connected(publishing));
  await judge(publishing, 'pass');
  await judge(publishing, 'fail', true);
  await judge(publishing, 'undecided');
  await until('three records and a mask', () => subscriber.record.length === 3 && subscriber.masks.length === 1);
  subscriber.expectValid();
  expect(subscriber.verdict.map((verdict) => verdict.decision)).toEqual(['pass', 'fail', 'undecided']);
  expect(subscriber.verdict.map((verdict) => verdict.replayed)).toEqual([false, false, false]);
  expect(subscriber.record.map((record) => record.replayed)).toEqual([false, false, false]);
  expect(subscriber.record.map((record) => record.resultId)).toEqual(['line1-1', 'line1-2', 'line1-3']);

  // The verdict did not wait for its mask; the record names it, and the digest is that of the bytes on its topic.
  const [sent] = subscriber.masks;
  const reference = subscriber.record[1]?.mask;
  expect(subscriber.verdict[1]?.mask).toEqual({ ...reference, sha256: null });
  expect(reference).toMatchObject({ topic: 'twinspect/line1/mask/line1-2', widthPx: 4, heightPx: 2 });
  expect(reference?.topic).toBe(sent?.topic);
  expect(reference?.sha256).toBe(
    createHash('sha256')
      .update(sent?.png ?? '')
      .digest('hex'),
  );

  // Who comes late finds the state and the last verdict, but no verdict to act on.
  const late = await Subscriber.at(broker.port);
  await until('retained', () => late.status.length === 1 && late.last.length === 1);
  expect(late.status[0]).toMatchObject({ online: true, ready: true, why: null });
  expect(late.last[0]).toMatchObject({ retained: true, payload: { resultId: 'line1-3' } });
  expect([late.verdict, late.record, late.masks]).toEqual([[], [], []]);

  await publishing.stop();
  await until('farewell', () => late.status.at(-1)?.online === false);
  expect(late.status.at(-1)).toMatchObject({ ready: false, why: 'stopped', counters: { pass: 1, fail: 1, opened: 3 } });
  late.expectValid();
});

test('every field a message carries is in its schema', async () => {
  const broker = await startEmbeddedBroker(0, 'mqtt.port', readableLog());
  onTestFinished(() => broker.stop());
  const subscriber = await Subscriber.at(broker.port);
  const publishing = await publish(broker.port);
  await until('connected', connected(publishing));
  await judge(publishing, 'fail', true);
  await until('a record', () => subscriber.record.length === 1);
  for (const [name, message] of Object.entries({ verdict: subscriber.record[0], status: subscriber.status[0] })) {
    const file = new URL(`../../daemon/publish/schema/${name}.json`, import.meta.url);
    const schema = JSON.parse(readFileSync(file, 'utf8'));
    expect(Object.keys(message ?? {}).sort()).toEqual(Object.keys(schema.properties).sort());
    expect(Object.keys(message ?? {}).sort()).toEqual([...schema.required].sort());
  }
});

test('every example of docs/mqtt.md fits its schema', () => {
  const page = readFileSync(new URL('../../docs/mqtt.md', import.meta.url), 'utf8');
  const examples = [...page.matchAll(/^```json\n([\s\S]*?)\n```$/gm)].map(([, text]) => JSON.parse(text ?? ''));
  const leaves = { verdict: 'verdict', status: 'status', answer: 'cmd/answer', orders: 'orders' };
  const seen = examples.map((example) => {
    const name = /^twinspect\.(\w+)\/1$/.exec(example.schema)?.[1];
    if (name === undefined) expect(fitsCommandSchema('trigger', example)).toBe(true);
    else checkMessage(leaves[name as keyof typeof leaves], example);
    return name ?? 'command';
  });
  expect(seen.sort()).toEqual(['answer', 'command', 'orders', 'status', 'verdict']);
});

test('port taken: the embedded broker names port, setting and what to look for', async () => {
  const broker = await startEmbeddedBroker(0, 'mqtt.port', readableLog());
  onTestFinished(() => broker.stop());
  const second = startEmbeddedBroker(broker.port, 'mqtt.port', readableLog());
  await expect(second).rejects.toMatchObject({ code: 'port/taken' });
  await expect(second).rejects.toThrow(new RegExp(`127\\.0\\.0\\.1:${broker.port}: .*setting mqtt\\.port`));
});

test.each(['http://x', 'mqtt://', 'mqtt://user:secret@host', 'host:1883', 'mqtts://'])(
  'broker address %s is refused and no password shown',
  (url) => {
    const settings = { url, user: null, password: null, clientId: 'c' };
    const line = { lineId: 'line1', prefix: 'p', settings, commandRole: null, clock: systemClock, log: readableLog() };
    const make = () => new MqttLine(line);
    expect(make).toThrow(/expected mqtt:\/\/HOST:PORT/);
    expect(make).not.toThrow(/secret/);
  },
);

test.each(['', 'a/b', '#', 'a+b', '-a', 'x'.repeat(65)])('line id %j is refused', (lineId) => {
  const settings = { url: 'mqtt://host', user: null, password: null, clientId: 'c' };
  const line = { lineId, prefix: 'p', settings, commandRole: null, clock: systemClock, log: readableLog() };
  const make = () => new MqttLine(line);
  expect(make).toThrow(/line id is/);
});

describe.skipIf(skipMosquitto)(`Mosquitto ${mosquittoVersion() ?? '(not installed)'}`, () => {
  test('absent at start: no error, one complaint, nothing of the record lane lost once it is there', async () => {
    const port = await freePort();
    const log = readableLog();
    const publishing = await publish(port, { log });
    for (const _ of range(1, 5)) await judge(publishing);
    await until('complained', () => log.lines.some((line) => line.text.includes('ECONNREFUSED')));
    expect(publishing.health().find((health) => health.name.startsWith('mqtt'))?.ok).toBe(false);
    const broker = await startMosquitto();
    const subscriber = await Subscriber.at(broker.port);
    await Wire.to(broker.port, port); // now there is somebody
    await until('drained', drained(publishing));
    await judge(publishing);
    await until('drained again', drained(publishing));
    await until('the live one', () => subscriber.record.some((record) => record.sequence === 6));
    expect(subscriber.record.map((record) => record.sequence)).toEqual(range(1, 6));
    expect(subscriber.record.map((record) => record.replayed)).toEqual([true, true, true, true, true, false]);
    // The control lane never tells of parts that were judged while nobody listened.
    expect(subscriber.verdict.map((verdict) => verdict.sequence)).toEqual([6]);
    expect(log.lines.filter((line) => line.text.includes('ECONNREFUSED')).length).toBe(1);
    subscriber.expectValid();
  });

  test('the link is cut again and again: nothing lost, order kept, history marked, no verdict replayed', async () => {
    const broker = await startMosquitto();
    const subscriber = await Subscriber.at(broker.port);
    const wire = await Wire.to(broker.port);
    const publishing = await publish(wire.port);
    await until('connected', connected(publishing));
    const count = 60;
    for (const number of range(1, count)) {
      await judge(publishing, number % 3 === 0 ? 'fail' : 'pass', number % 3 === 0);
      if (number % 15 === 5) wire.cut();
      if (number % 15 !== 10) continue;
      wire.heal();
      await until('healed', connected(publishing));
    }
    wire.heal();
    await until('drained', drained(publishing));
    await until('all there', () => subscriber.firstArrivals().length === count);
    expect(subscriber.firstArrivals()).toEqual(range(1, count));
    const seen = new Set<number>();
    for (const record of subscriber.record) {
      if (seen.has(record.sequence)) expect(record.replayed).toBe(true);
      seen.add(record.sequence);
    }
    // What was judged during the cut is history in the record lane and absent from the control lane.
    const replayed = new Set(subscriber.record.filter((record) => record.replayed).map((record) => record.sequence));
    for (const number of [7, 8, 9, 22, 23, 24]) expect(replayed).toContain(number);
    const verdicts = subscriber.verdict.map((verdict) => verdict.sequence);
    expect(verdicts).toEqual([...new Set(verdicts)].sort((a, b) => a - b));
    for (const number of [7, 8, 9, 22, 23, 24]) expect(verdicts).not.toContain(number);
    expect(verdicts.length).toBeGreaterThan(10);
    await until('masks', () => new Set(subscriber.masks.map((entry) => entry.topic)).size === count / 3);
    subscriber.expectValid();
  });

  test('a half-open link is noticed by keep-alive, and the records come over the next one', async () => {
    const broker = await startMosquitto();
    const subscriber = await Subscriber.at(broker.port);
    const wire = await Wire.to(broker.port);
    const publishing = await publish(wire.port);
    await until('connected', connected(publishing));
    wire.halfOpen();
    await judge(publishing);
    await until('noticed', () => !connected(publishing)());
    wire.heal();
    await until('drained', drained(publishing));
    await until('the record', () => subscriber.record.length > 0);
    expect(subscriber.record[0]).toMatchObject({ sequence: 1, replayed: true });
    expect(subscriber.verdict).toEqual([]);
    expect(subscriber.status.map((status) => status.online)).toContain(false); // the last will
    expect(subscriber.status.at(-1)?.online).toBe(true); // and the birth after it
    subscriber.expectValid();
  });

  test('refused login: tried again until the right user is there', async () => {
    const port = await freePort();
    const log = readableLog();
    const mqtt = { url: `mqtt://127.0.0.1:${port}`, prefix: 'twinspect', user: 'line', password: async () => 'right' };
    const closed = await startMosquitto({ port, users: { other: 'right' } });
    const publishing = await publish(port, { log, mqtt });
    const refused = () => log.lines.some((line) => /not author/i.test(line.text));
    await until('refused', refused);
    await judge(publishing);
    await closed.stop();
    await startMosquitto({ port, users: { line: 'right' } });
    await until('drained', drained(publishing));
    expect(JSON.stringify(log.lines)).not.toContain('right"');
  });

  test('a broker that forgot everything gets birth, status and last again', async () => {
    const port = await freePort();
    const first = await startMosquitto({ port });
    const publishing = await publish(port);
    await until('connected', connected(publishing));
    await judge(publishing, 'fail');
    await until('drained', drained(publishing));
    await first.stop();
    await startMosquitto({ port });
    await until('connected again', connected(publishing));
    const late = await Subscriber.at(port);
    await until('retained', () => late.status.length > 0 && late.last.length > 0);
    expect(late.status.at(-1)).toMatchObject({ online: true, ready: true });
    expect(late.last.at(-1)?.payload).toMatchObject({ resultId: 'line1-1', replayed: true });
    late.expectValid();
  });

  test('stop is bounded when the broker is there but silent', async () => {
    const broker = await startMosquitto();
    const wire = await Wire.to(broker.port);
    const publishing = await publish(wire.port, { limits: { stopMaxMs: 200, keepaliveS: 60 } });
    await until('connected', connected(publishing));
    wire.halfOpen();
    await judge(publishing);
    const startedMs = systemClock.nowMs();
    await publishing.stop();
    expect(systemClock.nowMs() - startedMs).toBeLessThan(3000);
  });
});
