/**
 * The figures of the science: how well the default bundle finds defects on road surface and on the synthetic suite,
 * how fast it is beside a ResNet-18 one and in eight bits, and whether every way to a score gives the same score.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { defectKindNames } from '../../drivers/index.ts';
import { loadBundle } from '../../models/bundle/load.ts';
import type { Figures } from '../../models/evaluate/evaluate.ts';
import { summaryOfKinds } from '../../models/evaluate/kinds.ts';
import type { Context } from './command.ts';
import { quantiseFigures } from './quantise-figures.ts';
import { runCommand } from './run-command.ts';
import { scoreParity } from './score-parity.ts';
import { medianTimes } from './turns.ts';

/** The suite's seed is none that anything was chosen on; of its severities the figures want the middle one. */
const suite = ['--suite', '--seed', '7', '--severity', 'middle', '--kinds', 'all'];
const seed = '1';
const threads = 2;

/** What `teach --json` tells that is needed here. */
interface Teaching {
  seconds: number;
  parts: number;
  falseRejectRate: { wanted: number; interval95: [number, number] };
}
interface Measured extends Teaching {
  bundle: string;
  figures: Figures;
}

export async function scienceFigures(
  context: Context,
  folder: string,
  { data, weights }: { data: string; weights: string },
): Promise<Record<string, number | string | number[] | null>> {
  const measured = async (name: string, from: string, ...options: string[]): Promise<Measured> => {
    const bundle = join(folder, `${name}@1.0.0`);
    const teach = ['teach', '--data', from, '--out', bundle, '--seed', seed, ...options, '--json'];
    // What was taught in a folder that is kept is not taught again: the figures go on where they were.
    const kept = join(folder, `${name}.taught.json`);
    const known = await readFile(kept, 'utf8').catch(() => null);
    const taught = known === null ? await runCommand<Teaching>(context, teach) : (JSON.parse(known) as Teaching);
    if (known === null) await writeFile(kept, JSON.stringify(taught));
    const figures = await runCommand<Figures>(context, ['evaluate', '--bundle', bundle, '--data', from, '--json']);
    return { ...taught, bundle, figures };
  };
  const present = (await context.files.list(data)) !== null;
  if (!present) context.stderr(`skipped, ${data} is absent: every figure of road, and the speed beside ResNet-18`);
  const road = present ? await measured('road', data) : null;
  const imagenet = present ? await measured('road-imagenet', data, '--teacher', weights) : null;
  const suiteData = join(folder, 'suite');
  if ((await context.files.list(suiteData)) === null) {
    await runCommand(context, ['synthetic', '--out', suiteData, ...suite, '--json']);
  }
  const synthetic = await measured('suite', suiteData);
  const kinds = Object.entries(synthetic.figures.perKind);
  const ten = kinds.filter(([kind]) => (defectKindNames as readonly string[]).includes(kind));
  const summary = summaryOfKinds(Object.fromEntries(ten));
  const timed = road ?? synthetic;
  return {
    roadImageAuroc: road?.figures.imageAuroc ?? null,
    roadAupro30: road?.figures.aupro30 ?? null,
    roadAupro1: road?.figures.aupro1 ?? null,
    roadNetworkImageAuroc: road?.figures.networkOnly?.imageAuroc ?? null,
    roadNetworkAupro30: road?.figures.networkOnly?.aupro30 ?? null,
    roadGeometryImageAuroc: road?.figures.geometryOnly?.imageAuroc ?? null,
    imagenetRoadImageAuroc: imagenet?.figures.imageAuroc ?? null,
    imagenetRoadAupro30: imagenet?.figures.aupro30 ?? null,
    imagenetRoadAupro1: imagenet?.figures.aupro1 ?? null,
    imagenetRoadNetworkImageAuroc: imagenet?.figures.networkOnly?.imageAuroc ?? null,
    imagenetRoadNetworkAupro30: imagenet?.figures.networkOnly?.aupro30 ?? null,
    syntheticMeanImageAuroc: summary?.mean ?? null,
    syntheticWorstImageAuroc: summary?.worst ?? null,
    syntheticWorstKind: summary?.worstKind ?? null,
    deepDentAupro30: synthetic.figures.perKind['deepDent']?.aupro30 ?? null,
    lowImageAuroc: synthetic.figures.perKind['low']?.imageAuroc ?? null,
    falseRejectAsked: synthetic.falseRejectRate.wanted,
    falseRejectInterval: synthetic.falseRejectRate.interval95,
    falseRejectSeen: synthetic.figures.falseRejectRate,
    teach100Seconds: (100 * timed.seconds) / timed.parts,
    speedupOverResnet18: road && imagenet ? await speedup(context, imagenet.bundle, road.bundle) : null,
    ...(await quantiseFigures(context, synthetic.bundle, suiteData, threads)),
    scoreParityMax: await scoreParity(context, synthetic.bundle, threads),
  };
}

/** Median time of the first over that of the second, runs taking turns. */
async function speedup(context: Context, slow: string, fast: string): Promise<number> {
  const load = async (path: string) => loadBundle((file) => context.files.read(resolve(path, file)), path, 'cpu');
  const [a, b] = [await load(slow), await load(fast)];
  const [slowMs, fastMs] = await medianTimes(context, a, [a.model, b.model], threads);
  return slowMs / fastMs;
}
