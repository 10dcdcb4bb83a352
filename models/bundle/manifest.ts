/**
 * The manifest of a bundle: everything that is needed to score as the teacher of the model scored, as data.
 * Read strictly: a missing or wrongly typed field is named. The digest of a bundle is the sha256 of this file.
 */
import { fail } from '../../errors.ts';
import type { DepthView, Recipe } from '../nets/recipe.ts';

/** A rectangle on the input grid, pixels. */
export interface Area {
  x: number;
  y: number;
  widthPx: number;
  heightPx: number;
}

/** Where height is measured from: a plane fitted to each part, or the plane all good parts had at teaching. */
export type Datum =
  | { kind: 'fitted'; offsetLimitMm: number; tiltLimitMmAcross: number }
  | { kind: 'fixed'; offsetMm: number; slopeXMmAcross: number; slopeYMmAcross: number };

/** How a depth frame becomes the network's three channels; all lengths in mm. */
export interface DepthScale {
  /** Millimetre centre of the depth range: subtracted before any arithmetic in fp32. */
  centreMm: number;
  /** Height that becomes 1 before the soft compression. */
  heightMm: number;
  /** Slope (mm per working pixel) that becomes 1. */
  slopeMmPerPx: number;
  /** What of it the network sees; both where absent. */
  view?: DepthView;
}

/** One map of the anomaly stage with its statistics on held-out good parts: z = max(0, (value - centre) / scale). */
export interface SourceNorm {
  name: string;
  centre: number;
  scale: number;
  weight: number;
}

/** A golden part as a variant of lower precision scores it; its images are the bundle's. */
export type GoldenScore = Pick<GoldenPart, 'name' | 'map' | 'score'>;

/** What depends on provider and precision: an fp16 map needs its own threshold. */
export interface Variant {
  provider: 'cpu' | 'tensorrt';
  precision: 'fp32' | 'fp16' | 'int8';
  threshold: number;
  pixelThreshold: number;
  leastAreaPx: number;
  sources: SourceNorm[];
  /** The usual peak of each half's combined map on held-out good parts, over the trust in it. */
  halves: { network: number; geometry: number; colour: number };
  goldenTolerance: number;
  /** Its own file in place of a network of the bundle, by the network's name. Absent: it has none. */
  networks?: Record<string, string>;
  /** What it gives for golden parts, in place of the bundle's own numbers; these alone are replayed. */
  golden?: GoldenScore[];
}

/** The least signs of life of a living modality: grey levels of rgb, mm of depth. */
export interface VitalLimits {
  rgb: { contrast: number; grain: number };
  depth: { contrast: number; grain: number };
}

export interface GoldenPart {
  name: string;
  rgb: string;
  depth: string;
  map: string;
  score: number;
}

/** An earlier version that a bundle was made from without starting over. */
export interface Parent {
  /** NAME@VERSION */
  bundle: string;
  /** sha256 of its manifest. */
  digest: string;
  how: 'taught on' | 'threshold';
  /** Good parts that came in with this step: taught on, and measured with. */
  partsAdded: number;
  heldOutAdded: number;
}

export interface Manifest {
  schema: 'twinspect.bundle/1';
  name: string;
  version: string;
  product: string;
  /** sha256 of every other file of the bundle, hex, by path. */
  files: Record<string, string>;
  input: { widthPx: number; heightPx: number; rgb: 'uint8 RGB'; depth: 'float32 mm' };
  /** sha256 of the calibration its parts were registered with; null where they came on one grid. */
  calibration: string | null;
  roi: Area | null;
  ignore: Area[];
  working: { widthPx: number; heightPx: number };
  datum: Datum;
  depthScale: DepthScale;
  minJudgedShare: number;
  /** Absent in bundles that were taught before it was measured: then only a modality that sees nothing is dead. */
  vitals?: VitalLimits;
  taught: {
    parts: number;
    heldOut: number;
    dataDigest: string;
    seed: number;
    epochs: number;
    curve: number[];
    falseRejectRate: { wanted: number; lowestSupported: number; interval95: [number, number] };
    teacher: { source: string; digest: string; licence: string; spec: string };
    /** The choices of the method. */
    recipe: Recipe;
    /** What it was made from, the nearest first; absent where it was taught from the start. */
    parents?: Parent[];
  };
  peakMemoryMb: number;
  variants: Variant[];
  golden: GoldenPart[];
}

