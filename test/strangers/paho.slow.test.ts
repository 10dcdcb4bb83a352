/** paho-mqtt, an MQTT client of other people, as the plant behind a real Mosquitto. */
import { describe, expect, test } from 'vitest';
import { startMosquitto } from '../net/mosquitto.ts';
import { until } from '../publish/fixtures.ts';
import { checkMessage, skipMosquitto } from '../publish/plant.ts';
import { jsonLines, makeStation, skipPython, startPython, station } from './station.ts';

interface Message {
  readonly event: string;
  readonly topic: string;
  readonly qos: number;
  readonly retain: boolean;
  // biome-ignore lint/suspicious/noExplicitAny: whatever it heard
  readonly payload: any;
  readonly properties: { CorrelationData?: string; ContentType?: string };
}

const base = `twinspect/${station.line}`;

async function plant(protocol: '5' | '3.1.1') {
  const broker = await startMosquitto();
  const url = `mqtt://127.0.0.1:${broker.port}`;
  const sparkplug = { enabled: true, group: 'plant', edge: 'press-7' };
  const at = await makeStation({ url, protocol, commandRole: 'operate', sparkplug }, false);
  const client = startPython('mqtt_plant.py', String(broker.port), protocol);
  const heard = () => jsonLines(client.said.out) as unknown as Message[];
  await until('subscribed', () => heard().some(({ event }) => event === 'subscribed'));
  const of = (topic: string) => heard().filter((message) => message.topic === topic);
  const ask = (how: 'send' | 'keep', verb: string, message: object | '') =>
    client.child.stdin?.write(`${how} ${base}/cmd/${verb} ${message === '' ? '' : JSON.stringify(message)}\n`);
  const answers = () => of(protocol === '5' ? 'stranger/answers' : `${base}/cmd/answer`);
  const answered = async (requestId: string): Promise<Message> => {
    const found = () => answers().find(({ payload }) => payload.requestId === requestId);
    await until(`an answer to ${requestId}`, () => found() !== undefined);
    return found() as Message;
  };
  return { at, of, ask, answers, answered };
}

describe.skipIf(skipPython || skipMosquitto)('paho', () => {
  test.each([['5'], ['3.1.1']] as const)(
    'MQTT %s: topics, commands, a retained command, the last words of a planned stop and of a kill',
    async (protocol) => {
      const { at, of, ask, answers, answered } = await plant(protocol);
      const running = await at.start();
      await until('ready', () => of(`${base}/status`).at(-1)?.payload.ready === true);
      // A part by command: its record, the live verdict and its mask.
      ask('send', 'trigger', { requestId: 'a', partId: 'Teil ä' });
      const { payload, properties } = await answered('a');
      checkMessage('cmd/answer', payload);
      expect(payload).toMatchObject({ ok: true, verb: 'trigger' });
      if (protocol === '5') expect(properties.CorrelationData).toBe(Buffer.from('order 0').toString('hex'));
      const { resultId } = payload.result;
      await until('its record', () => of(`${base}/record`).length === 1);
      await until('its mask', () => of(`${base}/mask/${resultId}`).length === 1);
      for (const leaf of ['record', 'verdict', 'last', 'status', 'orders']) {
        const [message] = of(`${base}/${leaf}`);
        expect([leaf, message?.qos]).toEqual([leaf, 1]);
        checkMessage(leaf, message?.payload);
      }
      expect(of(`${base}/record`)[0]?.payload).toMatchObject({ resultId, partId: 'Teil ä', replayed: false });
      expect(of(`${base}/verdict`)[0]?.payload.decision).toBe(of(`${base}/record`)[0]?.payload.decision);
      // Published retained: seen at once in MQTT 5, at the next connection in 3.1.1.
      ask('keep', 'trigger', { requestId: 'kept' });
      expect((await answered('kept')).payload.ok).toBe(protocol !== '5');
      // The role is looked at first.
      ask('send', 'set-threshold', { requestId: 'c', nonsense: true });
      expect((await answered('c')).payload).toMatchObject({ ok: false, code: 'command/role' });
      expect(await at.stop(running)).toBe(0);
      const deaths = () => of('spBv1.0/plant/NDEATH/press-7').length;
      // Published, and in MQTT 5 said once more by the broker: DISCONNECT had the reason "with will" (4).
      await until('the node is dead', () => deaths() === (protocol === '5' ? 2 : 1));
      await until('stopped', () => of(`${base}/status`).at(-1)?.payload.why === 'stopped');

      const again = await at.start();
      // The broker gives the kept command again: refused in either version.
      await until('given again', () => answers().at(-1)?.payload.requestId === 'kept');
      expect(answers().at(-1)?.payload).toMatchObject({ ok: false, problem: expect.stringMatching(/retained/) });
      await at.killed(again);
      await until('the will', () => of(`${base}/status`).at(-1)?.payload.why === 'offline');
      await until('another death', () => deaths() === (protocol === '5' ? 3 : 2));
      // One command was done, in 3.1.1 the retained one once as well; none twice.
      const records = of(`${base}/record`).map((message) => message.payload.resultId);
      expect(records).toHaveLength(protocol === '5' ? 1 : 2);
      expect(new Set(records).size).toBe(records.length);
    },
  );
});
