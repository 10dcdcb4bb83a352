/** Measures what distances good parts have at each place, for the places box. */
import { assembleDistances, type DistanceNetworks, type GraphSpec } from '../bundle/assemble.ts';
import { pairFeeds } from '../bundle/golden.ts';
import { placesNetwork } from '../bundle/networks.ts';
import type { Graph } from '../graph/graph.ts';
import { writeOnnx } from '../onnx/write.ts';
import { openSession } from '../runtime/session.ts';
import { placeReference } from './place-reference.ts';
import type { PartImages } from './prepared.ts';
import { PlaceMoments } from './statistics.ts';

/**
 * On the parts the student was taught on, whose distances are smaller than a new part's but lie in the same places;
 * the scale is measured on held-out parts afterwards. With no groups, every place gets the usual mean and spread.
 */
export async function measurePlaces(
  spec: GraphSpec,
  networks: DistanceNetworks,
  parts: AsyncIterable<PartImages> | Iterable<PartImages>,
  groups: number,
  threads: number,
): Promise<Graph> {
  const graph = assembleDistances(spec, networks);
  const moments = new Map(
    [...graph.outputs].map(([name, { shape }]) => [name, new PlaceMoments(shape[2]! * shape[3]!)]),
  );
  const session = await openSession(writeOnnx(graph), { threads });
  try {
    for await (const { rgb, depthMm } of parts) {
      const results = await session.run(pairFeeds(rgb, depthMm, spec.input));
      for (const [name, each] of moments) each.add(results[name]!.data as Float32Array);
    }
  } finally {
    await session.release();
  }
  const statistics = [...moments].map(
    ([name, each]) => [name.replace('distance.', ''), placeReference(each, groups, 'usual')] as const,
  );
  return placesNetwork(spec.working, new Map(statistics));
}
