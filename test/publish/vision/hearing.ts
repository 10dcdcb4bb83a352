/** Hears the events of a vision system as a client: every field of each type it asks for, by name. */
import {
  AttributeIds,
  ClientMonitoredItem,
  type ClientSession,
  constructEventFilter,
  type NodeId,
  TimestampsToReturn,
  type Variant,
} from 'node-opcua';
import { visionNamespace } from './calls.ts';

export interface Heard {
  readonly type: string;
  /** By field name, as the value itself. */
  // biome-ignore lint/suspicious/noExplicitAny: whatever a server sends
  readonly fields: Record<string, any>;
}

/** Fields of BaseEventType and of a transition. */
const standard = ['EventId', 'EventType', 'SourceNode', 'SourceName', 'Time', 'ReceiveTime', 'Message', 'Severity'];
export const transitionFields = [
  ...['Transition', 'Transition.Id', 'FromState', 'FromState.Id', 'ToState', 'ToState.Id'],
];
const idFields = ['JobId', 'ExternalId', 'InternalId', 'ProductId', 'MeasId', 'PartId', 'ResultId'];
const resultFields = [
  ...['IsPartial', 'IsSimulated', 'ResultState', 'ExternalRecipeId', 'InternalRecipeId', 'InternalConfigurationId'],
  ...['CreationTime', 'ProcessingTimes', 'ResultContent'],
];
const types = {
  1013: 'JobStarted',
  1018: 'StateChanged',
  1019: 'Error',
  1020: 'ErrorResolved',
  1022: 'RecipePrepared',
  1023: 'Ready',
  1024: 'ResultReady',
  1025: 'AcquisitionDone',
} as const;

/** Everything below BaseEventType that the source raises, as it arrives. */
export async function hear(session: ClientSession, source: string): Promise<Heard[]> {
  const namespace = await visionNamespace(session);
  const names = [
    ...standard,
    ...transitionFields,
    ...[...idFields, ...resultFields].map((name) => `${namespace}:${name}`),
  ];
  const subscription = await session.createSubscription2({
    ...{ requestedPublishingInterval: 20, requestedLifetimeCount: 1000, requestedMaxKeepAliveCount: 10 },
    ...{ maxNotificationsPerPublish: 0, publishingEnabled: true, priority: 1 },
  });
  const item = ClientMonitoredItem.create(
    subscription,
    { nodeId: source, attributeId: AttributeIds.EventNotifier },
    { samplingInterval: 0, queueSize: 1000, discardOldest: true, filter: constructEventFilter(names) },
    TimestampsToReturn.Both,
  );
  const heard: Heard[] = [];
  item.on('changed', (values: unknown) => {
    const fields = Object.fromEntries(
      (values as Variant[]).map((value, index) => [(names[index] ?? '').replace(`${namespace}:`, ''), value.value]),
    );
    const { namespace: of, value } = fields['EventType'] as NodeId;
    const type = of === namespace ? types[value as keyof typeof types] : undefined;
    if (type) heard.push({ type, fields });
  });
  await new Promise<void>((resolve, reject) => {
    item.once('initialized', () => resolve());
    item.once('err', (message) => reject(new Error(String(message))));
  });
  return heard;
}
