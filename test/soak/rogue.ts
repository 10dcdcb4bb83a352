/**
 * A hundred clients on either side that connect and die, half of them so that nobody hears of it, and a thousand
 * malformed messages and calls, while a whole daemon judges ten parts a second and a PLC polls it: is the PLC served?
 *
 *     node test/soak/rogue.ts [--clients N] [--messages N]
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { quantile } from '../../daemon/commands/bench-figures.ts';
import { openBroker } from './broker.ts';
import { Child, type Word } from './child.ts';
import type { LineSettings, LineWord } from './line-process.ts';
import type { MalformedSettings, MalformedWord } from './malformed-process.ts';
import { pause } from './moments.ts';
import type { PlcFigures, PlcSettings, PlcWord } from './plc-process.ts';
import { endAtSignal, isProgram, printFigures, tell, wholeOption } from './program.ts';
import type { RogueSettings, RogueWord } from './rogue-process.ts';
import { openWire, type Wire } from './wire.ts';

const periodMs = 100;
const lineId = 'line1';
const processes = 4;
/** Without rogues, to compare with. */
const quietMsUsual = 10_000;
/** After they died: the server finds their connections gone. */
const afterMs = 5000;

export interface RogueFigures {
  /** On the OPC UA side and as many on the MQTT side. */
  rogueClients: number;
  /** Those that were let in and subscribed; a server that has no session left says so to the others. */
  rogueLetIn: number;
  rogueMqttLetIn: number;
  /** What the server said to those it did not let in. */
  rogueRefused: string | null;
  malformedMessages: number;
  /** Bad writes and calls answered as good ones. */
  malformedAccepted: number;
  firstAccepted: string | null;
  /** Share of the PLC's polls answered within 200 ms with values that belong together, while all that went on. */
  plcServedDuringRogue: number;
  /** The same before it began: the machine's own doing. */
  plcServedQuiet: number;
  plcPolls: number;
  plcWrong: number;
  plcHeartStood: number;
  plcFirstWrong: string | null;
  plcResultsMissed: number;
  plcAnswerMsP99: number;
  plcAnswerQuietMsP99: number;
  /** A PLC switched off and on after the rogues died: until it reads again. */
  plcAnewMs: number;
  plcAnewProblem: string | null;
  /** Parts judged meanwhile, and of them the undecided ones. */
  rogueParts: number;
  rogueUndecided: number;
  broker: string;
}

export interface RogueOptions {
  readonly clients: number;
  readonly messages: number;
  readonly quietMs?: number;
  readonly say?: (line: string) => void;
}

