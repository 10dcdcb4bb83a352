/**
 * A whole daemon in a process of its own, as the soak runs judge it from outside: camera, host process, journal, MQTT
 * and OPC UA as in `twinspect run`. It keeps the moment of each decision, may write a second book of its triggers that
 * a kill cannot take back, and may show an echo beside the verdicts.
 */
import { openSync, readFileSync, writeSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { resolveConfig } from '../../config/load.ts';
import type { Config } from '../../config/schema.ts';
import { systemClock } from '../../daemon/clock.ts';
import { BenchCamera } from '../../daemon/commands/bench-camera.ts';
import { createLog } from '../../daemon/log.ts';
import { Daemon } from '../../daemon/supervise/daemon.ts';
import { type Camera, type CameraSink, diskFiles } from '../../drivers/index.ts';
import { SyntheticCamera } from '../../drivers/synthetic/camera.ts';
import { defaultGrid, renderPart } from '../../drivers/synthetic/part.ts';
import { WorkerRenderer } from '../../drivers/synthetic/renderer.ts';
import { heed, say, toldSettings, type Word } from './child.ts';
import { type Echo, startEcho } from './echo.ts';
import { sharedMs } from './moments.ts';

export interface LineSettings {
  readonly stateDir: string;
  /** Null: the embedded broker. */
  readonly mqttUrl: string | null;
  readonly opcua: boolean;
  readonly periodMs: number;
  /** Number of the first part: part ids go on where an earlier process of the same run ended. */
  readonly firstPart: number;
  /** A bundle other than the one that comes with Twinspect, of 64 x 64 pixels. */
  readonly bundle: { readonly path: string; readonly product: string; readonly side: number } | null;
  /** Each trigger is written here before it is fired, and again when the journal's thread has its entry. */
  readonly book: string | null;
  readonly echo: boolean;
}

export type LineWord =
  | { kind: 'begun'; opcua: string; mqtt: string; hostPid: number }
  /** Where a book is kept: a trigger is on its way into the line. */
  | { kind: 'fired' }
  | ({ kind: 'figures' } & LineFigures)
  | { kind: 'stopped' };

export interface LineFigures {
  /** [sequence, moment] when the line had judged and handed the part to the plant's side. */
  readonly decisions: readonly (readonly [number, number])[];
  /** [sequence, moment] after the commit, when every control lane had it. */
  readonly announced: readonly (readonly [number, number])[];
  readonly echoes: readonly (readonly [number, number])[];
  /** Since the figures were asked for the last time. */
  readonly eventLoopDelayMs: { readonly p50: number; readonly p99: number; readonly max: number };
  /** CPU seconds of the inference host since it lives, and of this process. */
  readonly hostCpuS: number;
  readonly ownCpuS: number;
  readonly rssMb: number;
  readonly heapMb: number;
  readonly hostRssMb: number;
  readonly opened: number;
  /** Records in the journal that the broker has not acknowledged. */
  readonly waiting: number;
  readonly decided: Readonly<Record<'pass' | 'fail' | 'undecided', number>>;
  readonly health: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

const settings = toldSettings<LineSettings>();
/** Ticks of /proc/PID/stat; the kernel's USER_HZ is 100 on every architecture Linux has today. */
const ticksPerS = 100;
/** Large parts rendered before the camera starts; a quarter of them is defective. */
const partsShown = 24;

const decisions: [number, number][] = [];
const announced: [number, number][] = [];
const delay = monitorEventLoopDelay({ resolution: 5 });

function configOf({ stateDir, mqttUrl, opcua, periodMs, bundle }: LineSettings): Config {
  const { config } = resolveConfig(null, {}, 'the defaults');
  return {
    ...config,
    line: { ...config.line, ...(bundle && { bundle: bundle.path, product: bundle.product }) },
    camera: { ...config.camera, synthetic: { ...config.camera.synthetic, periodMs } },
    inference: { ...config.inference, ...(bundle && { threads: 1 }) },
    mqtt: { ...config.mqtt, url: mqttUrl ?? '', embeddedPort: 0 },
    opcua: { ...config.opcua, enabled: opcua, port: 0 },
    stateDir,
  };
}

/**
 * The synthetic camera's parts. Small ones are rendered as they come, their numbers going on over a kill; large ones,
 * whose rendering would take a core from what is measured, are rendered before and shown in turn, none like another.
 */
function openCamera(): Camera {
  const { periodMs, firstPart, bundle } = settings;
  const { seed, defectRate } = resolveConfig(null, {}, 'the defaults').config.camera.synthetic;
  const grid = bundle ? { grid: { widthPx: bundle.side, heightPx: bundle.side } } : {};
  const of = { id: 'camera1', seed, defectRate, firstPart, ...grid, periodMs: bundle ? periodMs : null };
  const synthetic = new SyntheticCamera(of, systemClock, new WorkerRenderer());
  if (bundle) return withBells(synthetic, () => undefined);
  const images = Array.from({ length: partsShown }, (_, index) => {
    const { rgb, depthMm } = renderPart(synthetic.requestOf(firstPart + index));
    return { ...defaultGrid, rgb, depthMm };
  });
  void synthetic.stop();
  const shown = new BenchCamera(images, systemClock, { stamped: false });
  const beat = (dueMs: number): void => {
    systemClock.after(Math.max(0, dueMs - systemClock.nowMs()), () => {
      shown.trigger();
      beat(Math.max(dueMs + periodMs, systemClock.nowMs()));
    });
  };
  return withBells(shown, () => beat(systemClock.nowMs() + periodMs));
}

/** The same camera, but what it tells the line is heard here first. */
function withBells(camera: Camera, started: () => void): Camera {
  return new Proxy(camera, {
    get(of, name) {
      if (name === 'start') {
        return async (sink: CameraSink, signal: AbortSignal) => {
          await of.start(watched(sink), signal);
          started();
        };
      }
      const value = Reflect.get(of, name, of) as unknown;
      return typeof value === 'function' ? value.bind(of) : value;
    },
  });
}

/** Everything between camera and plant is there when the camera starts: here its doors get their bells. */
function watched(sink: CameraSink): CameraSink {
  const { publishing } = daemon;
  const publisher = publishing!.line(daemonConfig.line.id);
  const closed = publisher.closed.bind(publisher);
  publisher.closed = (record, evidence) => {
    decisions.push([record.sequence, sharedMs()]);
    return closed(record, evidence);
  };
  if (settings.book === null) return sink;
  // Written by one call each, into the kernel: what is written stays, whoever is killed.
  const book = openSync(settings.book, 'a');
  const { journal } = publishing!;
  const open = journal.open.bind(journal);
  journal.open = (part) => {
    const opened = open(part);
    void opened.journaled.then(() => writeSync(book, `opened ${opened.sequence} ${part.partId}\n`));
    return opened;
  };
  return {
    ...sink,
    triggered(count, partId) {
      writeSync(book, `fired ${partId}\n`);
      say({ kind: 'fired' });
      sink.triggered(count, partId);
    },
  };
}

const daemonConfig = configOf(settings);
const daemon = new Daemon({
  ...{ config: daemonConfig, clock: systemClock, files: diskFiles, cwd: '/', camera: openCamera() },
  log: createLog({ level: 'warn', sink: { write: (line) => void writeSync(2, line) } }),
  signal: new AbortController().signal,
  announced: (record) => void announced.push([record.sequence, sharedMs()]),
});

let echo: Echo | null = null;

function cpuS(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / ticksPerS;
}

async function figures(): Promise<LineFigures> {
  const { host } = daemon.inference;
  const { counters } = daemon.publishing!.line(daemonConfig.line.id).status();
  const { waitingRecords } = await daemon.publishing!.journal.figures();
  const own = process.cpuUsage();
  const ms = (ns: number): number => ns / 1e6;
  const word: LineFigures = {
    decisions: decisions.splice(0),
    announced: announced.splice(0),
    echoes: echo?.sent.splice(0) ?? [],
    eventLoopDelayMs: { p50: ms(delay.percentile(50)), p99: ms(delay.percentile(99)), max: ms(delay.max) },
    hostCpuS: host?.pid === undefined ? 0 : cpuS(host.pid),
    ownCpuS: (own.user + own.system) / 1e6,
    rssMb: process.memoryUsage.rss() / 1e6,
    heapMb: process.memoryUsage().heapUsed / 1e6,
    hostRssMb: (host?.rssBytes ?? 0) / 1e6,
    opened: counters.opened,
    waiting: waitingRecords,
    decided: { pass: counters.pass, fail: counters.fail, undecided: counters.undecided },
    health: Object.fromEntries(daemon.publishing!.health().map(({ name, counters: of }) => [name, { ...of }])),
  };
  delay.reset();
  return word;
}

async function stop(): Promise<LineWord> {
  await echo?.stop();
  await daemon.stop();
  return { kind: 'stopped' };
}

heed(async ({ kind }: Word) => {
  if (kind === 'figures') return say({ kind, ...(await figures()) } as Word);
  say(await stop());
  process.disconnect!();
});
await daemon.start();
if (daemon.inference.refusal) throw daemon.inference.refusal;
if (settings.echo) echo = await startEcho(daemon.mqttUrl!);
delay.enable();
const begun: LineWord = {
  kind: 'begun',
  opcua: daemon.publishing!.opcuaEndpoint ?? '',
  mqtt: daemon.mqttUrl ?? '',
  hostPid: daemon.inference.host?.pid ?? 0,
};
say(begun);
