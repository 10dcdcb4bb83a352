/**
 * Good parts -> bundle, as a list of named steps: scales, the depth's own normalisation, features, teaching,
 * calibration on held-out parts, golden parts, manifest. Gives files; writing them is the caller's business.
 * Same parts, seed, machine, threads and versions: same bytes, interrupted or not.
 */
import { createHash } from 'node:crypto';
import { fail } from '../../errors.ts';
import type { Networks } from '../bundle/assemble.ts';
import { writeGolden } from '../bundle/golden.ts';
import type { ImportedTeacher } from '../bundle/import-teacher.ts';
import { sha256 } from '../bundle/load.ts';
import type { Area, Manifest } from '../bundle/manifest.ts';
import { fusionNetwork, geometryNetwork, networkFiles, studentNetwork, teacherNetwork } from '../bundle/networks.ts';
import { adamDefaults } from '../grad/adam.ts';
import { type GeometryName, type GeometryReferences, geometryNames, referenceStride } from '../nets/geometry.ts';
import type { PrepareSpec } from '../nets/prepare.ts';
import type { Modality, StudentSpec } from '../nets/student.ts';
import { writeOnnx } from '../onnx/write.ts';
import { measureSources, measureThresholds, type Thresholds } from './calibrate.ts';
import { measureDepth } from './depth-scale.ts';
import { measureChannels, openFeatures } from './features.ts';
import { goldenParts } from './golden-parts.ts';
import { openPreparer, type PartImages, type PreparedPart } from './prepared.ts';
import { PlaceMoments, quantile } from './statistics.ts';
import { estimateDepthNorms } from './teacher-norms.ts';
import { type SnapshotStore, type TrainProgress, train } from './train.ts';

/** A good part that is loaded when it is needed. */
export interface GoodPart {
  id: string;
  load(): Promise<PartImages>;
}

export interface TeachOptions {
  name: string;
  version: string;
  product: string;
  training: readonly GoodPart[];
  /** Good parts the student never sees: scales and thresholds come from them. */
  heldOut: readonly GoodPart[];
  teacher: ImportedTeacher & { source: string; digest: string };
  modalities: readonly Modality[];
  working: { widthPx: number; heightPx: number };
  roi: Area | null;
  ignore: Area[];
  datum: 'fitted' | 'fixed';
  epochs: number;
  batch: number;
  learningRate: number;
  seed: number;
  falseRejectRate: number;
  threads: number;
  /** Most memory the teacher's features may take; beyond it they are computed again when needed. */
  featureCacheMb: number;
}

export interface TeachHooks {
  snapshots: SnapshotStore;
  /** A step of the list began or has news. */
  say(line: string): void;
  progress(progress: TrainProgress): void;
  signal: AbortSignal;
}

export interface Taught {
  manifest: Manifest;
  /** Every file of the bundle by its path inside, manifest.json among them. */
  files: Map<string, Uint8Array>;
  thresholds: Thresholds;
}

const student: StudentSpec = { prototypes: 32, width: [64, 128] };
/** Parts whose statistics give depth its own normalisation. */
const normParts = 16;

