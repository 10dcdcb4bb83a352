/** An OPC UA client in a process of its own: when it saw each verdict and each echo, on the clock all share. */
import {
  AttributeIds,
  ClientMonitoredItem,
  type ClientSubscription,
  type DataValue,
  OPCUAClient,
  TimestampsToReturn,
} from 'node-opcua';
import { heed, say, toldSettings, type Word } from './child.ts';
import { echoNodeId } from './echo.ts';
import { sharedMs } from './moments.ts';

export interface SubscriberSettings {
  readonly url: string;
  readonly lineId: string;
}

export type SubscriberWord = { kind: 'subscribed' } | ({ kind: 'seen' } & Seen);

/** Since it was asked for the last time. */
export interface Seen {
  /** [sequence, moment]. */
  readonly verdicts: readonly (readonly [number, number])[];
  readonly echoes: readonly (readonly [number, number])[];
  readonly masks: number;
}

const { url, lineId } = toldSettings<SubscriberSettings>();
const verdicts: [number, number][] = [];
const echoes: [number, number][] = [];
let masks = 0;

const client = OPCUAClient.create({ endpointMustExist: false, connectionStrategy: { maxRetry: 3 } });
await client.connect(url);
const session = await client.createSession();
const subscription = await session.createSubscription2({
  // As fast as the server lets it.
  requestedPublishingInterval: 1,
  requestedLifetimeCount: 10_000,
  requestedMaxKeepAliveCount: 100,
  maxNotificationsPerPublish: 0,
  publishingEnabled: true,
  priority: 1,
});

function watch(on: ClientSubscription, nodeId: string, samplingInterval: number, seen: (value: DataValue) => void) {
  const item = ClientMonitoredItem.create(
    on,
    { nodeId, attributeId: AttributeIds.Value },
    { samplingInterval, queueSize: 100, discardOldest: true },
    TimestampsToReturn.Neither,
  );
  item.on('changed', seen);
}

// Cleared to 0 when the next part is opened.
watch(subscription, `ns=1;s=${lineId}.Sequence`, 0, ({ value }) => {
  if (value.value > 0) verdicts.push([value.value, sharedMs()]);
});
watch(subscription, echoNodeId, 0, ({ value }) => echoes.push([value.value, sharedMs()]));
// As a screen does beside a PLC.
watch(subscription, `ns=1;s=${lineId}.LastMaskPng`, 1000, ({ value }) => {
  if (value.value) masks += 1;
});

heed((word: Word) => {
  if (word.kind !== 'seen') process.exit(0);
  say({ kind: 'seen', verdicts: verdicts.splice(0), echoes: echoes.splice(0), masks } as Word);
  masks = 0;
});
say({ kind: 'subscribed' });
