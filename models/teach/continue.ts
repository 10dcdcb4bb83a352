/**
 * A bundle and more good parts -> its next version, without starting over. Teacher, norms, fusion, depth scales and
 * datum stay; the student goes on from its own weights, for a short while at a low rate, on the new parts and the old
 * ones beside them. What is measured on held-out parts is measured again. Where the old parts are gone, the golden
 * good ones stand in for them, scales stay, and the threshold may rise but not fall: nothing else would be known.
 */
import { fail } from '../../errors.ts';
import { assemble, type GraphSpec, type Networks } from '../bundle/assemble.ts';
import { pairFeeds } from '../bundle/golden.ts';
import type { OpenedBundle } from '../bundle/load.ts';
import type { Parent, Variant } from '../bundle/manifest.ts';
import { colourNetwork, geometryNetwork, studentNetwork } from '../bundle/networks.ts';
import { variantFor } from '../bundle/variants.ts';
import { adamDefaults } from '../grad/adam.ts';
import type { Modality } from '../nets/student.ts';
import type { TeacherSpec } from '../nets/teacher.ts';
import { writeOnnx } from '../onnx/write.ts';
import { openSession } from '../runtime/session.ts';
import { measureScales, measureThresholds, type Scales, type Thresholds } from './calibrate.ts';
import { openFeatures } from './features.ts';
import { goldenParts } from './golden-parts.ts';
import { inheritedForm, inheritedValues, mergedReferences } from './inherited.ts';
import { measurePlaces } from './places.ts';
import { openPreparer, type PartImages, type PreparedPart } from './prepared.ts';
import { measureReferences } from './references.ts';
import { rehearsalPlan } from './rehearsal.ts';
import { digestParts, each, groupsOf, lastFew, loadChecked, studentFor } from './teach.ts';
import type { GoodPart, Taught, TeachHooks, TeachOptions } from './teaching.ts';
import { train } from './train.ts';
import { lowerLimits, measureVitals } from './vitals.ts';
import { writeBundle } from './write-bundle.ts';

export interface Divided {
  training: readonly GoodPart[];
  heldOut: readonly GoodPart[];
}

export interface ContinueOptions {
  name: string;
  version: string;
  parent: OpenedBundle;
  /** The parts the parent was taught on and measured with; null where they are gone. */
  old: Divided | null;
  added: Divided;
  /** Times each new part is seen. */
  epochs: number;
  batch: number;
  learningRate: number;
  falseRejectRate: number;
  threads: number;
  featureCacheMb: number;
}

/** What one part scored under the parent and scores now. */
export interface Rescored {
  id: string;
  before: number;
  after: number;
}

export interface Continued extends Taught {
  thresholdBefore: number;
  added: Rescored[];
  /** The parent's golden parts: what must not be forgotten. */
  golden: Rescored[];
}

export async function continueTeaching(options: ContinueOptions, hooks: TeachHooks): Promise<Continued> {
  const { parent, old, added, threads } = options;
  const { manifest } = parent;
  const bundle = `${manifest.name}@${manifest.version}`;
  const newParts = [...added.training, ...added.heldOut];
  if (added.training.length === 0) throw fail('teach/tooFew', { found: 0, least: 1 });
  const variant = variantFor(manifest, 'cpu', ['fp32'], bundle);
  const load = (part: GoodPart): Promise<PartImages> => {
    hooks.signal.throwIfAborted();
    return loadChecked(part, manifest.input);
  };
  const rehearsed = old?.training ?? goldenGoods(parent);
  const before = await scores(manifest, variant, parent.networks, [...newParts, ...goldenAll(parent)], load, threads);

  hooks.say(`preparing ${added.training.length} new parts and ${rehearsed.length} ${old ? 'old' : 'golden'} ones`);
  const networks = await taughtOn(options, rehearsed, load, hooks);

  const held: (PartImages & { id: string })[] = [];
  const heldOut = old ? [...old.heldOut, ...added.heldOut] : newParts;
  for (const part of heldOut) held.push({ ...(await load(part)), id: part.id });
  hooks.say(`calibrating on ${held.length} ${old ? 'held-out' : 'new'} good parts`);
  const { limits, warnings } = await measureVitals(manifest, held, threads);
  for (const warning of warnings) hooks.say(`warning: ${warning}`);
  const scales: Scales = old ? await measureScales(manifest, networks, held, threads) : variant;
  const fresh = await measureThresholds(manifest, scales, networks, held, options.falseRejectRate, threads);
  const vitals = old || !manifest.vitals ? limits : lowerLimits(limits, manifest.vitals);
  const thresholds = old ? fresh : notBelow(fresh, variant, manifest.minJudgedShare);
  const goods = old ? held : [...(await loaded(goldenGoods(parent), load)), ...held];
  const golden = await goldenParts(manifest, scales, networks, goods, thresholds.score.threshold, threads);
  const taughtParts = [...(old?.training ?? []), ...added.training];
  const digested = [...taughtParts, ...(old?.heldOut ?? []), ...added.heldOut];
  const written = writeBundle(writeOptions(options), {
    spec: manifest,
    networks,
    scales,
    thresholds,
    vitals,
    golden,
    dataDigest: await digestParts(each(digested, load)),
    curve: manifest.taught.curve,
    unlike: [],
    lineage: lineageOf(options, thresholds.score.threshold === variant.threshold),
  });
  const now = written.manifest.variants[0]!;
  const after = await scores(manifest, now, networks, [...newParts, ...goldenAll(parent)], load, threads);
  const rescored = [...newParts, ...goldenAll(parent)].map(
    ({ id }, i): Rescored => ({ id, before: before[i]!, after: after[i]! }),
  );
  return {
    ...written,
    thresholdBefore: variant.threshold,
    added: rescored.slice(0, newParts.length),
    golden: rescored.slice(newParts.length),
  };
}

