/**
 * Hours of a whole daemon at ten parts a second with masks, an OPC UA and an MQTT client on it: does memory grow, does
 * the event loop stall, is each part decided? One line of JSON a sample on stderr; the sums at the end on stdout.
 *
 *     npm run soak -- [--hours N] [--every SECONDS] [--keep DIR]
 *
 * Ctrl-C ends it with the sums so far.
 */
import { mkdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { systemClock } from '../../daemon/clock.ts';
import { openBroker } from './broker.ts';
import { Child } from './child.ts';
import type { LineFigures, LineSettings, LineWord } from './line-process.ts';
import { sharedMs } from './moments.ts';
import type { SubscriberSettings, SubscriberWord } from './opcua-subscriber.ts';
import { endAtSignal, isProgram, printFigures, tell } from './program.ts';

const periodMs = 100;
const hourMs = 3_600_000;
/** Caches fill and the young generations grow in the first share of the samples, which the slopes leave out. */
const settlingShare = 0.25;

interface Sample extends Omit<LineFigures, 'decisions' | 'announced' | 'echoes' | 'health'> {
  readonly atMs: number;
}

export interface SoakFigures {
  hours: number;
  heapMbPerHour: number;
  rssMbPerHour: number;
  hostRssMbPerHour: number;
  heapMb: number;
  rssMb: number;
  hostRssMb: number;
  eventLoopDelayMsP99Worst: number;
  eventLoopDelayMsMax: number;
  opened: number;
  pass: number;
  fail: number;
  undecided: number;
  /** Opened and not yet decided at the end. */
  open: number;
  recordsWaiting: number;
  opcuaVerdictsSeen: number;
  mqttVerdictsSeen: number;
  mqttMasksSeen: number;
  inferenceCores: number;
  daemonCores: number;
  broker: string;
}

/** Least squares of the later samples, units per hour; NaN of fewer than two. */
export function slopePerHour(samples: readonly { atMs: number; value: number }[]): number {
  const later = samples.slice(Math.floor(samples.length * settlingShare));
  const mean = (of: (sample: { atMs: number; value: number }) => number): number =>
    later.reduce((sum, sample) => sum + of(sample), 0) / later.length;
  const [x, y] = [mean(({ atMs }) => atMs), mean(({ value }) => value)];
  const spread = later.reduce((sum, { atMs }) => sum + (atMs - x) ** 2, 0);
  if (later.length < 2 || spread === 0) return Number.NaN;
  return (later.reduce((sum, { atMs, value }) => sum + (atMs - x) * (value - y), 0) / spread) * hourMs;
}

export interface SoakOptions {
  readonly hours: number;
  readonly everyS: number;
  readonly folder: string;
  /** Ends it early, with what there is. */
  readonly signal: AbortSignal;
  readonly say?: (line: string) => void;
}

export async function soak(options: SoakOptions): Promise<SoakFigures> {
  const { hours, everyS, folder, signal, say = () => undefined } = options;
  mkdirSync(folder, { recursive: true });
  const broker = await openBroker({ folder: join(folder, 'broker') });
  const line = new Child<LineWord>(new URL('./line-process.ts', import.meta.url), {
    ...{ stateDir: join(folder, 'state'), mqttUrl: broker.url, opcua: true, periodMs, firstPart: 1 },
    ...{ bundle: null, book: null, echo: true },
  } satisfies LineSettings);
  const clients: Child<SubscriberWord>[] = [];
  const subscribe = async (entry: URL, url: string): Promise<Child<SubscriberWord>> => {
    const client = new Child<SubscriberWord>(entry, { url, lineId: 'line1' } satisfies SubscriberSettings);
    clients.push(client);
    await client.word('subscribed');
    return client;
  };
  const samples: Sample[] = [];
  const seen = { opcua: 0, mqtt: 0, masks: 0 };
  try {
    const begun = await line.word('begun', 150_000);
    const opcua = await subscribe(new URL('./opcua-subscriber.ts', import.meta.url), begun.opcua);
    const mqtt = await subscribe(new URL('./mqtt-subscriber.ts', import.meta.url), begun.mqtt);
    const endMs = sharedMs() + hours * hourMs;
    while (sharedMs() < endMs && !signal.aborted) {
      await pauseUnless(signal, Math.min(everyS * 1000, Math.max(0, endMs - sharedMs())));
      const {
        decisions: _d,
        announced: _a,
        echoes: _e,
        health: _h,
        ...figures
      } = await line.ask({ kind: 'figures' }, 'figures');
      const [byOpcua, byMqtt] = [await opcua.ask({ kind: 'seen' }, 'seen'), await mqtt.ask({ kind: 'seen' }, 'seen')];
      seen.opcua += byOpcua.verdicts.length;
      seen.mqtt += byMqtt.verdicts.length;
      seen.masks += byMqtt.masks;
      samples.push({ ...figures, atMs: sharedMs() });
      say(JSON.stringify({ ...figures, kind: undefined, seen }));
    }
    await line.ask({ kind: 'stop' }, 'stopped');
    return { ...summed(samples), ...verdicts(seen), broker: broker.name };
  } finally {
    for (const child of [line, ...clients]) await child.kill();
    await broker.stop('hard');
  }
}

function verdicts({ opcua, mqtt, masks }: { opcua: number; mqtt: number; masks: number }) {
  return { opcuaVerdictsSeen: opcua, mqttVerdictsSeen: mqtt, mqttMasksSeen: masks };
}

function summed(samples: readonly Sample[]) {
  const [first, last] = [samples[0]!, samples.at(-1)!];
  const slope = (of: (sample: Sample) => number): number =>
    slopePerHour(samples.map((sample) => ({ atMs: sample.atMs, value: of(sample) })));
  const wallS = (last.atMs - first.atMs) / 1000;
  const { pass, fail, undecided } = last.decided;
  return {
    hours: (last.atMs - first.atMs) / hourMs,
    heapMbPerHour: slope(({ heapMb }) => heapMb),
    rssMbPerHour: slope(({ rssMb }) => rssMb),
    hostRssMbPerHour: slope(({ hostRssMb }) => hostRssMb),
    ...{ heapMb: last.heapMb, rssMb: last.rssMb, hostRssMb: last.hostRssMb },
    eventLoopDelayMsP99Worst: Math.max(...samples.map(({ eventLoopDelayMs }) => eventLoopDelayMs.p99)),
    eventLoopDelayMsMax: Math.max(...samples.map(({ eventLoopDelayMs }) => eventLoopDelayMs.max)),
    ...{ opened: last.opened, pass, fail, undecided, open: last.opened - pass - fail - undecided },
    recordsWaiting: last.waiting,
    inferenceCores: (last.hostCpuS - first.hostCpuS) / wallS,
    daemonCores: (last.ownCpuS - first.ownCpuS) / wallS,
  };
}

function pauseUnless(signal: AbortSignal, ms: number): Promise<void> {
  return new Promise((over) => {
    signal.addEventListener('abort', () => over(), { once: true });
    systemClock.after(ms, over, signal);
  });
}

function positive(name: string, text: string): number {
  const value = Number(text);
  if (Number.isFinite(value) && value > 0) return value;
  throw new Error(`--${name} is "${text}", expected a number above 0`);
}

if (isProgram(import.meta.url)) {
  const { values } = parseArgs({
    options: {
      hours: { type: 'string', default: '24' },
      every: { type: 'string', default: '60' },
      keep: { type: 'string' },
    },
  });
  const folder = values.keep === undefined ? await mkdtemp(join(tmpdir(), 'twinspect-soak-')) : resolve(values.keep);
  const stop = new AbortController();
  endAtSignal(() => stop.abort());
  const [hours, everyS] = [positive('hours', values.hours), positive('every', values.every)];
  printFigures(await soak({ hours, everyS, folder, signal: stop.signal, say: tell }));
  if (values.keep === undefined) await rm(folder, { recursive: true, force: true });
}
