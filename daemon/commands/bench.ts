/**
 * `twinspect bench`: what the daemon adds to the bare inference, through the real line, host, judge, journal, embedded
 * broker and OPC UA server, in one run. After each part the host runs the same graph bare, so that both see the same
 * machine at the same time; the next part comes when all of that is over, so that nothing queues.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { resolveConfig } from '../../config/load.ts';
import type { Config } from '../../config/schema.ts';
import { fail } from '../../errors.ts';
import { readGolden } from '../../models/bundle/golden.ts';
import { readManifest } from '../../models/bundle/load.ts';
import type { VerdictRecord } from '../line/verdict.ts';
import { Daemon } from '../supervise/daemon.ts';
import type { Args } from './args.ts';
import { BenchCamera, type BenchImages } from './bench-camera.ts';
import { compare, comparisonTable } from './bench-compare.ts';
import { type BenchFigures, benchFigures, type MemorySample, type PartSample } from './bench-figures.ts';
import { teachingRates, teachingTable } from './bench-teaching.ts';
import type { Command, Context } from './command.ts';
import { namedBundle } from './named-bundle.ts';
import { readThreads } from './teach-options.ts';

const defaultParts = 300;
const defaultRounds = 60;
const partsMax = 1_000_000;
/** Judged before the first one counts: code is compiled, connections are made. */
const warmParts = 20;
/** After a verdict, for masks and messages behind it to be done. */
const restMs = 20;
const memoryEvery = 20;
const progressEvery = 100;

export const command: Command = {
  name: 'bench',
  summary: 'measure what the daemon adds to the bare inference',
  usage: [
    'bench [--bundle DIR] [--parts N] [--json]',
    'bench --compare [--bundle DIR ...] [--rounds N] [--json]',
    'bench --teaching [--threads N] [--json]',
  ],
  options: {
    bundle: {
      type: 'string',
      value: 'DIR',
      multiple: true,
      doc: 'the bundle to run; default: the one that comes with Twinspect. With --compare several may be given',
    },
    compare: {
      type: 'boolean',
      doc:
        'ways to run a bundle side by side, taking turns: one graph or three sessions, threads, spinning, how the ' +
        'runtime rewrites the graph, precisions, other bundles',
    },
    rounds: { type: 'string', value: 'N', doc: `--compare: runs of each way; default ${defaultRounds}` },
    teaching: { type: 'boolean', doc: 'images a second of training steps, beside a published network as a yardstick' },
    threads: { type: 'string', value: 'N', doc: '--teaching: default 2' },
    parts: { type: 'string', value: 'N', doc: `parts to measure; default ${defaultParts}` },
    json: {
      type: 'boolean',
      doc:
        'print JSON. captureToVerdict: exposure to announcement, journal commit (fsync) included; added: that, less ' +
        "the part's own session.run in the host and the commit; overheadRatio: p50 of exposure to announcement " +
        'without the commit, over p50 of the bare session.run; rss: daemon and host; evidence is off',
    },
  },
  async run(context: Context, args: Args) {
    args.atMost(0);
    if (args.flag('teaching')) args.alone('teaching', ['threads', 'json']);
    if (args.flag('compare')) args.alone('compare', ['bundle', 'rounds', 'json']);
    args.needs('rounds', 'compare');
    args.needs('threads', 'teaching');
    const parts = args.whole('parts', { min: 1, max: partsMax }) ?? defaultParts;
    const base = resolveConfig(null, context.env, 'the environment').config;
    const given = args.texts('bundle').map((bundle) => namedBundle(context, bundle));
    const paths = given.length > 0 ? given : [base.line.bundle];
    if (args.flag('teaching')) {
      const rates = await teachingRates(context, readThreads(args));
      for (const line of args.flag('json') ? [JSON.stringify(rates)] : teachingTable(rates)) context.stdout(line);
      return;
    }
    if (args.flag('compare')) {
      const rows = await compare(context, paths, args.whole('rounds', { min: 1, max: partsMax }) ?? defaultRounds);
      if (args.flag('json')) return context.stdout(JSON.stringify(rows));
      for (const line of comparisonTable(rows)) context.stdout(line);
      return;
    }
    const [path, second] = paths as [string, string?];
    if (second !== undefined) {
      throw fail('usage/value', { option: 'bundle', found: second, expected: 'one bundle; several with --compare' });
    }
    const { product, images } = await readBundle(context, path);
    const stateDir = await mkdtemp(join(tmpdir(), 'twinspect-bench-'));
    try {
      const config = benchConfig(base, { path, product, stateDir });
      const figures = await measure(context, config, images, parts);
      if (args.flag('json')) context.stdout(JSON.stringify(figures));
      else for (const line of shown(figures, path)) context.stdout(line);
    } finally {
      await rm(stateDir, { recursive: true, force: true });
    }
  },
};

