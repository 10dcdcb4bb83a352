/**
 * `twinspect figures`: the project's own figures as one JSON object on stdout, each measured now by the commands a user
 * has; how far it is goes to stderr. What needs the development data is named and left null where that is absent.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Figures } from '../../models/evaluate/evaluate.ts';
import type { Args } from './args.ts';
import type { BenchFigures } from './bench-figures.ts';
import { usualPlan } from './cameras-figures/plan.ts';
import type { Command, Context } from './command.ts';
import { plantFigures } from './plant-figures.ts';
import { runCommand } from './run-command.ts';
import { scienceFigures } from './science-figures.ts';
import { swapFigures } from './swap-figures.ts';

/** Where the development data lies, beside the project; no part of the product. */
const shared = '../shared';
const seed = '1';
/** Parts over which memory has to stay flat. */
const benchParts = '2000';

export const command: Command = {
  name: 'figures',
  summary: "print the project's figures as JSON",
  actions: {
    line: { summary: 'of a line: teaching, judging, time added, swaps', options: ['keep'] },
    science: { summary: 'of the method: detection on two sets, speed, eight bits, parity', options: ['keep'] },
    plant: { summary: 'of the plant side: milliseconds to a client, kills, outages, rogue clients', options: ['keep'] },
    cameras: { summary: 'of two simulated cameras: pairs, losses, returns', options: ['seconds', 'cycles'] },
  },
  usage: ['figures line', 'figures science', 'figures plant', 'figures cameras [--seconds N] [--cycles N]'],
  options: {
    seconds: { type: 'string', value: 'N', doc: `cameras: of the run at full rate; default ${usualPlan.seconds}` },
    cycles: { type: 'string', value: 'N', doc: `cameras: losses and returns; default ${usualPlan.cycles}` },
    keep: { type: 'string', value: 'DIR', doc: 'keep what is made on the way in this folder, and go on there' },
  },
  async run(context: Context, args: Args) {
    const set = args.positional(0, 'which figures');
    args.atMost(1);
    if (set === 'cameras') {
      const plan = {
        seconds: args.number('seconds', { min: 1, max: 3600 }) ?? usualPlan.seconds,
        cycles: args.whole('cycles', { min: 0, max: 10_000 }) ?? usualPlan.cycles,
      };
      const { camerasFigures } = await import('./cameras-figures.ts');
      return context.stdout(JSON.stringify(await camerasFigures(context, plan), null, 2));
    }
    const keep = args.text('keep');
    const folder = keep === null ? await mkdtemp(join(tmpdir(), 'twinspect-figures-')) : resolve(context.cwd, keep);
    try {
      const where = {
        data: resolve(context.packageRoot, shared, 'data/road-surface'),
        weights: resolve(context.packageRoot, shared, 'weights/resnet18-imagenet-folded.safetensors'),
      };
      const measured = await sets[set as keyof typeof sets](context, folder, where);
      context.stdout(JSON.stringify(measured, null, 2));
    } finally {
      if (keep === null) await rm(folder, { recursive: true, force: true });
    }
  },
};

const sets = { line: lineFigures, science: scienceFigures, plant: plantFigures } as const;

async function lineFigures(
  context: Context,
  folder: string,
  { data, weights }: { data: string; weights: string },
): Promise<Record<string, number | null>> {
  const present = (await context.files.list(data)) !== null;
  if (!present) context.stderr(`skipped, ${shared} is absent: every figure that begins with road, and teachSeconds`);
  const road = present ? await roadFigures(context, folder, data, weights) : absentRoad;
  const bundle = present ? ['--bundle', join(folder, 'road@1.0.0')] : [];
  if (!present) context.stderr('bench runs the first-run bundle instead of the ResNet-18 one');
  const bench = await runCommand<BenchFigures>(context, ['bench', ...bundle, '--parts', benchParts, '--json']);
  const { swapMissedParts } = await swapFigures(context);
  const { addedMsP50, addedMsP99, overheadRatio, rssSlopeMbPer1000Parts, ...rest } = bench;
  const { bareInferMsP50, journalCommitMsP50, journalCommitMsP99, captureToVerdictMsP50 } = rest;
  return {
    ...road,
    addedMsP50,
    addedMsP99,
    overheadRatio,
    swapMissedParts,
    rssSlopeMbPer1000Parts,
    bareInferMsP50,
    captureToVerdictMsP50,
    journalCommitMsP50,
    journalCommitMsP99,
  };
}

const roadKeys = [
  'roadImageAuroc',
  'roadAupro30',
  'roadAupro1',
  'roadNetworkImageAuroc',
  'roadNetworkAupro30',
  'roadGeometryImageAuroc',
  'roadGeometryAupro30',
  'roadRgbImageAuroc',
  'roadRgbAupro30',
  'roadDepthImageAuroc',
  'roadDepthAupro30',
  'roadDefaultTeacherImageAuroc',
  'roadDefaultTeacherAupro30',
  'roadDefaultTeacherNetworkImageAuroc',
  'roadDefaultTeacherNetworkAupro30',
  'teachSeconds',
] as const;
type Road = Record<(typeof roadKeys)[number], number | null>;
const absentRoad = Object.fromEntries(roadKeys.map((key) => [key, null])) as Road;

/** Both modalities, then each alone with the same budget (its network only), then the shipped teacher. */
async function roadFigures(context: Context, folder: string, data: string, weights: string): Promise<Road> {
  const measured = async (name: string, ...options: string[]): Promise<{ figures: Figures; seconds: number }> => {
    const out = join(folder, `${name}@1.0.0`);
    const teach = ['teach', '--data', data, '--out', out, '--seed', seed, ...options, '--json'];
    const { seconds } = await runCommand<{ seconds: number }>(context, teach);
    return { figures: await runCommand(context, ['evaluate', '--bundle', out, '--data', data, '--json']), seconds };
  };
  const both = await measured('road', '--teacher', weights);
  const rgb = await measured('road-rgb', '--teacher', weights, '--modality', 'rgb');
  const depth = await measured('road-depth', '--teacher', weights, '--modality', 'depth');
  const shipped = await measured('road-default-teacher');
  const { figures } = both;
  return {
    roadImageAuroc: figures.imageAuroc,
    roadAupro30: figures.aupro30,
    roadAupro1: figures.aupro1,
    roadNetworkImageAuroc: figures.networkOnly?.imageAuroc ?? null,
    roadNetworkAupro30: figures.networkOnly?.aupro30 ?? null,
    roadGeometryImageAuroc: figures.geometryOnly?.imageAuroc ?? null,
    roadGeometryAupro30: figures.geometryOnly?.aupro30 ?? null,
    roadRgbImageAuroc: rgb.figures.networkOnly?.imageAuroc ?? null,
    roadRgbAupro30: rgb.figures.networkOnly?.aupro30 ?? null,
    roadDepthImageAuroc: depth.figures.networkOnly?.imageAuroc ?? null,
    roadDepthAupro30: depth.figures.networkOnly?.aupro30 ?? null,
    roadDefaultTeacherImageAuroc: shipped.figures.imageAuroc,
    roadDefaultTeacherAupro30: shipped.figures.aupro30,
    roadDefaultTeacherNetworkImageAuroc: shipped.figures.networkOnly?.imageAuroc ?? null,
    roadDefaultTeacherNetworkAupro30: shipped.figures.networkOnly?.aupro30 ?? null,
    teachSeconds: both.seconds,
  };
}
