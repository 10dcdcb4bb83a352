/**
 * Good parts -> bundle, as a list of named steps: scales, the depth's own normalisation, features, teaching,
 * calibration on held-out parts, golden parts, manifest. Gives files; writing them is the caller's business.
 * Same parts, seed, machine, threads and versions: same bytes, interrupted or not.
 */
import { createHash } from 'node:crypto';
import { fail } from '../../errors.ts';
import type { DistanceNetworks, Networks } from '../bundle/assemble.ts';
import { colourNetwork, fusionNetwork, geometryNetwork, studentNetwork, teacherNetwork } from '../bundle/networks.ts';
import { adamDefaults } from '../grad/adam.ts';
import type { Graph } from '../graph/graph.ts';
import type { Recipe } from '../nets/recipe.ts';
import type { StudentSpec } from '../nets/student.ts';
import type { TeacherSpec } from '../nets/teacher.ts';
import { quantiseTeacher } from '../quantise/networks.ts';
import { addVariant, calibrationOf } from './add-variant.ts';
import { measureScales, measureThresholds } from './calibrate.ts';
import { measureDepth } from './depth-scale.ts';
import { measureChannels, openFeatures } from './features.ts';
import { goldenParts } from './golden-parts.ts';
import { findUnlike, type LookedAt } from './outliers.ts';
import { measurePlaces } from './places.ts';
import { openPreparer, type PartImages, type PreparedPart } from './prepared.ts';
import { measureReferences } from './references.ts';
import { studentPlan } from './student-plan.ts';
import { estimateDepthNorms } from './teacher-norms.ts';
import type { GoodPart, Taught, TeachHooks, TeachOptions, UnlikePart } from './teaching.ts';
import { tellUnlike } from './tell-unlike.ts';
import { train } from './train.ts';
import { measureVitals } from './vitals.ts';
import { writeBundle } from './write-bundle.ts';

/** The student is as wide as its teacher: queries and priors have half the channels of the teacher's level. */
export const studentFor = ({ channels: [, c8, c16] }: TeacherSpec, recipe: Recipe): StudentSpec => {
  const { prototypes, interaction, targets } = recipe;
  return { prototypes, interaction, targets, width: [c8 / 2, c16 / 2] };
};
const int8 = { provider: 'cpu', precision: 'int8' } as const;
/** Two held-out parts are the least that have a spread; how few they are is said with the false-reject rate. */
const leastHeldOut = 2;
/** Parts whose statistics give depth its own normalisation. */
const normParts = 16;

export async function teach(options: TeachOptions, hooks: TeachHooks): Promise<Taught> {
  const { training, heldOut, threads, working } = options;
  if (training.length < options.batch) throw fail('teach/tooFew', { found: training.length, least: options.batch });
  if (heldOut.length < leastHeldOut) throw fail('teach/tooFew', { found: heldOut.length, least: leastHeldOut });
  const first = await training[0]!.load();
  const input = { widthPx: first.widthPx, heightPx: first.heightPx };
  const load = (part: GoodPart): Promise<PartImages> => {
    hooks.signal.throwIfAborted();
    return loadChecked(part, input);
  };

  hooks.say(`measuring depth on ${training.length} good parts`);
  const base = { input, roi: options.roi, working };
  const measured = await measureDepth(each(training, load), base, options.datum, threads);
  const { depth: view } = options.recipe;
  const spec = { ...base, ...measured, depthScale: { ...measured.depthScale, ...(view !== 'both' && { view }) } };
  const preparer = await openPreparer(spec, threads);
  // Those to teach on first, then those held out.
  const all = [...training, ...heldOut];
  const prepared = lastFew(async (part: number) => preparer.prepare(await load(all[part]!)));
  const groups = groupsOf(training);
  // Where a part lying too low must show, nothing may be levelled away.
  const form = options.datum === 'fitted' ? 'own' : null;
  const measuring = { count: training.length, groups, working, form, threads } as const;
  const { references, valid } = await measureReferences(measuring, prepared);
  const network = await teachStudent(options, input, prepared, (part) => Float32Array.from(valid[part]!), hooks);
  await preparer.release();

  hooks.say(`calibrating on ${heldOut.length} held-out good parts`);
  const held: (PartImages & { id: string })[] = [];
  for (const part of heldOut) held.push({ ...(await load(part)), id: part.id });
  const full = { ...spec, ignore: options.ignore };
  const networks: Networks = {
    ...network.graphs,
    'geometry.onnx': geometryNetwork(working, references),
    'colour.onnx': colourNetwork(working, references),
    'places.onnx': await measurePlaces(
      full,
      network.graphs,
      each(training, load),
      options.recipe.places ? groups : 0,
      threads,
    ),
  };
  const vitals = await measureVitals(full, held, threads);
  for (const warning of vitals.warnings) hooks.say(`warning: ${warning}`);
  const scales = await measureScales(full, networks, held, threads);
  const thresholds = await measureThresholds(full, scales, networks, held, options.falseRejectRate, threads);
  const golden = await goldenParts(full, scales, networks, held, thresholds.score.threshold, threads);
  const dataDigest = await digestParts(each([...training, ...heldOut], load));
  const { curve, unlike } = network;
  const { limits } = vitals;
  const found = { networks, scales, thresholds, vitals: limits, golden, dataDigest, curve, unlike };
  const taught = writeBundle(options, { spec: full, ...found });
  if (!network.eight) return taught;
  const calibration: PartImages[] = [];
  for await (const part of each(calibrationOf(training), load)) calibration.push(part);
  const parts = { calibration, heldOut: held, teacher: network.eight };
  return { ...taught, ...(await addVariant({ ...taught, networks, golden }, int8, parts, threads, hooks.say)) };
}

