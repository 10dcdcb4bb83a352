/**
 * The echo beside the verdicts: a number and nothing else, written into a variable of the daemon's own OPC UA server
 * and sent to its broker, by the daemon's own process. What it takes to a subscriber is what any change takes.
 */
import mqtt from 'mqtt';
import { DataType, OPCUAServer, StatusCodes } from 'node-opcua';
import { systemClock } from '../../daemon/clock.ts';
import { seeded } from '../../models/random.ts';
import { sharedMs } from './moments.ts';

export const echoNodeId = 'ns=1;s=Echo';
export const echoTopic = 'echo';
/** As often as parts come, at any moment between them. */
const meanPeriodMs = 100;

export interface Echo {
  /** [number, moment] of each. */
  readonly sent: [number, number][];
  stop(): Promise<void>;
}

/** The servers of this process, as the library registers them; the daemon's own is none of ours to hand out. */
const servers: OPCUAServer[] = [];
const register = OPCUAServer.registry.register.bind(OPCUAServer.registry);
OPCUAServer.registry.register = (server) => {
  servers.push(server as OPCUAServer);
  register(server);
};

export async function startEcho(mqttUrl: string): Promise<Echo> {
  const [server] = servers;
  if (!server) throw new Error('no OPC UA server runs in this process');
  const space = server.engine.addressSpace!;
  const variable = space.getOwnNamespace().addVariable({
    browseName: 'Echo',
    nodeId: echoNodeId.slice(echoNodeId.indexOf(';') + 1),
    organizedBy: space.rootFolder.objects,
    dataType: DataType.UInt32,
    minimumSamplingInterval: 0,
    accessLevel: 'CurrentRead',
  });
  const client = await mqtt.connectAsync(mqttUrl, { protocolVersion: 4, clean: true });
  const sent: [number, number][] = [];
  const random = seeded(1);
  const over = new AbortController();
  let number = 0;
  const again = (): void => {
    systemClock.after(meanPeriodMs * (0.5 + random.uniform()), beat, over.signal);
  };
  const beat = (): void => {
    number += 1;
    sent.push([number, sharedMs()]);
    variable.setValueFromSource({ dataType: DataType.UInt32, value: number }, StatusCodes.Good);
    client.publish(echoTopic, String(number), { qos: 1 });
    again();
  };
  again();
  return {
    sent,
    async stop() {
      over.abort();
      await client.endAsync(true);
    },
  };
}
