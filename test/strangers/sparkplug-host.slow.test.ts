/** A Sparkplug host of other people: Eclipse Tahu, the library of the specification's own project. */
import { describe, expect, test } from 'vitest';
import { startMosquitto } from '../net/mosquitto.ts';
import { until } from '../publish/fixtures.ts';
import { skipMosquitto } from '../publish/plant.ts';
import { type Heard, makeStation, skipTahu, startSparkplugHost, station } from './station.ts';

const node = 'plant/press-7';
const device = `${node}/${station.line}`;

describe.skipIf(skipTahu || skipMosquitto)('Eclipse Tahu', () => {
  test.each([['5'], ['3.1.1']] as const)(
    'MQTT %s: births when the host is there, sequence, commands, rebirth, deaths',
    async (protocol) => {
      const broker = await startMosquitto();
      const sparkplug = { enabled: true, group: 'plant', edge: 'press-7', primaryHost: 'scada' };
      const url = `mqtt://127.0.0.1:${broker.port}`;
      const at = await makeStation({ url, protocol, commandRole: 'operate', sparkplug }, false);
      const running = await at.start();
      const host = startSparkplugHost(broker.port, 'scada', 'plant', 'press-7');
      const of = (event: string) => host.heard().filter((heard) => heard.event === event);
      const value = (name: string): unknown => shownValue(host.heard(), name);

      await until('born', () => of('deviceBirthComplete').length === 1);
      expect(of('nodeBirth')).toMatchObject([{ of: node, seq: 0, bdSeq: expect.any(Number) }]);
      expect(of('deviceBirth')).toMatchObject([{ of: device, seq: 1 }]);
      const told = new Set(of('birthMetric').map(({ name }) => name));
      expect([...told]).toEqual(
        expect.arrayContaining(['bdSeq', 'Node Control/Rebirth', 'Result/Verdict', 'State/Ready']),
      );
      await until('ready', () => value('State/Ready') === true);

      for (const part of [1, 2, 3]) {
        host.order(`command ${station.line} Command/Trigger true`);
        await until(`part ${part}`, () => value('Result/Sequence') === part);
        expect([1, 2]).toContain(value('Result/Verdict'));
        expect(value('Result/Live')).toBe(true);
      }

      host.order('rebirth');
      await until('born again', () => of('deviceBirthComplete').length === 2);
      const [first, second] = of('nodeBirth');
      expect(second).toMatchObject({ seq: 0, bdSeq: first?.['bdSeq'] });
      expect(value('Result/Sequence')).toBe(3);
      // It was born because it was asked: this host asks by itself where a number is missing.
      expect(sequenceProblems(host.heard())).toEqual([]);
      expect(of('nodeBirth')).toHaveLength(2);

      await at.killed(running);
      await until('dead', () => of('nodeDeathComplete').length === 1);
      expect(of('nodeDeath')).toMatchObject([{ of: node, bdSeq: first?.['bdSeq'] }]);
      const stale = () => new Set(of('stale').map(({ name }) => name));
      await until('all of it is stale', () => [...told].every((name) => name === 'bdSeq' || stale().has(name)));

      const next = await at.start();
      await until('born once more', () => of('deviceBirthComplete').length === 3);
      expect(of('nodeBirth')[2]?.['bdSeq']).not.toBe(first?.['bdSeq']);
      host.order('offline');
      await until('gone with its host', () => of('nodeDeathComplete').length === 2);
      host.order('online');
      await until('back with its host', () => of('deviceBirthComplete').length === 4);
      const last = of('nodeBirth')[3]?.['bdSeq'];
      expect(await at.stop(next)).toBe(0);
      await until('a planned death', () => of('nodeDeath').at(-1)?.['bdSeq'] === last);
      expect(sequenceProblems(host.heard())).toEqual([]);
      // Nobody asked for a birth but us.
      expect(of('nodeBirth')).toHaveLength(4);
      host.order('stop');
      await host.ended;
    },
  );
});

/** What the host shows of a metric now. */
function shownValue(heard: readonly Heard[], name: string): unknown {
  const metrics = heard.filter(({ event }) => event === 'birthMetric' || event === 'dataMetric');
  return metrics.findLast((metric) => metric['name'] === name)?.['value'];
}

/** Each message of the node is one further than the one before; a birth begins at 0. */
function sequenceProblems(heard: readonly Heard[]): string[] {
  const problems: string[] = [];
  let expected = 0;
  for (const { event, seq } of heard) {
    if (!['nodeBirth', 'deviceBirth', 'deviceData', 'nodeData'].includes(event)) continue;
    if (event === 'nodeBirth') expected = 0;
    if (seq !== expected) problems.push(`${event} has seq ${String(seq)}, expected ${expected}`);
    expected = (Number(seq) + 1) % 256;
  }
  return problems;
}
