/**
 * A bundle with one more variant: its networks in eight bits or halves, and scales, thresholds and golden scores of
 * their own, measured as `teach` measures them. Images, geometry and the fp32 variant stay as they are. Gives the files
 * of a new bundle; one that was given is never changed.
 */
import { fail } from '../../errors.ts';
import { assemble, type GraphSpec, type Networks } from '../bundle/assemble.ts';
import { type Golden, pairFeeds, thinMap } from '../bundle/golden.ts';
import { sha256 } from '../bundle/load.ts';
import type { Datum, GoldenScore, Manifest, Variant } from '../bundle/manifest.ts';
import type { Graph } from '../graph/graph.ts';
import { writeOnnx } from '../onnx/write.ts';
import { inHalf } from '../quantise/half.ts';
import { type CalibrationPart, type Quantised, quantiseStudent, quantiseTeacher } from '../quantise/networks.ts';
import { openSession } from '../runtime/session.ts';
import { measureScales, measureThresholds } from './calibrate.ts';
import { measurePlaces } from './places.ts';
import { openPreparer, type PartImages } from './prepared.ts';
import type { ScoreThreshold } from './threshold.ts';

export type Target = Pick<Variant, 'provider' | 'precision'>;

export interface Extended {
  manifest: Manifest;
  files: Map<string, Uint8Array>;
  variant: Variant;
  networks: Networks;
  score: ScoreThreshold;
}
export interface VariantParts {
  /** Their values say how far the steps reach. */
  calibration: readonly PartImages[];
  /** Scales and thresholds come from them. */
  heldOut: readonly PartImages[];
  /** The eight-bit teacher whose features the student learned on; else one is made. */
  teacher?: Graph;
}

/** Good parts whose values are looked at: ranges hardly widen beyond. */
const calibrationParts = 24;

/** Some of the good parts, spread over all. */
export function calibrationOf<T>(parts: readonly T[], most = calibrationParts): T[] {
  const count = Math.min(most, parts.length);
  return Array.from({ length: count }, (_, i) => parts[Math.floor((i * parts.length) / count)]!);
}

/**
 * Rounding falls the other way on another machine for a value in a thousand, and each such step is a part in 255: far
 * more than fp32 drifts, far less than a network with a wrong weight.
 */
const goldenTolerance = 0.05;

export async function addVariant(
  bundle: { manifest: Manifest; files: ReadonlyMap<string, Uint8Array>; networks: Networks; golden: readonly Golden[] },
  { provider, precision }: Target,
  parts: VariantParts,
  threads: number,
  say: (line: string) => void,
): Promise<Extended> {
  const { manifest } = bundle;
  const spec: GraphSpec & { datum: Datum } = manifest;
  const converted = await convert(bundle, { provider, precision }, parts, threads, say);
  // Eight bits restore every place a little worse, and not all alike: what is normal there is measured again.
  const { calibration } = parts;
  const places = await measurePlaces(spec, converted, calibration, calibration.length, threads);
  const networks = { ...converted, 'places.onnx': places };
  const scales = await measureScales(spec, networks, parts.heldOut, threads);
  const rate = manifest.taught.falseRejectRate.wanted;
  const thresholds = await measureThresholds(spec, scales, networks, parts.heldOut, rate, threads);
  const { score, pixelThreshold, leastAreaPx } = thresholds;
  const own = { provider, precision, threshold: score.threshold, pixelThreshold, leastAreaPx, ...scales };
  const folder = provider === 'cpu' ? precision : `${provider}-${precision}`;
  const added = new Map<string, Uint8Array>();
  const networkPaths: Record<string, string> = {};
  for (const network of ['teacher.onnx', 'student.onnx', 'places.onnx'] as const) {
    networkPaths[network] = `${folder}/${network}`;
    added.set(networkPaths[network], writeOnnx(networks[network]));
  }
  const golden = await goldenScores(bundle, own, networks, threads, (name, map) => {
    const path = `${folder}/${name}.map`;
    added.set(path, new Uint8Array(map.buffer, map.byteOffset, map.byteLength));
    return path;
  });
  const variant: Variant = { ...own, goldenTolerance, networks: networkPaths, golden };
  const others = manifest.variants.filter((each) => each.provider !== provider || each.precision !== precision);
  const digests = [...added].map(([path, bytes]) => [path, sha256(bytes)] as const);
  const extended = {
    ...manifest,
    files: { ...manifest.files, ...Object.fromEntries(digests) },
    variants: [...others, variant],
  };
  const files = new Map([...bundle.files, ...added]);
  files.set('manifest.json', new TextEncoder().encode(`${JSON.stringify(extended, null, 2)}\n`));
  return { manifest: extended, files, variant, networks, score };
}

