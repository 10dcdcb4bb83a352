/** Measures what the geometry and colour boxes compare with: mean and spread of each feature at each place. */
import { type ColourReferences, colourFeatureNames } from '../nets/colour.ts';
import { type GeometryReferences, geometryNames } from '../nets/geometry.ts';
import { placeReference } from './place-reference.ts';
import type { PreparedPart } from './prepared.ts';
import { PlaceMoments } from './statistics.ts';

/** Heights shrink towards the datum, colour towards the part's own mean; missing depth is held against each place. */
const middles = { fine: 0, coarse: 0, missing: 'own', tone: 'usual', tintRed: 'usual', tintBlue: 'usual' } as const;
const featureNames = [...geometryNames, ...colourFeatureNames] as const;

export type References = GeometryReferences & ColourReferences;

/** References over `count` parts of so many independent groups, and where each part had readings. */
export async function measureReferences(
  count: number,
  groups: number,
  { widthPx: width, heightPx: height }: { widthPx: number; heightPx: number },
  prepared: (part: number) => Promise<PreparedPart>,
): Promise<{ references: References; valid: Uint8Array[] }> {
  const moments = new Map(featureNames.map((name) => [name, new PlaceMoments(width * height)]));
  const valid: Uint8Array[] = [];
  for (let part = 0; part < count; part++) {
    const { features, valid: readings } = await prepared(part);
    valid.push(Uint8Array.from(readings));
    for (const name of featureNames) moments.get(name)!.add(features[name]);
  }
  const references = featureNames.map((name) => [name, placeReference(moments.get(name)!, groups, middles[name])]);
  return { references: Object.fromEntries(references) as References, valid };
}