/** The networks of the next version: the student taught on, geometry measured again, the rest as it was. */
async function taughtOn(
  options: ContinueOptions,
  rehearsed: readonly GoodPart[],
  load: (part: GoodPart) => Promise<PartImages>,
  hooks: TeachHooks,
): Promise<Networks> {
  const { parent, old, added, threads } = options;
  const { manifest, networks } = parent;
  const { working } = manifest;
  const bundle = `${manifest.name}@${manifest.version}`;
  const parts = [...rehearsed, ...added.training];
  const preparer = await openPreparer(manifest, threads);
  const prepared = lastFew(async (part: number) => preparer.prepare(await load(parts[part]!)));
  const source = await openFeatures(networks['teacher.onnx'], prepared, options.featureCacheMb, threads);
  try {
    const form = manifest.datum.kind === 'fitted' ? 'own' : null;
    const measuring = { count: parts.length, groups: groupsOf(parts), working, form, threads } as const;
    const { references: all, valid } = await measureReferences(measuring, prepared);
    const geometry = old ? all : await merged(options, (i) => prepared(rehearsed.length + i));
    const teacher = JSON.parse(manifest.taught.teacher.spec) as TeacherSpec;
    const modalities = taughtModalities(parent);
    const recipe = manifest.taught.recipe;
    const student = studentFor(teacher, recipe);
    const step = {
      batch: options.batch,
      working,
      teacher,
      student,
      modalities,
      recipe,
      statistics: { inherited: networks['fusion.onnx'] },
      adam: adamDefaults,
    };
    const mix = { old: rehearsed.length, added: added.training.length };
    const seed = manifest.taught.seed;
    const plan = rehearsalPlan(source, (part) => Float32Array.from(valid[part]!), mix, seed, step);
    const initial = inheritedValues(networks['student.onnx'], plan.graphs.parameters, bundle);
    hooks.say(`retraining the student: ${options.epochs} epochs of ${plan.stepsPerEpoch} steps`);
    const training = { ...options, seed, adam: adamDefaults };
    const { values } = await train({ ...plan, initial }, training, hooks.snapshots, hooks.progress, hooks.signal);
    const taught = { ...networks, 'student.onnx': studentNetwork(working, teacher, student, modalities, values) };
    return {
      ...taught,
      'geometry.onnx': geometryNetwork(working, geometry),
      // Without the old parts the parent's places and colours stay: a handful of parts would not know them.
      ...(old && {
        'colour.onnx': colourNetwork(working, all),
        'places.onnx': await measurePlaces(manifest, taught, each(parts, load), groupsOf(parts), threads),
      }),
    };
  } finally {
    await source.release();
    await preparer.release();
  }
}

/** What the student of a bundle learned from. */
export function taughtModalities({ networks }: OpenedBundle): Modality[] {
  const inputs = networks['student.onnx'].inputs.map(({ name }) => name);
  return (['rgb', 'depth'] as const).filter((modality) => inputs.includes(`${modality}0`));
}

