/** The edge node of a daemon, from what its lines share on the broker. */
import type { Clock } from '../../clock.ts';
import type { StateFolder } from '../../state/folder.ts';
import type { Log } from '../lane.ts';
import type { LineMqtt, MqttLimits, SparkplugSettings } from '../mqtt/settings.ts';
import { openBdSeq } from './bd-seq.ts';
import { SparkplugNode } from './node.ts';

export interface OpenSparkplug {
  readonly mqtt: LineMqtt;
  readonly settings: SparkplugSettings;
  readonly state: StateFolder;
  readonly lineIds: readonly string[];
  readonly clock: Clock;
  readonly log: Log;
  readonly limits: Partial<MqttLimits>;
}

export async function openSparkplugNode(options: OpenSparkplug): Promise<SparkplugNode> {
  const { mqtt, settings, state, lineIds, clock, log, limits } = options;
  const { clientId = '', device = '' } = mqtt;
  const made = `twinspect-sparkplug-${settings.edge}${device === '' ? '' : `-${device}`}`;
  return new SparkplugNode({
    ...{ settings, lineIds, clock, log, limits, role: mqtt.commandRole ?? null },
    connection: { ...mqtt, clientId: clientId === '' ? made : `${clientId}-sparkplug` },
    bdSeq: await openBdSeq(state, log),
  });
}