/** Teacher and student in the precision asked for; the two boxes without weights stay fp32. */
async function convert(
  { manifest, networks }: { manifest: Manifest; networks: Networks },
  { provider, precision }: Target,
  { calibration, teacher: given }: VariantParts,
  threads: number,
  say: (line: string) => void,
): Promise<Networks> {
  const [teacher, fusion, student] = [networks['teacher.onnx'], networks['fusion.onnx'], networks['student.onnx']];
  if (precision === 'fp16') return { ...networks, 'teacher.onnx': inHalf(teacher), 'student.onnx': inHalf(student) };
  const form = provider === 'cpu' ? 'u8' : 's8';
  const preparer = await openPreparer(manifest, threads);
  const prepared: CalibrationPart[] = [];
  for (const part of calibration) prepared.push(await preparer.prepare(part));
  await preparer.release();
  const told = (name: string, { graph, cut, error }: Quantised): Graph => {
    const away = error.toExponential(1);
    say(`${name} in eight bits: tails of ${cut.tail} of the ${cut.of} part cut, ${away} from its fp32 directions`);
    return graph;
  };
  const first = given ?? told('teacher', await quantiseTeacher(teacher, prepared, form, threads));
  const second = await quantiseStudent({ teacher: first, fusion, student }, prepared, form, threads);
  return { ...networks, 'teacher.onnx': first, 'student.onnx': told('student', second) };
}

/** A part this close to the threshold says nothing of the arithmetic where precision moves the threshold itself. */
const nearShare = 0.1;

/** What the variant gives for the bundle's golden parts. Throws `quantise/flips` where a verdict is another. */
async function goldenScores(
  { manifest, golden }: { manifest: Manifest; golden: readonly Golden[] },
  own: Omit<Variant, 'goldenTolerance'>,
  networks: Networks,
  threads: number,
  keep: (name: string, map: Float32Array) => string,
): Promise<GoldenScore[]> {
  const reference = manifest.variants.find(({ golden: scores }) => !scores)?.threshold ?? own.threshold;
  const session = await openSession(writeOnnx(assemble(manifest, own, networks)), { threads });
  const scores: GoldenScore[] = [];
  for (const { name, rgb, depthMm, score: expected } of golden) {
    const results = await session.run(pairFeeds(rgb, depthMm, manifest.input), ['score', 'map']);
    const score = (results['score']!.data as Float32Array)[0]!;
    const flips = score >= own.threshold !== expected >= reference;
    const near = Math.abs(expected / reference - 1) < nearShare;
    if (flips && !near) {
      const [actual, taught] = [score / own.threshold, expected / reference];
      throw fail('quantise/flips', { part: name, precision: own.precision, actual, expected: taught });
    }
    if (flips || Math.abs(score / own.threshold - 1) < goldenTolerance / 2) continue;
    const map = thinMap(results['map']!.data as Float32Array, manifest.input.widthPx, manifest.input.heightPx);
    scores.push({ name, map: keep(name, map), score });
  }
  await session.release();
  return scores;
}
