import { writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { systemClock } from '../../daemon/clock.ts';
import { deviceName } from '../../daemon/publish/mqtt/device-name.ts';
import { startMosquitto } from '../net/mosquitto.ts';
import { stateAt } from '../state/at.ts';
import { freePort, range, readableLog, temporaryFolder, until } from './fixtures.ts';
import { connected, drained, judge, mqttCounters, mqttProblem, publish } from './mqtt-rig.ts';
import { mosquittoVersion, Subscriber, skipMosquitto, Wire } from './plant.ts';

describe.skipIf(skipMosquitto)(`outages of Mosquitto ${mosquittoVersion() ?? '(not installed)'}`, () => {
  test.each([['5'], ['3.1.1']] as const)(
    'MQTT %s: half open while parts go on: noticed, nothing lost, nothing late as live',
    async (protocol) => {
      const broker = await startMosquitto();
      const subscriber = await Subscriber.at(broker.port, { protocolVersion: 5 });
      const wire = await Wire.to(broker.port);
      const publishing = await publish(wire.port, { mqtt: { protocol } });
      await until('connected', connected(publishing));
      await judge(publishing);
      wire.halfOpen();
      // Messages sent all the time must not put the keep-alive off.
      let count = 1;
      await until('noticed', async () => {
        count = await judge(publishing, count % 4 === 0 ? 'fail' : 'pass', count % 4 === 0);
        return (mqttCounters(publishing)['cuts'] ?? 0) > 0;
      });
      await until('connected again', connected(publishing));
      const last = await judge(publishing);
      await until('drained', drained(publishing));
      await until('all there', () => subscriber.firstArrivals().length === last);
      expect(subscriber.firstArrivals()).toEqual(range(1, last));
      await until('the live one', () => subscriber.verdict.some(({ sequence }) => sequence === last));
      const live = subscriber.verdict.map(({ sequence }) => sequence);
      // Those judged while nothing went through are the record lane's alone.
      expect(live.filter((sequence) => sequence > 1 && sequence <= count - 1)).toEqual([]);
      subscriber.expectValid();
    },
  );

  test('a stall shorter than the keep-alive: no verdict is added to what waits in it', async () => {
    const broker = await startMosquitto();
    const subscriber = await Subscriber.at(broker.port);
    const wire = await Wire.to(broker.port);
    const publishing = await publish(wire.port, { limits: { keepaliveS: 60, liveMaxMs: 50 } });
    await until('connected', connected(publishing));
    wire.stall();
    await judge(publishing); // handed to the network in good faith
    const startMs = systemClock.nowMs();
    await until('the broker does not keep up', () => systemClock.nowMs() - startMs > 100);
    for (const _ of range(2, 10)) await judge(publishing);
    wire.heal();
    await until('drained', drained(publishing));
    await until('all there', () => subscriber.record.length === 10);
    expect(subscriber.record.map(({ sequence }) => sequence)).toEqual(range(1, 10));
    expect(subscriber.verdict.map(({ sequence }) => sequence)).toEqual([1]);
    expect(mqttCounters(publishing)).toMatchObject({ cuts: 0, liveSkipped: 9 });
  });

  test('kill -9 of the broker again and again: every record arrives, in order, by itself', async () => {
    const port = await freePort();
    const wire = await Wire.to(port);
    // The way opens when who listens is there, the first time too.
    wire.cut();
    const publishing = await publish(wire.port);
    const [seen, live]: [number[], number[]] = [[], []];
    let last = 0;
    for (const kill of range(1, 4)) {
      for (const _ of range(1, 5)) last = await judge(publishing); // while there is no broker
      const broker = await startMosquitto({ port });
      // It listens before the daemon finds the way, since a broker gives what it has to those who are there.
      const subscriber = await Subscriber.at(port, { reconnectPeriod: 0 });
      wire.heal();
      await until('connected', connected(publishing));
      for (const _ of range(1, 10)) last = await judge(publishing, kill % 2 === 0 ? 'fail' : 'pass', kill % 2 === 0);
      await until('heard', () => subscriber.record.some(({ sequence }) => sequence === last));
      subscriber.expectValid();
      seen.push(...subscriber.firstArrivals());
      live.push(...subscriber.verdict.map(({ sequence }) => sequence));
      await broker.stop();
      wire.cut();
    }
    const firsts = [...new Set(seen)];
    expect(firsts).toEqual(range(1, last));
    expect(live).toEqual([...new Set(live)].sort((a, b) => a - b));
    // Judged while there was no broker, 16 to 20 and so on: never told as live.
    for (const sequence of [1, 5, 16, 20, 31, 35, 46, 50]) expect(live).not.toContain(sequence);
  });

  test('a password that is changed in its file is taken at the next try, without a restart', async () => {
    const broker = await startMosquitto({ users: { line: 'new one' } });
    const file = join(temporaryFolder(), 'password');
    writeFileSync(file, 'old one');
    const log = readableLog();
    const password = async () => String(await readFile(file));
    const publishing = await publish(broker.port, { log, mqtt: { user: 'line', password } });
    await judge(publishing);
    await until('refused', () => /Not authorized: correct mqtt\.username/.test(mqttProblem(publishing)));
    writeFileSync(file, 'new one');
    await until('connected', connected(publishing));
    await until('drained', drained(publishing));
    expect(JSON.stringify(log.lines)).not.toMatch(/old one|new one/);
  });

  test('two devices of one line id: neither throws the other out, both say so, and it passes', async () => {
    const broker = await startMosquitto();
    const [one, two] = await Promise.all([
      deviceName(stateAt(temporaryFolder()), readFile),
      deviceName(stateAt(temporaryFolder()), readFile),
    ]);
    expect(one).toMatch(/^[0-9a-f]{8}$/);
    expect(one).not.toBe(two);
    const limits = { statusMs: 50, heartbeatMs: 20, twinForgetMs: 300 };
    const first = await publish(broker.port, { mqtt: { device: one }, limits });
    await until('connected', connected(first));
    const subscriber = await Subscriber.at(broker.port);
    const second = await publish(broker.port, { mqtt: { device: two, protocol: '3.1.1' }, limits });
    const other = (name: string) => new RegExp(`another client, twinspect-line1-${name}, publishes as line line1`);
    await until('the first knows', () => other(two).test(mqttProblem(first)));
    await until('the second knows', () => other(one).test(mqttProblem(second)));
    await until('both say so in their status', () => {
      const said = new Set(subscriber.status.filter(({ warnings }) => warnings.length > 0).map(({ client }) => client));
      return said.size === 2;
    });
    expect([mqttCounters(first)['cuts'], mqttCounters(second)['cuts']]).toEqual([0, 0]);
    subscriber.expectValid();
    await second.stop();
    await until('it passes', connected(first));
  });

  test('the name of a device is kept in its state folder', async () => {
    const folder = temporaryFolder();
    expect(await deviceName(stateAt(folder), readFile)).toBe(await deviceName(stateAt(folder), readFile));
  });
});