export async function readBundle(
  { files }: Context,
  path: string,
): Promise<{ product: string; images: BenchImages[] }> {
  const read = (file: string): Promise<Uint8Array> => files.read(join(path, file));
  const { manifest } = await readManifest(read, path);
  const images: BenchImages[] = [];
  for (const part of manifest.golden) {
    const bytes = new Map<string, Uint8Array>();
    for (const file of [part.rgb, part.depth, part.map]) bytes.set(file, await read(file));
    images.push({ ...manifest.input, ...readGolden(part, (file) => bytes.get(file)!) });
  }
  if (images.length === 0) throw fail('bundle/manifest', { path, problem: 'golden is empty, expected at least one' });
  return { product: manifest.product, images };
}

/** The daemon's own configuration but for what a bench must not touch: ports, state and evidence of the real one. */
function benchConfig(base: Config, own: { path: string; product: string; stateDir: string }): Config {
  return {
    ...base,
    line: { ...base.line, id: 'bench', bundle: own.path, product: own.product, deadlineMs: 10_000 },
    mqtt: { ...base.mqtt, enabled: true, url: '', embeddedPort: 0, username: '', passwordFile: '' },
    opcua: { ...base.opcua, enabled: true, port: 0 },
    evidence: { ...base.evidence, enabled: false },
    stateDir: own.stateDir,
  };
}

async function measure(
  context: Context,
  config: Config,
  images: readonly BenchImages[],
  parts: number,
): Promise<BenchFigures> {
  const { cwd, clock, files, signal } = context;
  const camera = new BenchCamera(images, clock);
  let told: (verdict: { record: VerdictRecord; atMs: number }) => void = () => undefined;
  const announced = (record: VerdictRecord): void => told({ record, atMs: clock.nowMs() });
  // The log is the daemon's; a bench says what it found.
  context.log.setLevel('warn');
  const daemon = new Daemon({ config, cwd, clock, log: context.log, files, signal, announced, camera });
  const samples: PartSample[] = [];
  const memory: MemorySample[] = [];
  try {
    await daemon.start();
    if (daemon.inference.refusal) throw daemon.inference.refusal;
    for (let part = 1 - warmParts; part <= parts; part++) {
      signal.throwIfAborted();
      const exposedMs = clock.nowMs();
      const verdict = await new Promise<{ record: VerdictRecord; atMs: number }>((tell) => {
        told = tell;
        camera.trigger();
      });
      const sample = await sampleOf(context, daemon, verdict.record, verdict.atMs - exposedMs);
      if (part < 1) continue;
      samples.push(sample);
      if (part % memoryEvery === 0 || part === parts) memory.push({ parts: part, rssMb: rssMb(daemon) });
      if (part % progressEvery === 0) context.stderr(`${part} of ${parts} parts`);
    }
  } finally {
    await daemon.stop();
  }
  return benchFigures(samples, memory);
}

async function sampleOf(
  { clock, signal }: Context,
  { publishing, inference }: Daemon,
  { inferMs, reason, detail, sequence }: VerdictRecord,
  captureToVerdictMs: number,
): Promise<PartSample> {
  const figures = await publishing?.journal.figures();
  if (inferMs === null || !figures?.commit) {
    throw fail('bench/part', { part: sequence, reason, detail: detail ?? '' });
  }
  const rest = (): Promise<void> => new Promise((over) => clock.after(restMs, over));
  await rest();
  const bareMs = await inference.measure(signal);
  await rest();
  return { captureToVerdictMs, inferMs, commitMs: figures.commit.lastMs, bareMs };
}

function rssMb({ inference }: Daemon): number {
  return (process.memoryUsage.rss() + (inference.host?.rssBytes ?? 0)) / 1e6;
}

function shown(figures: BenchFigures, path: string): string[] {
  const ms = (value: number): string => `${value.toFixed(2)} ms`;
  const slope = figures.rssSlopeMbPer1000Parts;
  return [
    `${path}: ${figures.parts} parts`,
    `bare session.run      p50 ${ms(figures.bareInferMsP50)}`,
    `capture to verdict    p50 ${ms(figures.captureToVerdictMsP50)}  p99 ${ms(figures.captureToVerdictMsP99)}`,
    `  of it the daemon    p50 ${ms(figures.addedMsP50)}  p99 ${ms(figures.addedMsP99)}`,
    `  of it the journal   p50 ${ms(figures.journalCommitMsP50)}  p99 ${ms(figures.journalCommitMsP99)}`,
    `overhead ratio        ${figures.overheadRatio.toFixed(3)}`,
    `memory                ${figures.rssMb.toFixed(0)} MB, ${slope.toFixed(2)} MB per 1000 parts`,
  ];
}