export async function rogue(options: RogueOptions): Promise<RogueFigures> {
  const { clients, messages, quietMs = quietMsUsual, say = () => undefined } = options;
  const folder = await mkdtemp(join(tmpdir(), 'twinspect-rogue-'));
  const broker = await openBroker({ folder: join(folder, 'broker') });
  const children: { kill(): Promise<void> }[] = [];
  const wires: Wire[] = [];
  const start = <W extends Word>(entry: URL, settings: object): Child<W> => {
    const child = new Child<W>(entry, settings);
    children.push(child);
    return child;
  };
  const line = start<LineWord>(new URL('./line-process.ts', import.meta.url), {
    ...{ stateDir: join(folder, 'state'), mqttUrl: broker.url, opcua: true, periodMs, firstPart: 1 },
    ...{ bundle: null, book: null, echo: false },
  } satisfies LineSettings);
  try {
    const { opcua, mqtt } = await line.word('begun', 150_000);
    const plc = start<PlcWord>(new URL('./plc-process.ts', import.meta.url), {
      ...{ url: opcua, lineId },
    } satisfies PlcSettings);
    await plc.word('polling');
    await pause(1000);
    await plc.ask({ kind: 'figures' }, 'figures');
    await pause(quietMs);
    const quiet = await plc.ask({ kind: 'figures' }, 'figures');
    const before = await line.ask({ kind: 'figures' }, 'figures');

    say(`${clients} clients on either side connect and die`);
    wires.push(await openWire(portOf(opcua)), await openWire(portOf(mqtt)));
    const met = await dieBeside({ opcuaUrl: opcua, mqttUrl: mqtt, lineId, clients }, wires, start);
    await pause(afterMs);
    const anew = await plc.ask({ kind: 'anew' }, 'anew', 120_000);
    say(`${messages} malformed messages and calls`);
    const malformed = start<MalformedWord>(new URL('./malformed-process.ts', import.meta.url), {
      ...{ opcuaUrl: opcua, mqttUrl: mqtt, lineId, messages },
    } satisfies MalformedSettings);
    const sent = await malformed.word('sent', 300_000);
    const during = await plc.ask({ kind: 'figures' }, 'figures');
    const after = await line.ask({ kind: 'figures' }, 'figures');
    return {
      ...{ rogueClients: clients, rogueLetIn: met.opcua, rogueMqttLetIn: met.mqtt, rogueRefused: met.refused },
      malformedMessages: sent.garbage + sent.writes + sent.calls + sent.topics,
      ...{ malformedAccepted: sent.accepted, firstAccepted: sent.firstAccepted },
      ...served(quiet, during),
      ...{ plcAnewMs: anew.servedAfterMs, plcAnewProblem: anew.problem },
      rogueParts: after.decisions.length,
      rogueUndecided: after.decided.undecided - before.decided.undecided,
      broker: broker.name,
    };
  } finally {
    for (const child of children) await child.kill();
    for (const wire of wires) await wire.close();
    await broker.stop('hard');
    await rm(folder, { recursive: true, force: true });
  }
}

/** Half of them behind wires that freeze first: to the server these stay connected and say nothing more. */
async function dieBeside(
  all: RogueSettings,
  wires: readonly Wire[],
  start: (entry: URL, settings: object) => Child<RogueWord>,
): Promise<RogueWord> {
  const [opcuaUrl, mqttUrl] = [through(all.opcuaUrl, wires[0]!.port), through(all.mqttUrl, wires[1]!.port)];
  const met: RogueWord = { kind: 'connected', opcua: 0, mqtt: 0, refused: null };
  for (let process = 0; process < processes; process++) {
    const share =
      Math.floor(((process + 1) * all.clients) / processes) - Math.floor((process * all.clients) / processes);
    const wired = process % 2 === 1;
    const rogues = start(new URL('./rogue-process.ts', import.meta.url), {
      ...all,
      ...(wired && { opcuaUrl, mqttUrl }),
      clients: share,
    } satisfies RogueSettings);
    const { opcua, mqtt, refused } = await rogues.word('connected', 300_000);
    met.opcua += opcua;
    met.mqtt += mqtt;
    met.refused ??= refused;
    if (wired) for (const wire of wires) wire.freeze();
    await rogues.kill();
  }
  return met;
}

function portOf(url: string): number {
  return Number(/:(\d+)(?:\/|$)/.exec(url)![1]);
}

function through(url: string, port: number): string {
  return url.replace(/:\d+(?=\/|$)/, `:${port}`);
}

function served(quiet: PlcFigures, during: PlcFigures) {
  return {
    plcServedDuringRogue: during.served / during.polls,
    plcServedQuiet: quiet.served / quiet.polls,
    plcPolls: during.polls,
    plcWrong: during.wrong,
    plcHeartStood: during.heartStood,
    plcFirstWrong: during.firstWrong,
    plcResultsMissed: during.missed,
    plcAnswerMsP99: quantile(during.answersMs, 0.99),
    plcAnswerQuietMsP99: quantile(quiet.answersMs, 0.99),
  };
}

if (isProgram(import.meta.url)) {
  endAtSignal();
  const { values } = parseArgs({
    options: { clients: { type: 'string', default: '100' }, messages: { type: 'string', default: '1000' } },
  });
  const clients = wholeOption('clients', values.clients, 1, 1000);
  const messages = wholeOption('messages', values.messages, 4, 1_000_000);
  printFigures(await rogue({ clients, messages, say: tell }));
}
