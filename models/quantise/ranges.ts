/**
 * Calibration: what values the tensors of a network take on good parts. The fp32 graph runs with its inner tensors as
 * outputs; of each, the widest range over all parts is kept, once whole and once for each tail that may be cut.
 */
import type { Graph } from '../graph/graph.ts';
import { publishing } from '../graph/inline.ts';
import type { Tensor } from '../graph/tensor.ts';
import { writeOnnx } from '../onnx/write.ts';
import { type Feeds, openSession } from '../runtime/session.ts';

export interface Range {
  low: number;
  high: number;
}
/** By the tensor's name in the graph. */
export type Ranges = ReadonlyMap<string, Range>;

/** Values looked at per tensor and part where a tail is cut. */
const valuesPerPart = 20_000;

/**
 * The ranges of the tensors over all feeds, for each tail: the share of a part's values left out at either end before
 * the widest part is taken. 0 keeps every value.
 */
export async function measureRanges(
  graph: Graph,
  tensors: readonly Tensor[],
  feeds: Iterable<Feeds>,
  tails: readonly number[],
  threads: number,
): Promise<Ranges[]> {
  const observed = new Map(tensors.map((tensor, i) => [`observed.${i}`, tensor]));
  const session = await openSession(writeOnnx(publishing(graph, observed)), { threads });
  const ranges = tails.map(() => new Map<string, Range>());
  try {
    for (const feed of feeds) {
      const results = await session.run(feed, [...observed.keys()]);
      for (const [output, { name }] of observed) {
        const found = rangesOf(results[output]!.data as Float32Array, tails);
        for (const [i, range] of found.entries()) ranges[i]!.set(name, wider(range, ranges[i]!.get(name)));
      }
    }
  } finally {
    await session.release();
  }
  return ranges;
}

function wider(range: Range, known: Range | undefined): Range {
  if (!known) return range;
  return { low: Math.min(range.low, known.low), high: Math.max(range.high, known.high) };
}

function rangesOf(values: Float32Array, tails: readonly number[]): Range[] {
  const whole = { low: Number.POSITIVE_INFINITY, high: Number.NEGATIVE_INFINITY };
  for (const value of values) {
    if (value < whole.low) whole.low = value;
    if (value > whole.high) whole.high = value;
  }
  const step = Math.max(1, Math.floor(values.length / valuesPerPart));
  const sorted = (step === 1 ? values.slice() : values.filter((_, i) => i % step === 0)).sort();
  return tails.map((tail) => {
    if (tail === 0) return whole;
    const cut = Math.floor(tail * (sorted.length - 1));
    return { low: sorted[cut]!, high: sorted[sorted.length - 1 - cut]! };
  });
}