export async function teach(options: TeachOptions, hooks: TeachHooks): Promise<Taught> {
  const { training, heldOut, threads, working } = options;
  const { say } = hooks;
  if (training.length < options.batch) throw fail('teach/tooFew', { found: training.length, least: options.batch });
  if (heldOut.length < 2) throw fail('teach/tooFew', { found: heldOut.length, least: 2 });
  const first = await training[0]!.load();
  const input = { widthPx: first.widthPx, heightPx: first.heightPx };
  const load = (part: GoodPart): Promise<PartImages> => loadChecked(part, input);

  say(`measuring depth on ${training.length} good parts`);
  const base = { input, roi: options.roi, working };
  const { datum, depthScale } = await measureDepth(each(training, load), base, options.datum, threads);
  const spec: PrepareSpec = { ...base, datum, depthScale };
  const preparer = await openPreparer(spec, threads);
  const digest = createHash('sha256');
  const prepared = lastFew(async (part: number) => preparer.prepare(await load(training[part]!)));
  const { references, valid } = await measureGeometry(training, working, async (part) => {
    const images = await load(part);
    digest
      .update(part.id)
      .update(images.rgb)
      .update(new Uint8Array(images.depthMm.buffer, images.depthMm.byteOffset, images.depthMm.byteLength));
    return preparer.prepare(images);
  });

  say('re-estimating the normalisation of depth');
  const chosen = Array.from({ length: Math.min(normParts, training.length) }, (_, i) =>
    Math.floor((i * training.length) / Math.min(normParts, training.length)),
  );
  const sample: PreparedPart[] = [];
  for (const part of chosen) sample.push(await prepared(part));
  const { norms, clamped } = await estimateDepthNorms(
    sample,
    working,
    options.teacher.spec,
    options.teacher.weights,
    threads,
  );
  if (clamped > 0) say(`warning: ${clamped} channels of depth are nearly flat on good parts; their gain was limited`);

  say('measuring the teacher on good parts');
  const teacherGraph = teacherNetwork(working, options.teacher.spec, options.teacher.weights, norms);
  const source = await openFeatures(teacherGraph, prepared, options.featureCacheMb, threads);
  const mask = (part: number): Promise<Float32Array> => Promise.resolve(unpack(valid[part]!));
  const statistics = await measureChannels(source, mask, training.length, teacherGraph);

  say(`teaching the student: ${options.epochs} epochs`);
  const { epochs, batch, learningRate, seed, modalities } = options;
  const trained = await train(
    source,
    mask,
    training.length,
    {
      epochs,
      batch,
      learningRate,
      seed,
      threads,
      modalities,
      working,
      teacher: options.teacher.spec,
      student,
      statistics,
      adam: adamDefaults,
    },
    hooks.snapshots,
    hooks.progress,
    hooks.signal,
  );
  await source.release();
  await preparer.release();

  const networks: Networks = {
    'teacher.onnx': teacherGraph,
    'fusion.onnx': fusionNetwork(working, options.teacher.spec, statistics),
    'student.onnx': studentNetwork(working, options.teacher.spec, student, modalities, trained.values),
    'geometry.onnx': geometryNetwork(working, references),
  };
  say(`calibrating on ${heldOut.length} held-out good parts`);
  const held: PartImages[] = [];
  for await (const part of each(heldOut, load)) held.push(part);
  const full = { ...spec, datum, ignore: options.ignore };
  const sources = await measureSources(full, networks, held, threads);
  const thresholds = await measureThresholds(full, sources, networks, held, options.falseRejectRate, threads);
  const golden = await goldenParts(full, sources, networks, held, thresholds.score.threshold, threads);

  const files = new Map<string, Uint8Array>(networkFiles.map((file) => [file, writeOnnx(networks[file])]));
  const entries = golden.map((part) => {
    const written = writeGolden(part);
    for (const [path, bytes] of written.files) files.set(path, bytes);
    return written.entry;
  });
  const manifest: Manifest = {
    schema: 'twinspect.bundle/1',
    name: options.name,
    version: options.version,
    product: options.product,
    files: Object.fromEntries([...files].map(([path, bytes]) => [path, sha256(bytes)])),
    input: { ...input, rgb: 'uint8 RGB', depth: 'float32 mm' },
    calibration: null,
    roi: options.roi,
    ignore: options.ignore,
    working,
    datum,
    depthScale,
    minJudgedShare: thresholds.minJudgedShare,
    taught: {
      parts: training.length,
      heldOut: heldOut.length,
      dataDigest: digest.digest('hex'),
      seed,
      epochs,
      curve: trained.curve.map((loss) => Number(loss.toFixed(6))),
      falseRejectRate: {
        wanted: thresholds.score.wanted,
        lowestSupported: thresholds.score.lowestSupported,
        interval95: thresholds.score.interval95,
      },
      teacher: {
        source: options.teacher.source,
        digest: options.teacher.digest,
        licence: options.teacher.metadata['licence'] ?? 'not stated in the file',
        spec: JSON.stringify(options.teacher.spec),
      },
    },
    peakMemoryMb: peakMemoryMb(files, input),
    variants: [
      {
        provider: 'cpu',
        precision: 'fp32',
        threshold: thresholds.score.threshold,
        pixelThreshold: thresholds.pixelThreshold,
        leastAreaPx: thresholds.leastAreaPx,
        sources,
        goldenTolerance: goldenTolerance,
      },
    ],
    golden: entries,
  };
  files.set('manifest.json', new TextEncoder().encode(`${JSON.stringify(manifest, null, 2)}\n`));
  return { manifest, files, thresholds };
}