/** The frozen teacher with a normalisation for depth, the fusion's statistics, and the student taught on both. */
async function teachStudent(
  options: TeachOptions,
  input: { widthPx: number; heightPx: number },
  prepared: (part: number) => Promise<PreparedPart>,
  valid: (part: number) => Float32Array,
  { say, snapshots, progress, signal }: TeachHooks,
): Promise<{ graphs: DistanceNetworks; curve: number[]; unlike: UnlikePart[]; eight: Graph | undefined }> {
  const { working, threads, modalities, batch, seed, teacher, recipe } = options;
  const parts = options.training.length;
  const studentSpec = studentFor(teacher.spec, recipe);
  say('re-estimating the normalisation of depth');
  const sample: PreparedPart[] = [];
  const count = Math.min(normParts, parts);
  for (let i = 0; i < count; i++) sample.push(await prepared(Math.floor((i * parts) / count)));
  const { norms, clamped } = recipe.ownNorms
    ? await estimateDepthNorms(sample, working, teacher.spec, teacher.weights, threads)
    : { norms: new Map(), clamped: 0 };
  if (clamped > 0) say(`warning: ${clamped} channels of depth are nearly flat on good parts; their gain was limited`);

  say('measuring the teacher on good parts');
  const frozen = teacherNetwork(working, teacher.spec, teacher.weights, norms);
  // The map is a difference of teacher and student: an eight-bit teacher is quantised first, its student taught on it.
  const eight = options.precision === 'int8' ? (await quantiseTeacher(frozen, sample, 'u8', threads)).graph : undefined;
  const source = await openFeatures(eight ?? frozen, prepared, options.featureCacheMb, threads);
  try {
    const statistics = await measureChannels(source, valid, parts, frozen);
    const unlike = await findUnlike(
      lookedAt(options),
      { features: (part) => source.features(part), prepared },
      frozen,
      options,
    );
    for (const line of tellUnlike(unlike, options.roi ?? { x: 0, y: 0, ...input })) say(line);
    say(`teaching the student: ${options.epochs} epochs`);
    const step = {
      batch,
      working,
      teacher: teacher.spec,
      student: studentSpec,
      modalities,
      recipe,
      statistics,
      adam: adamDefaults,
    };
    const plan = studentPlan(source, valid, parts, seed, step);
    const { values, curve } = await train(plan, { ...options, adam: adamDefaults }, snapshots, progress, signal);
    const graphs = {
      'teacher.onnx': frozen,
      'fusion.onnx': fusionNetwork(working, teacher.spec, statistics, recipe.fusion),
      'student.onnx': studentNetwork(working, teacher.spec, studentSpec, modalities, values),
    };
    return { graphs, curve, unlike, eight };
  } finally {
    await source.release();
  }
}

const lookedAt = ({ training, heldOut }: TeachOptions): LookedAt[] => [
  ...training.map((part) => ({ ...part, side: 'taught' as const })),
  ...heldOut.map((part) => ({ ...part, side: 'held out' as const })),
];

/** Parts that are independent of one another. */
export const groupsOf = (parts: readonly GoodPart[]): number => new Set(parts.map(({ group, id }) => group ?? id)).size;

export async function loadChecked(part: GoodPart, input: { widthPx: number; heightPx: number }): Promise<PartImages> {
  const images = await part.load();
  if (images.widthPx !== input.widthPx || images.heightPx !== input.heightPx) {
    const [actual, expected] = [images, input].map((size) => `${size.widthPx} x ${size.heightPx}`) as [string, string];
    throw fail('image/size', { what: part.id, actual, expected });
  }
  return images;
}

export async function* each(
  parts: readonly GoodPart[],
  load: (part: GoodPart) => Promise<PartImages>,
): AsyncGenerator<PartImages> {
  for (const part of parts) yield await load(part);
}

/** Remembers the last result: features and masks of one part are asked for one after the other. */
export function lastFew<T>(compute: (part: number) => Promise<T>): (part: number) => Promise<T> {
  let last: { part: number; value: Promise<T> } | null = null;
  return (part) => {
    if (last?.part !== part) last = { part, value: compute(part) };
    return last.value;
  };
}

/** Of every part's pixels, in order. */
export async function digestParts(parts: AsyncIterable<PartImages>): Promise<string> {
  const digest = createHash('sha256');
  for await (const { rgb, depthMm } of parts) {
    digest.update(rgb).update(new Uint8Array(depthMm.buffer, depthMm.byteOffset, depthMm.byteLength));
  }
  return digest.digest('hex');
}
