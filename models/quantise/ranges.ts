/**
 * Calibration: what values the tensors of a network take on good parts. The fp32 graph runs with its inner tensors as
 * outputs; of each, the range of the parts is kept in a few ways, of which quantisation takes the best.
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
/** How ranges of parts become one. */
export interface Cut {
  /** The share of a part's values left out at either end; 0 keeps every value. */
  tail: number;
  /**
   * The widest part leaves nothing out. The usual one, the mean of all, does not let a part whose values reach ten
   * times further (a tile of another surface) make every step ten times coarser.
   */
  of: 'widest' | 'usual';
}
/** By the tensor's name in the graph. */
export type Ranges = ReadonlyMap<string, Range>;

/** Values looked at per tensor and part where a tail is cut. */
const valuesPerPart = 20_000;

/** The ranges of the tensors over all feeds, for each cut. */
export async function measureRanges(
  graph: Graph,
  tensors: readonly Tensor[],
  feeds: Iterable<Feeds>,
  cuts: readonly Cut[],
  threads: number,
): Promise<Ranges[]> {
  const observed = new Map(tensors.map((tensor, i) => [`observed.${i}`, tensor]));
  const session = await openSession(writeOnnx(publishing(graph, observed)), { threads });
  const tails = [...new Set(cuts.map(({ tail }) => tail))];
  /** Of each tensor, for each part: a range for each tail. */
  const seen = new Map<string, Range[][]>(tensors.map(({ name }) => [name, []]));
  try {
    for (const feed of feeds) {
      const results = await session.run(feed, [...observed.keys()]);
      for (const [output, { name }] of observed) {
        seen.get(name)!.push(rangesOf(results[output]!.data as Float32Array, tails));
      }
    }
  } finally {
    await session.release();
  }
  return cuts.map(({ tail, of }) => {
    const at = tails.indexOf(tail);
    return new Map([...seen].map(([name, parts]) => [name, combined[of](parts.map((ranges) => ranges[at]!))]));
  });
}

const combined: Record<Cut['of'], (parts: readonly Range[]) => Range> = {
  widest: (parts) => ({
    low: Math.min(...parts.map(({ low }) => low)),
    high: Math.max(...parts.map(({ high }) => high)),
  }),
  usual: (parts) => ({ low: mean(parts.map(({ low }) => low)), high: mean(parts.map(({ high }) => high)) }),
};
const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

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
