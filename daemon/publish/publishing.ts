/**
 * The whole room, put together: journal, OPC UA server, and per line its MQTT connection, record lane and publisher.
 * Starts without a broker; does not start without a journal or with a port that is taken.
 */
import { invariant } from '../../errors.ts';
import type { Audit } from '../audit/port.ts';
import type { Clock } from '../clock.ts';
import type { VerdictRecord } from '../line/verdict.ts';
import type { StateFolder } from '../state/folder.ts';
import type { CommitLimits } from './commit-guard.ts';
import { type Journal, openJournal } from './journal/journal.ts';
import type { JournalLimits } from './journal/limits.ts';
import type { ControlLane, Health, HealthListener, Log } from './lane.ts';
import { MqttLine } from './mqtt/line.ts';
import { clientIdOf, type LineMqtt, type MqttLineLimits } from './mqtt/settings.ts';
import type { SecuritySettings } from './opcua/security/security.ts';
import type { OpcUa } from './opcua/server.ts';
import type { VisionSources } from './opcua/vision/system.ts';
import { type EncodePng, newCounters, Publisher, type PublisherLimits } from './publisher.ts';
import { RecordLane, type RecordLaneLimits } from './record-lane.ts';
import type { SparkplugNode } from './sparkplug/node.ts';

export interface PublishingOpcUa extends Omit<SecuritySettings, 'state'> {
  readonly port: number;
  /** Names the port's setting in errors. */
  readonly setting: string;
}

/** What makes a line a vision system of OPC 40100-1; its records come from the journal. */
export type PublishingVision = Omit<VisionSources, 'records'>;

export interface PublishingOptions {
  readonly state: StateFolder;
  /** `/etc/machine-id`; null or absent: it is not known. */
  readonly machineId?: string | null;
  readonly lineIds: readonly string[];
  /** Null = no broker: records are kept for the result store only. */
  readonly mqtt: LineMqtt | null;
  readonly opcua: PublishingOpcUa | null;
  /** Null or absent: its OPC UA server has tags alone. */
  readonly vision?: PublishingVision | null;
  readonly clock: Clock;
  readonly log: Log;
  /** Who changed what; null or absent: nobody keeps it. */
  readonly audit?: Audit | null;
  readonly encodePng: EncodePng;
  /** Other ways to the plant, of the line they are for. */
  readonly lanes?: (lineId: string) => readonly ControlLane[];
  readonly announced?: (record: VerdictRecord, committed: boolean) => void;
  readonly limits?: Partial<JournalLimits & MqttLineLimits & CommitLimits & PublisherLimits & RecordLaneLimits>;
}

export interface Publishing {
  readonly journal: Journal;
  /** Where the OPC UA server listens; null without one. */
  readonly opcuaEndpoint: string | null;
  /** How one comes in there, for people; null without one. */
  readonly opcuaAccess: string | null;
  /** The sink of a line. */
  line(lineId: string): Publisher;
  health(): Health[];
  onHealth(listener: HealthListener): void;
  stop(): Promise<void>;
}

export async function startPublishing(options: PublishingOptions): Promise<Publishing> {
  const { state, lineIds, clock, log, machineId = null } = options;
  const journal = await openJournal({ state, clock, machineId, limits: options.limits ?? {} });
  let opcua: OpcUa | null = null;
  try {
    if (options.opcua) {
      const { setting, ...settings } = options.opcua;
      // Loading the library takes half a second, which only who wants the server pays.
      const { startOpcUa } = await import('./opcua/server.ts');
      const latest = (lineId: string, limit: number) => journal.latest(lineId, limit);
      const { audit = null } = options;
      const vision = visionOf(options, journal);
      opcua = await startOpcUa({
        ...{ settings: { ...settings, state }, setting, lineIds, clock, log, audit, latest, vision },
      });
    }
    const sparkplug = await openSparkplug(options);
    const also: Ways = { opcua, sparkplug };
    const lines = new Map(lineIds.map((lineId) => [lineId, composeLine(lineId, options, journal, also)]));
    for (const line of lines.values()) await line.publisher.start();
    for (const line of lines.values()) line.mqtt?.start();
    sparkplug?.start();
    return publishing(journal, also, lines);
  } catch (error) {
    await opcua?.stop();
    await journal.close();
    throw error;
  }
}

