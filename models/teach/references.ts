/** Measures what the geometry and colour boxes compare with: mean and spread of each feature at each place. */
import { Graph } from '../graph/graph.ts';
import { type ColourReferences, colourFeatureNames } from '../nets/colour.ts';
import { type GeometryReferences, geometryFeatures, geometryNames } from '../nets/geometry.ts';
import { writeOnnx } from '../onnx/write.ts';
import { openSession } from '../runtime/session.ts';
import { placeReference } from './place-reference.ts';
import type { PreparedPart } from './prepared.ts';
import { PlaceMoments, quantile } from './statistics.ts';

/** Heights shrink towards the datum, colour towards the part's own mean; missing depth is held against each place. */
const heights = { fine: 0, coarse: 0, missing: 'own' } as const;
const middles = { ...heights, tone: 'usual', line: 'usual', tintRed: 'usual', tintBlue: 'usual' } as const;
const featureNames = [...geometryNames, ...colourFeatureNames] as const;
const heightNames = ['fine', 'coarse'] as const;
type HeightName = (typeof heightNames)[number];

/** Levelled, good parts must vary at the middle place by less than this share of what they vary by as they lie. */
const worthShare = 0.8;

export type References = GeometryReferences & ColourReferences;

export interface Measuring {
  count: number;
  /** Of how many of them are independent. */
  groups: number;
  working: { widthPx: number; heightPx: number };
  /** `own`: the parts are levelled by the shape they share; a shape known before; null: heights count as they are. */
  form: 'own' | Float32Array | null;
  threads: number;
}

/** References over parts, and where each had readings. Asks for the parts in order, twice where they are levelled. */
export async function measureReferences(
  { count, groups, working, form, threads }: Measuring,
  prepared: (part: number) => Promise<PreparedPart>,
): Promise<{ references: References; valid: Uint8Array[] }> {
  const moments = new Map<string, PlaceMoments>(
    featureNames.map((name) => [name, new PlaceMoments(working.widthPx * working.heightPx)]),
  );
  const valid: Uint8Array[] = [];
  for (let part = 0; part < count; part++) {
    const { features, valid: readings } = await prepared(part);
    valid.push(Uint8Array.from(readings));
    for (const name of featureNames) moments.get(name)!.add(features[name]);
  }
  const reference = (name: (typeof featureNames)[number]) => placeReference(moments.get(name)!, groups, middles[name]);
  const shape = form === 'own' ? reference('fine').mean : form;
  const level = shape && (await levelledMoments(shape, { count, working, threads }, prepared));
  // A shape of the parts' own is worth levelling by where it makes them alike; loose parts and tiles share none.
  const worth =
    level !== null && (form !== 'own' || usual(level.get('fine')!) < worthShare * usual(moments.get('fine')!));
  if (worth) for (const [name, each] of level) moments.set(name, each);
  const references = Object.fromEntries(featureNames.map((name) => [name, reference(name)]));
  return { references: { ...references, form: worth ? shape : null } as References, valid };
}

/** The middle place's variance: edges, which move within the fixture's play, would drown a mean. */
const usual = (moments: PlaceMoments): number => quantile(moments.variance(), 0.5);

/** The heights again, each part levelled as the bundle will level it. */
async function levelledMoments(
  form: Float32Array,
  { count, working, threads }: Pick<Measuring, 'count' | 'working' | 'threads'>,
  prepared: (part: number) => Promise<PreparedPart>,
): Promise<Map<HeightName, PlaceMoments>> {
  const moments = new Map(heightNames.map((name) => [name, new PlaceMoments(working.widthPx * working.heightPx)]));
  const graph = new Graph('levelled');
  const shape = [1, 1, working.heightPx, working.widthPx];
  const heightMm = graph.input('heightMm', 'float32', shape);
  const features = geometryFeatures(heightMm, graph.input('valid', 'float32', shape), form);
  for (const name of heightNames) graph.output(name, features[name]);
  const session = await openSession(writeOnnx(graph), { threads });
  try {
    for (let part = 0; part < count; part++) {
      const { heightMm: height, valid } = await prepared(part);
      const results = await session.run({ heightMm: { data: height, shape }, valid: { data: valid, shape } });
      for (const name of heightNames) moments.get(name)!.add(results[name]!.data as Float32Array);
    }
  } finally {
    await session.release();
  }
  return moments;
}
