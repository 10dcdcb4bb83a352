/** Measures what the geometry box compares with: mean and spread of height and missing depth at each place. */
import { type GeometryReferences, geometryNames } from '../nets/geometry.ts';
import { placeReference } from './place-reference.ts';
import type { PreparedPart } from './prepared.ts';
import { PlaceMoments } from './statistics.ts';

/** Heights shrink towards the datum; missing depth is compared with what each place had. */
const middles = { fine: 0, coarse: 0, missing: 'own' } as const;

/** References over `count` parts of so many independent groups, and where each part had readings. */
export async function measureGeometry(
  count: number,
  groups: number,
  { widthPx: width, heightPx: height }: { widthPx: number; heightPx: number },
  prepared: (part: number) => Promise<PreparedPart>,
): Promise<{ references: GeometryReferences; valid: Uint8Array[] }> {
  const moments = new Map(geometryNames.map((name) => [name, new PlaceMoments(width * height)]));
  const valid: Uint8Array[] = [];
  for (let part = 0; part < count; part++) {
    const { geometry, valid: readings } = await prepared(part);
    valid.push(Uint8Array.from(readings));
    for (const name of geometryNames) moments.get(name)!.add(geometry[name]);
  }
  const references = geometryNames.map((name) => [name, placeReference(moments.get(name)!, groups, middles[name])]);
  return { references: Object.fromEntries(references) as GeometryReferences, valid };
}
