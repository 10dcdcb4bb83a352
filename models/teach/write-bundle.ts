/** What was taught and measured -> the files of a bundle, the manifest last. */
import type { GraphSpec, Networks } from '../bundle/assemble.ts';
import { type Golden, writeGolden } from '../bundle/golden.ts';
import { sha256 } from '../bundle/load.ts';
import type { Datum, Manifest, Variant, VitalLimits } from '../bundle/manifest.ts';
import { networkFiles } from '../bundle/networks.ts';
import { writeOnnx } from '../onnx/write.ts';
import type { Scales, Thresholds } from './calibrate.ts';
import type { Taught, TeachOptions, UnlikePart } from './teaching.ts';

/** fp32 on one CPU agrees with fp32 on another to this share of the threshold. */
const goldenTolerance = 1e-3;

export interface Measured {
  spec: GraphSpec & { datum: Datum };
  networks: Networks;
  scales: Scales;
  thresholds: Thresholds;
  vitals: VitalLimits;
  golden: readonly Golden[];
  dataDigest: string;
  curve: readonly number[];
  unlike: UnlikePart[];
  /** What a version made from another one says of its teaching instead. */
  lineage?: Partial<Manifest['taught']>;
}

export function writeBundle(options: TeachOptions, measured: Measured): Taught {
  const { spec, networks, thresholds } = measured;
  const files = new Map<string, Uint8Array>(networkFiles.map((file) => [file, writeOnnx(networks[file])]));
  const golden = measured.golden.map((part) => {
    const written = writeGolden(part);
    for (const [path, bytes] of written.files) files.set(path, bytes);
    return written.entry;
  });
  const { name, version, product, roi, ignore, working } = options;
  const manifest: Manifest = {
    schema: 'twinspect.bundle/1',
    name,
    version,
    product,
    files: Object.fromEntries([...files].map(([path, bytes]) => [path, sha256(bytes)])),
    input: { ...spec.input, rgb: 'uint8 RGB', depth: 'float32 mm' },
    calibration: options.calibration ?? null,
    roi,
    ignore,
    working,
    datum: spec.datum,
    depthScale: spec.depthScale,
    minJudgedShare: thresholds.minJudgedShare,
    vitals: measured.vitals,
    taught: lineage(options, measured),
    peakMemoryMb: peakMemoryMb(files, spec.input),
    variants: [variant(measured)],
    golden,
  };
  files.set('manifest.json', new TextEncoder().encode(`${JSON.stringify(manifest, null, 2)}\n`));
  return { manifest, files, thresholds, unlike: measured.unlike };
}

function lineage(options: TeachOptions, { thresholds, dataDigest, curve, lineage: own }: Measured): Manifest['taught'] {
  const { source, digest, metadata, spec } = options.teacher;
  const { wanted, lowestSupported, interval95 } = thresholds.score;
  return {
    parts: options.training.length,
    heldOut: options.heldOut.length,
    dataDigest,
    seed: options.seed,
    epochs: options.epochs,
    recipe: options.recipe,
    curve: curve.map((loss) => Number(loss.toFixed(6))),
    falseRejectRate: { wanted, lowestSupported, interval95 },
    teacher: {
      source,
      digest,
      licence: metadata['licence'] ?? 'not stated in the file',
      spec: JSON.stringify(spec),
    },
    ...own,
  };
}

function variant({ scales, thresholds }: Measured): Variant {
  const { score, pixelThreshold, leastAreaPx } = thresholds;
  return {
    provider: 'cpu',
    precision: 'fp32',
    threshold: score.threshold,
    pixelThreshold,
    leastAreaPx,
    ...scales,
    goldenTolerance,
  };
}

/** Weights three times over (file, session, packed) and forty full-size planes of activations. */
function peakMemoryMb(files: ReadonlyMap<string, Uint8Array>, input: { widthPx: number; heightPx: number }): number {
  const weights = networkFiles.reduce((sum, file) => sum + files.get(file)!.byteLength, 0);
  return Math.ceil((3 * weights + 40 * 4 * input.widthPx * input.heightPx) / 1e6);
}
