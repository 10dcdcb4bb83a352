/**
 * The places box: how far a distance lies above what good parts have at that place. Edges that move within the
 * fixture's tolerance, print and glare are never restored well; a fixed threshold would have to lie above the worst of
 * them, and a scratch on a quiet face would drown.
 */
import * as o from '../graph/build.ts';
import type { Graph } from '../graph/graph.ts';
import type { Tensor } from '../graph/tensor.ts';

/** What a distance is on good parts, on the distance's own grid. */
export interface PlaceStatistics {
  /** [h,w] each */
  mean: Float32Array;
  spread: Float32Array;
}

/** distances [1,1,h,w] by name -> (distance - mean) / spread, by the same names. */
export function places(
  graph: Graph,
  distances: Record<string, Tensor>,
  statistics: ReadonlyMap<string, PlaceStatistics>,
): Record<string, Tensor> {
  return Object.fromEntries(
    Object.entries(distances).map(([name, distance]) => {
      const { mean, spread } = statistics.get(name)!;
      const deviation = graph.scope(name, () =>
        o.div(
          o.sub(distance, graph.constant('mean', mean, distance.shape)),
          graph.constant('spread', spread, distance.shape),
        ),
      );
      return [name, deviation];
    }),
  );
}
