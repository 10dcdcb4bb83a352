/** How each connection of ours ends, and so what becomes of its will: seen in the packets a broker gets. */
import type { IPublishPacket } from 'mqtt-packet';
import { expect, test } from 'vitest';
import { acknowledged, type Client, handBroker, type Manners } from '../net/hand-broker.ts';
import { until } from './fixtures.ts';
import { publish } from './mqtt-rig.ts';

const sparkplug = { group: 'plant', edge: 'press-7', primaryHost: null };
const willTopic = ({ connect }: Client): string => connect.will?.topic ?? '';
const isNode = (client: Client): boolean => willTopic(client).includes('/NDEATH/');

/** Both connections of a line with Sparkplug, each subscribed and having spoken. */
async function connections(protocol: '5' | '3.1.1', manners: Manners = {}) {
  const broker = await handBroker(manners);
  const publishing = await publish(broker.port, { mqtt: { protocol, sparkplug, commandRole: 'operate' } });
  const of = (node: boolean) => broker.clients.find((client) => isNode(client) === node);
  const spoke = (client: Client | undefined) => client !== undefined && client.published.length > 0;
  await until('both speak', () => spoke(of(true)) && spoke(of(false)));
  return { publishing, line: of(false) as Client, node: of(true) as Client };
}

const told = ({ published }: Client, topic: RegExp): IPublishPacket[] =>
  published.filter((packet) => topic.test(packet.topic));

test('planned stop in MQTT 5: the node has its will said (4), the line has its own forgotten (0)', async () => {
  const { publishing, line, node } = await connections('5');
  await publishing.stop();
  await until('both gone', () => line.gone && node.gone);
  expect(node.farewell?.reasonCode).toBe(4);
  expect(told(node, /NDEATH/)).toHaveLength(1);
  expect(node.published.at(-1)?.topic).toBe(willTopic(node));
  // "stopped" stands retained; a will that is said would put "offline" in its place.
  expect(line.farewell?.reasonCode).toBe(0);
  expect(JSON.parse(String(line.published.at(-1)?.payload))).toMatchObject({ online: false, why: 'stopped' });
});

test('planned stop in 3.1.1: NDEATH and "stopped" are published, and the broker forgets both wills', async () => {
  const { publishing, line, node } = await connections('3.1.1');
  await publishing.stop();
  await until('both gone', () => line.gone && node.gone);
  expect([node.farewell?.cmd, line.farewell?.cmd]).toEqual(['disconnect', 'disconnect']);
  expect(told(node, /NDEATH/)).toHaveLength(1);
  expect(JSON.parse(String(line.published.at(-1)?.payload))).toMatchObject({ why: 'stopped' });
});

test.each([
  ['refused', 0x87],
  ['never answered', null],
] as const)(
  'a last word that is %s: no farewell at all, so that the broker says the will',
  async (_how, reasonCode) => {
    const last = /NDEATH|"stopped"/;
    const puback: NonNullable<Manners['puback']> = (packet) => {
      if (!last.test(`${packet.topic} ${String(packet.payload)}`)) return acknowledged(packet);
      return reasonCode === null ? null : { cmd: 'puback', messageId: packet.messageId ?? 0, reasonCode };
    };
    const { publishing, line, node } = await connections('5', { puback });
    await publishing.stop();
    await until('both gone', () => line.gone && node.gone);
    expect([line.farewell, node.farewell]).toEqual([null, null]);
  },
);

test('stopped while a subscription is not answered yet: no farewell either', async () => {
  const broker = await handBroker({ suback: () => null });
  const publishing = await publish(broker.port, { mqtt: { protocol: '5', sparkplug } });
  await until('asked', () => broker.clients.length === 2 && broker.clients.every((each) => each.subscribed.length > 0));
  await publishing.stop();
  await until('gone', () => broker.clients.every((client) => client.gone));
  expect(broker.clients.map(({ farewell }) => farewell)).toEqual([null, null]);
});

test('who takes commands asks to be shown that one was published retained; for our own status we do not', async () => {
  const { line, node } = await connections('5');
  const asked = [line, node].flatMap(({ subscribed }) => subscribed.flatMap(({ subscriptions }) => subscriptions));
  expect(Object.fromEntries(asked.map(({ topic, rap }) => [topic, rap]))).toEqual({
    'twinspect/line1/cmd/+': true,
    'twinspect/line1/status': false,
    'spBv1.0/plant/NCMD/press-7': true,
    'spBv1.0/plant/DCMD/press-7/+': true,
  });
});
