/** An MQTT client in a process of its own: when it got each live verdict and each echo, on the clock all share. */
import mqtt from 'mqtt';
import { heed, say, toldSettings, type Word } from './child.ts';
import { echoTopic } from './echo.ts';
import { sharedMs } from './moments.ts';
import type { SubscriberSettings } from './opcua-subscriber.ts';

const { url, lineId } = toldSettings<SubscriberSettings>();
const verdicts: [number, number][] = [];
const echoes: [number, number][] = [];
let masks = 0;

const client = await mqtt.connectAsync(url, { protocolVersion: 4 });
client.on('message', (topic, payload) => {
  const atMs = sharedMs();
  if (topic === echoTopic) echoes.push([Number(payload.toString()), atMs]);
  else if (topic.includes('/mask/')) masks += 1;
  else verdicts.push([(JSON.parse(payload.toString()) as { sequence: number }).sequence, atMs]);
});
await client.subscribeAsync([`+/${lineId}/verdict`, `+/${lineId}/mask/+`, echoTopic], { qos: 1 });

heed((word: Word) => {
  if (word.kind !== 'seen') process.exit(0);
  say({ kind: 'seen', verdicts: verdicts.splice(0), echoes: echoes.splice(0), masks } as Word);
  masks = 0;
});
say({ kind: 'subscribed' });