/** fp32 on one CPU agrees with fp32 on another to this share of the threshold. */
const goldenTolerance = 1e-3;

/** What good parts showed at each place (geometry box), and where each of them had readings. */
async function measureGeometry(
  parts: readonly GoodPart[],
  { widthPx: width, heightPx: height }: { widthPx: number; heightPx: number },
  prepare: (part: GoodPart) => Promise<PreparedPart>,
): Promise<{ references: GeometryReferences; valid: Uint8Array[] }> {
  const [columns, rows] = [width / referenceStride, height / referenceStride];
  const moments = Object.fromEntries(geometryNames.map((name) => [name, new PlaceMoments(columns * rows)])) as Record<
    GeometryName,
    PlaceMoments
  >;
  const valid: Uint8Array[] = [];
  for (const part of parts) {
    const { geometry, valid: readings } = await prepare(part);
    valid.push(Uint8Array.from(readings));
    for (const name of geometryNames) moments[name].add(pooled(geometry[name], width, columns, rows));
  }
  const references = Object.fromEntries(
    geometryNames.map((name) => {
      const spread = moments[name].spread();
      // With few parts a place's own spread is a poor guess: never below the middle of all places.
      const floor = Math.max(quantile(spread, 0.5), 1e-3);
      return [
        name,
        { mean: Float32Array.from(moments[name].mean), spread: Float32Array.from(spread, (s) => Math.max(s, floor)) },
      ];
    }),
  ) as GeometryReferences;
  return { references, valid };
}

/** Means of square blocks, working grid -> reference grid. */
function pooled(values: Float32Array, width: number, columns: number, rows: number): Float32Array {
  const out = new Float32Array(columns * rows);
  for (let i = 0; i < values.length; i++) {
    const row = Math.floor(i / width / referenceStride);
    const column = Math.floor((i % width) / referenceStride);
    out[row * columns + column]! += values[i]! / referenceStride ** 2;
  }
  return out;
}

async function loadChecked(part: GoodPart, input: { widthPx: number; heightPx: number }): Promise<PartImages> {
  const images = await part.load();
  if (images.widthPx !== input.widthPx || images.heightPx !== input.heightPx) {
    const [actual, expected] = [images, input].map((size) => `${size.widthPx} x ${size.heightPx}`) as [string, string];
    throw fail('image/size', { what: part.id, actual, expected });
  }
  return images;
}

async function* each(
  parts: readonly GoodPart[],
  load: (part: GoodPart) => Promise<PartImages>,
): AsyncGenerator<PartImages> {
  for (const part of parts) yield await load(part);
}

/** Remembers the last result: features and masks of one part are asked for one after the other. */
function lastFew<T>(compute: (part: number) => Promise<T>): (part: number) => Promise<T> {
  let last: { part: number; value: Promise<T> } | null = null;
  return (part) => {
    if (last?.part !== part) last = { part, value: compute(part) };
    return last.value;
  };
}

const unpack = (bytes: Uint8Array): Float32Array => Float32Array.from(bytes);

/** Measured as weights three times over (file, session, packed) and forty full-size planes of activations. */
function peakMemoryMb(
  files: ReadonlyMap<string, Uint8Array>,
  { widthPx, heightPx }: { widthPx: number; heightPx: number },
): number {
  const weights = networkFiles.reduce((sum, file) => sum + files.get(file)!.byteLength, 0);
  return Math.ceil((3 * weights + 40 * 4 * widthPx * heightPx) / 1e6);
}
