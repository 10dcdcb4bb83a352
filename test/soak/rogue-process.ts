/** Clients that will die: each connects, subscribes and keeps what it got, until this process is killed. */
import mqtt from 'mqtt';
import { AttributeIds, ClientMonitoredItem, OPCUAClient, TimestampsToReturn } from 'node-opcua';
import { heed, say, toldSettings } from './child.ts';

export interface RogueSettings {
  readonly opcuaUrl: string;
  readonly mqttUrl: string;
  readonly lineId: string;
  /** So many on either side. */
  readonly clients: number;
}

export type RogueWord = { kind: 'connected'; opcua: number; mqtt: number; refused: string | null };

const { opcuaUrl, mqttUrl, lineId, clients } = toldSettings<RogueSettings>();
heed(() => undefined);

let refused: string | null = null;
async function opcua(): Promise<boolean> {
  try {
    const client = OPCUAClient.create({ endpointMustExist: false, connectionStrategy: { maxRetry: 0 } });
    await client.connect(opcuaUrl);
    const session = await client.createSession();
    const subscription = await session.createSubscription2({
      requestedPublishingInterval: 50,
      requestedLifetimeCount: 10_000,
      requestedMaxKeepAliveCount: 1000,
      maxNotificationsPerPublish: 0,
      publishingEnabled: true,
      priority: 255,
    });
    ClientMonitoredItem.create(
      subscription,
      { nodeId: `ns=1;s=${lineId}.Sequence`, attributeId: AttributeIds.Value },
      { samplingInterval: 0, queueSize: 10_000, discardOldest: true },
      TimestampsToReturn.Both,
    );
    return true;
  } catch (error) {
    refused ??= (error as Error).message;
    return false;
  }
}

async function subscriber(): Promise<boolean> {
  try {
    const client = await mqtt.connectAsync(mqttUrl, { protocolVersion: 4, clean: true });
    await client.subscribeAsync('#', { qos: 1 });
    return true;
  } catch (error) {
    refused ??= (error as Error).message;
    return false;
  }
}

let [opcuaCount, mqttCount] = [0, 0];
for (let client = 0; client < clients; client++) {
  if (await opcua()) opcuaCount += 1;
  if (await subscriber()) mqttCount += 1;
}
say({ kind: 'connected', opcua: opcuaCount, mqtt: mqttCount, refused } as RogueWord);
