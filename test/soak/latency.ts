/**
 * From the decision to the plant, at ten parts a second with masks: how long until a subscribed OPC UA client and an
 * MQTT one, each a process of its own, have a verdict, beside an echo on the same server and broker in the same run.
 *
 *     node test/soak/latency.ts [--parts N] [--state DIR]
 *
 * The verdict is announced when its record is on the disk: --state puts the journal on another one.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { quantile } from '../../daemon/commands/bench-figures.ts';
import { openBroker } from './broker.ts';
import { Child } from './child.ts';
import type { LineFigures, LineSettings, LineWord } from './line-process.ts';
import { pause, sharedMs } from './moments.ts';
import type { Seen, SubscriberSettings, SubscriberWord } from './opcua-subscriber.ts';
import { endAtSignal, isProgram, printFigures, wholeOption } from './program.ts';

const periodMs = 100;
/** Code is compiled and caches fill in the first ones. */
const warmParts = 30;
/** After the last part, for what is on its way. */
const settleMs = 1000;

export interface LatencyFigures {
  latencyParts: number;
  opcuaDecisionToClientMsP50: number;
  opcuaDecisionToClientMsP99: number;
  opcuaEchoMsP50: number;
  opcuaEchoMsP99: number;
  mqttDecisionToClientMsP50: number;
  mqttDecisionToClientMsP99: number;
  mqttEchoMsP50: number;
  mqttEchoMsP99: number;
  /** Of both ways: from the decision until the record is committed (fsync) and the lanes have it. */
  decisionToAnnouncedMsP50: number;
  decisionToAnnouncedMsP99: number;
  /** From then on. */
  opcuaAnnouncedToClientMsP50: number;
  opcuaAnnouncedToClientMsP99: number;
  mqttAnnouncedToClientMsP50: number;
  mqttAnnouncedToClientMsP99: number;
  opcuaVerdictsSeen: number;
  mqttVerdictsSeen: number;
  mqttMasksSeen: number;
  inferenceCores: number;
  daemonCores: number;
  eventLoopDelayMsP99: number;
  eventLoopDelayMsMax: number;
  broker: string;
}

export interface LatencyOptions {
  readonly parts: number;
  /** Where the journal lies; a temporary folder where absent. */
  readonly under?: string;
}

export async function latency({ parts, under = tmpdir() }: LatencyOptions): Promise<LatencyFigures> {
  const folder = await mkdtemp(join(under, 'twinspect-latency-'));
  const broker = await openBroker({ folder: join(folder, 'broker') });
  const settings: LineSettings = {
    ...{ stateDir: join(folder, 'state'), mqttUrl: broker.url, opcua: true, periodMs, firstPart: 1 },
    ...{ bundle: null, book: null, echo: true },
  };
  const line = new Child<LineWord>(new URL('./line-process.ts', import.meta.url), settings);
  const open: Child<SubscriberWord>[] = [];
  const subscriber = async (entry: URL, to: SubscriberSettings): Promise<Child<SubscriberWord>> => {
    const child = new Child<SubscriberWord>(entry, to);
    open.push(child);
    await child.word('subscribed');
    return child;
  };
  try {
    const begun = await line.word('begun', 150_000);
    const lineId = 'line1';
    const opcua = await subscriber(new URL('./opcua-subscriber.ts', import.meta.url), { url: begun.opcua, lineId });
    const mqtt = await subscriber(new URL('./mqtt-subscriber.ts', import.meta.url), { url: begun.mqtt, lineId });
    await pause(warmParts * periodMs);
    const before = await line.ask({ kind: 'figures' }, 'figures');
    const startedMs = sharedMs();
    await pause(parts * periodMs);
    const after = await line.ask({ kind: 'figures' }, 'figures');
    const wallS = (sharedMs() - startedMs) / 1000;
    await pause(settleMs);
    const seen = { opcua: await opcua.ask({ kind: 'seen' }, 'seen'), mqtt: await mqtt.ask({ kind: 'seen' }, 'seen') };
    await line.ask({ kind: 'stop' }, 'stopped');
    return { ...joined(after, seen), ...cores(before, after, wallS), broker: broker.name };
  } finally {
    for (const child of [line, ...open]) await child.kill();
    await broker.stop('hard');
    await rm(folder, { recursive: true, force: true });
  }
}

function cores(before: LineFigures, after: LineFigures, wallS: number) {
  return {
    inferenceCores: (after.hostCpuS - before.hostCpuS) / wallS,
    daemonCores: (after.ownCpuS - before.ownCpuS) / wallS,
    eventLoopDelayMsP99: after.eventLoopDelayMs.p99,
    eventLoopDelayMsMax: after.eventLoopDelayMs.max,
  };
}

type Times = readonly (readonly [number, number])[];

/** Milliseconds from the one moment to the other of each number that has both. */
function between(from: Times, to: Times): number[] {
  const began = new Map(from);
  return to.flatMap(([number, atMs]) => (began.has(number) ? [atMs - began.get(number)!] : []));
}

function joined(line: LineFigures, { opcua, mqtt }: { opcua: Seen; mqtt: Seen }) {
  const ways = {
    opcuaDecisionToClient: between(line.decisions, opcua.verdicts),
    opcuaEcho: between(line.echoes, opcua.echoes),
    mqttDecisionToClient: between(line.decisions, mqtt.verdicts),
    mqttEcho: between(line.echoes, mqtt.echoes),
    decisionToAnnounced: between(line.decisions, line.announced),
    opcuaAnnouncedToClient: between(line.announced, opcua.verdicts),
    mqttAnnouncedToClient: between(line.announced, mqtt.verdicts),
  };
  const share = (of: keyof typeof ways, at: number): number => quantile(ways[of], at);
  return {
    latencyParts: line.decisions.length,
    opcuaDecisionToClientMsP50: share('opcuaDecisionToClient', 0.5),
    opcuaDecisionToClientMsP99: share('opcuaDecisionToClient', 0.99),
    opcuaEchoMsP50: share('opcuaEcho', 0.5),
    opcuaEchoMsP99: share('opcuaEcho', 0.99),
    mqttDecisionToClientMsP50: share('mqttDecisionToClient', 0.5),
    mqttDecisionToClientMsP99: share('mqttDecisionToClient', 0.99),
    mqttEchoMsP50: share('mqttEcho', 0.5),
    mqttEchoMsP99: share('mqttEcho', 0.99),
    decisionToAnnouncedMsP50: share('decisionToAnnounced', 0.5),
    decisionToAnnouncedMsP99: share('decisionToAnnounced', 0.99),
    opcuaAnnouncedToClientMsP50: share('opcuaAnnouncedToClient', 0.5),
    opcuaAnnouncedToClientMsP99: share('opcuaAnnouncedToClient', 0.99),
    mqttAnnouncedToClientMsP50: share('mqttAnnouncedToClient', 0.5),
    mqttAnnouncedToClientMsP99: share('mqttAnnouncedToClient', 0.99),
    opcuaVerdictsSeen: ways.opcuaDecisionToClient.length,
    mqttVerdictsSeen: ways.mqttDecisionToClient.length,
    mqttMasksSeen: mqtt.masks,
  };
}

if (isProgram(import.meta.url)) {
  endAtSignal();
  const { values } = parseArgs({
    options: { parts: { type: 'string', default: '600' }, state: { type: 'string', default: tmpdir() } },
  });
  const parts = wholeOption('parts', values.parts, 10, 1_000_000);
  printFigures(await latency({ parts, under: resolve(values.state) }));
}