/** Parses and checks manifest.json. Throws `bundle/manifest` naming the field, the value and the expectation. */
export function parseManifest(text: string, path: string): Manifest {
  const problem: Problem = (what) => {
    throw fail('bundle/manifest', { path, problem: what });
  };
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch (error) {
    throw fail('bundle/manifest', { path, problem: `not JSON: ${(error as Error).message}` }, error);
  }
  if (kindOf(raw) !== 'object') return problem(`${kindOf(raw)}, expected an object`);
  const manifest = raw as Manifest;
  if (manifest.schema !== 'twinspect.bundle/1') {
    problem(`schema is ${JSON.stringify(manifest.schema)}, expected "twinspect.bundle/1"`);
  }
  expectFields('', manifest, manifestFields, problem);
  if (manifest.roi !== null) expectFields('roi.', manifest.roi, areaFields, problem);
  expectEach('ignore', manifest.ignore, areaFields, problem);
  const datumFields = { fitted: fittedFields, fixed: fixedFields }[manifest.datum.kind];
  if (datumFields === undefined)
    problem(`datum.kind is ${JSON.stringify(manifest.datum.kind)}, expected fitted or fixed`);
  else expectFields('datum.', manifest.datum, datumFields, problem);
  if (manifest.vitals !== undefined) expectFields('vitals.', manifest.vitals, vitalFields, problem);
  expectEach('taught.parents', manifest.taught.parents ?? [], parentFields, problem);
  if (manifest.variants.length === 0) problem('variants is empty, expected at least one');
  expectEach('variants', manifest.variants, variantFields, problem);
  if (manifest.golden.length === 0) problem('golden is empty, expected at least one');
  expectEach('golden', manifest.golden, goldenFields, problem);
  for (const [i, variant] of manifest.variants.entries()) expectVariant(`variants[${i}]`, variant, manifest, problem);
  return manifest;
}

type Problem = (what: string) => never;
type Kind = 'string' | 'number' | 'object' | 'array';
type Fields = Readonly<Record<string, Kind>>;

function expectFields(prefix: string, whole: unknown, fields: Fields, problem: Problem): void {
  for (const [field, kind] of Object.entries(fields)) {
    const value = field.split('.').reduce<unknown>((at, key) => (at as Record<string, unknown> | null)?.[key], whole);
    if (kindOf(value) !== kind) problem(`${prefix}${field} is ${kindOf(value)}, expected ${kind}`);
  }
}

function expectVariant(at: string, { sources, networks, golden }: Variant, whole: Manifest, problem: Problem): void {
  expectEach(`${at}.sources`, sources, sourceFields, problem);
  if (networks !== undefined) {
    if (kindOf(networks) !== 'object') problem(`${at}.networks is ${kindOf(networks)}, expected object`);
    for (const [network, file] of Object.entries(networks)) {
      if (!Object.hasOwn(whole.files, network)) problem(`${at}.networks has ${network}, which the bundle has not`);
      if (kindOf(file) !== 'string') problem(`${at}.networks.${network} is ${kindOf(file)}, expected string`);
    }
  }
  if (golden === undefined) return;
  if (kindOf(golden) !== 'array') problem(`${at}.golden is ${kindOf(golden)}, expected array`);
  // A variant that replays nothing would serve unproven.
  if (golden.length === 0) problem(`${at}.golden is empty, expected at least one`);
  expectEach(`${at}.golden`, golden, goldenScoreFields, problem);
  const known = whole.golden.map(({ name }) => name);
  const stranger = golden.find(({ name }) => !known.includes(name));
  if (stranger) problem(`${at}.golden has ${stranger.name}, the bundle's golden parts are ${known.join(', ')}`);
}

function expectEach(name: string, list: readonly unknown[], fields: Fields, problem: Problem): void {
  for (const [i, entry] of list.entries()) expectFields(`${name}[${i}].`, entry, fields, problem);
}

/** A number is a finite one: JSON can write 1e999. */
function kindOf(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  if (value === null) return 'null';
  return typeof value === 'number' && !Number.isFinite(value) ? String(value) : typeof value;
}

const manifestFields: Fields = {
  name: 'string',
  version: 'string',
  product: 'string',
  files: 'object',
  'input.widthPx': 'number',
  'input.heightPx': 'number',
  'working.widthPx': 'number',
  'working.heightPx': 'number',
  ignore: 'array',
  'datum.kind': 'string',
  'depthScale.centreMm': 'number',
  'depthScale.heightMm': 'number',
  'depthScale.slopeMmPerPx': 'number',
  minJudgedShare: 'number',
  'taught.dataDigest': 'string',
  'taught.seed': 'number',
  'taught.recipe': 'object',
  variants: 'array',
  golden: 'array',
};
const vitalFields: Fields = {
  'rgb.contrast': 'number',
  'rgb.grain': 'number',
  'depth.contrast': 'number',
  'depth.grain': 'number',
};
const areaFields: Fields = { x: 'number', y: 'number', widthPx: 'number', heightPx: 'number' };
const fittedFields: Fields = { offsetLimitMm: 'number', tiltLimitMmAcross: 'number' };
const fixedFields: Fields = { offsetMm: 'number', slopeXMmAcross: 'number', slopeYMmAcross: 'number' };
const variantFields: Fields = {
  provider: 'string',
  precision: 'string',
  threshold: 'number',
  pixelThreshold: 'number',
  leastAreaPx: 'number',
  sources: 'array',
  'halves.network': 'number',
  'halves.geometry': 'number',
  'halves.colour': 'number',
  goldenTolerance: 'number',
};
const parentFields: Fields = {
  bundle: 'string',
  digest: 'string',
  how: 'string',
  partsAdded: 'number',
  heldOutAdded: 'number',
};
const sourceFields: Fields = { name: 'string', centre: 'number', scale: 'number', weight: 'number' };
const goldenScoreFields: Fields = { name: 'string', map: 'string', score: 'number' };
const goldenFields: Fields = { ...goldenScoreFields, rgb: 'string', depth: 'string' };