/** Geometry where the old parts are gone: what the parent kept of them, and the new ones. */
async function merged({ parent, added, threads }: ContinueOptions, prepared: (part: number) => Promise<PreparedPart>) {
  const { manifest, networks } = parent;
  const parts = added.training;
  const measuring = { count: parts.length, groups: groupsOf(parts), working: manifest.working, threads };
  const form = inheritedForm(networks['geometry.onnx']);
  const { references } = await measureReferences({ ...measuring, form }, prepared);
  const known = { parts: manifest.taught.parts, bundle: `${manifest.name}@${manifest.version}` };
  return mergedReferences(networks['geometry.onnx'], known, references, added.training.length);
}

/** Without the old parts nothing says that the threshold may fall, or that less of a part may be judged. */
function notBelow(fresh: Thresholds, parent: Variant, minJudgedShare: number): Thresholds {
  return {
    ...fresh,
    score: { ...fresh.score, threshold: Math.max(fresh.score.threshold, parent.threshold) },
    pixelThreshold: Math.max(fresh.pixelThreshold, parent.pixelThreshold),
    leastAreaPx: parent.leastAreaPx,
    minJudgedShare: Math.min(fresh.minJudgedShare, minJudgedShare),
  };
}

function lineageOf({ parent, old, added }: ContinueOptions, thresholdKept: boolean) {
  const { taught, name, version } = parent.manifest;
  const { teacher, epochs, falseRejectRate } = taught;
  const step: Parent = {
    bundle: `${name}@${version}`,
    digest: parent.digest,
    how: 'taught on',
    partsAdded: added.training.length,
    heldOutAdded: added.heldOut.length,
  };
  return {
    parts: (old?.training.length ?? taught.parts) + added.training.length,
    heldOut: (old?.heldOut.length ?? taught.heldOut) + added.heldOut.length,
    epochs,
    teacher,
    ...(thresholdKept && { falseRejectRate }),
    parents: [step, ...(taught.parents ?? [])],
  };
}

/** The options as the first teaching would have had them, for the manifest. */
function writeOptions(options: ContinueOptions): TeachOptions {
  const { manifest } = options.parent;
  const { source, digest, spec } = manifest.taught.teacher;
  return {
    ...options,
    product: manifest.product,
    training: options.added.training,
    heldOut: options.added.heldOut,
    teacher: { source, digest, spec: JSON.parse(spec) as TeacherSpec, weights: new Map(), metadata: {} },
    modalities: [],
    recipe: manifest.taught.recipe,
    working: manifest.working,
    roi: manifest.roi,
    ignore: manifest.ignore,
    datum: manifest.datum.kind,
    calibration: manifest.calibration,
    seed: manifest.taught.seed,
  };
}

const asPart = ({ golden, manifest }: OpenedBundle, wanted: (name: string) => boolean): GoodPart[] =>
  golden
    .filter(({ name }) => wanted(name))
    .map(({ name, rgb, depthMm }) => ({
      id: `golden ${name}`,
      load: async () => ({ widthPx: manifest.input.widthPx, heightPx: manifest.input.heightPx, rgb, depthMm }),
    }));
const goldenGoods = (parent: OpenedBundle): GoodPart[] => asPart(parent, (name) => name.startsWith('good'));
const goldenAll = (parent: OpenedBundle): GoodPart[] => asPart(parent, (name) => name !== 'near-threshold');

async function loaded(parts: readonly GoodPart[], load: (part: GoodPart) => Promise<PartImages>) {
  const images: PartImages[] = [];
  for await (const part of each(parts, load)) images.push(part);
  return images;
}

async function scores(
  spec: GraphSpec,
  scales: Pick<Variant, 'sources' | 'halves'>,
  networks: Networks,
  parts: readonly GoodPart[],
  load: (part: GoodPart) => Promise<PartImages>,
  threads: number,
): Promise<number[]> {
  const session = await openSession(writeOnnx(assemble(spec, scales, networks)), { threads });
  const found: number[] = [];
  for await (const { rgb, depthMm } of each(parts, load)) {
    const results = await session.run(pairFeeds(rgb, depthMm, spec.input), ['score']);
    found.push((results['score']!.data as Float32Array)[0]!);
  }
  await session.release();
  return found;
}