/** What all lines share. */
interface Ways {
  readonly opcua: OpcUa | null;
  readonly sparkplug: SparkplugNode | null;
}

/** An edge node of its own connection beside the lines'; its library is loaded by who wants it. */
async function openSparkplug(options: PublishingOptions): Promise<SparkplugNode | null> {
  const { mqtt, state, lineIds, clock, log, limits = {} } = options;
  if (!mqtt?.sparkplug) return null;
  const { openSparkplugNode } = await import('./sparkplug/open.ts');
  return openSparkplugNode({ mqtt, settings: mqtt.sparkplug, state, lineIds, clock, log, limits });
}

function visionOf({ vision }: PublishingOptions, journal: Journal): ((lineId: string) => VisionSources) | null {
  if (!vision) return null;
  return (lineId) => ({
    ...vision,
    records: {
      latest: (before, limit) => journal.latest(lineId, limit, before),
      bySequence: (sequence) => journal.bySequence(lineId, sequence),
    },
  });
}

interface LinePublishing {
  readonly publisher: Publisher;
  readonly mqtt: MqttLine | null;
  readonly lanes: readonly ControlLane[];
}

function composeLine(
  lineId: string,
  options: PublishingOptions,
  journal: Journal,
  { opcua, sparkplug }: Ways,
): LinePublishing {
  const { clock, log, encodePng, announced, limits = {} } = options;
  const counters = newCounters();
  const mqtt =
    options.mqtt &&
    new MqttLine({
      ...{ lineId, clock, log, limits, prefix: options.mqtt.prefix },
      settings: { ...options.mqtt, clientId: clientIdOf(options.mqtt, lineId) },
      commandRole: options.mqtt.commandRole ?? null,
    });
  const maskTopic = mqtt && ((resultId: string) => mqtt.maskTopic(resultId));
  const recordLane =
    mqtt && maskTopic && new RecordLane({ lineId, clock, log, journal, link: mqtt, maskTopic, counters, limits });
  // The vision system last: what a PLC waits for goes first.
  const others = options.lanes?.(lineId) ?? [];
  const lanes = [...others, opcua?.lane(lineId), mqtt, sparkplug?.device(lineId), opcua?.vision(lineId)].filter(
    (lane) => lane !== null && lane !== undefined,
  );
  const publisher = new Publisher({
    ...{ lineId, clock, log, journal, control: lanes, recordLane, encodePng, maskTopic, counters, limits },
    stateFault: () => options.state.faults.text,
    ...(announced ? { announced } : {}),
  });
  options.state.faults.onChange(() => publisher.faultsChanged());
  return { publisher, mqtt, lanes };
}

function publishing(journal: Journal, { opcua, sparkplug }: Ways, lines: Map<string, LinePublishing>): Publishing {
  const all = [...lines.values()];
  return {
    journal,
    opcuaEndpoint: opcua?.endpoint ?? null,
    opcuaAccess: opcua?.access ?? null,
    line(lineId) {
      const line = lines.get(lineId);
      invariant(line, `no line ${lineId} is published`);
      return line.publisher;
    },
    health: () => all.flatMap((line) => [line.publisher.health(), ...line.lanes.map((lane) => lane.health())]),
    onHealth(listener) {
      for (const line of all) for (const source of [line.publisher, ...line.lanes]) source.onHealth(listener);
    },
    async stop() {
      await Promise.all(all.map((line) => line.publisher.stop()));
      await Promise.all([...all.map((line) => line.mqtt?.stop()), sparkplug?.stop()]);
      await opcua?.stop();
      await journal.close();
    },
  };
}
