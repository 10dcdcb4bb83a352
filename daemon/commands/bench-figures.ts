/** What the bench makes of its samples. Pure. */

export interface PartSample {
  /** From the exposure to the announcement in the control lane. */
  readonly captureToVerdictMs: number;
  /** The `session.run` of this part, as the host measured it. */
  readonly inferMs: number;
  /** The transaction that put its record on the disk, fsync included. */
  readonly commitMs: number;
  /** A bare `session.run` right after it, nothing around. */
  readonly bareMs: number;
}

export interface MemorySample {
  readonly parts: number;
  readonly rssMb: number;
}

export interface BenchFigures {
  parts: number;
  bareInferMsP50: number;
  captureToVerdictMsP50: number;
  captureToVerdictMsP99: number;
  addedMsP50: number;
  addedMsP99: number;
  overheadRatio: number;
  journalCommitMsP50: number;
  journalCommitMsP99: number;
  rssMb: number;
  rssSlopeMbPer1000Parts: number;
}

export function benchFigures(samples: readonly PartSample[], memory: readonly MemorySample[]): BenchFigures {
  const of = (value: (sample: PartSample) => number, share: number): number => quantile(samples.map(value), share);
  const capture = (sample: PartSample): number => sample.captureToVerdictMs;
  const added = (sample: PartSample): number => sample.captureToVerdictMs - sample.inferMs - sample.commitMs;
  const bare = of((sample) => sample.bareMs, 0.5);
  return {
    parts: samples.length,
    bareInferMsP50: bare,
    captureToVerdictMsP50: of(capture, 0.5),
    captureToVerdictMsP99: of(capture, 0.99),
    addedMsP50: of(added, 0.5),
    addedMsP99: of(added, 0.99),
    overheadRatio: of((sample) => sample.captureToVerdictMs - sample.commitMs, 0.5) / bare,
    journalCommitMsP50: of((sample) => sample.commitMs, 0.5),
    journalCommitMsP99: of((sample) => sample.commitMs, 0.99),
    rssMb: memory.at(-1)?.rssMb ?? Number.NaN,
    rssSlopeMbPer1000Parts: 1000 * slope(memory.slice(Math.floor(memory.length / 4))),
  };
}

/** The smallest value that at least this share of all does not exceed. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}

/** Least squares, MB per part; the first quarter, in which caches fill, is left to the caller. */
function slope(samples: readonly MemorySample[]): number {
  if (samples.length < 2) return Number.NaN;
  const mean = (of: (sample: MemorySample) => number): number =>
    samples.reduce((sum, sample) => sum + of(sample), 0) / samples.length;
  const [x, y] = [mean(({ parts }) => parts), mean(({ rssMb }) => rssMb)];
  const covariance = samples.reduce((sum, { parts, rssMb }) => sum + (parts - x) * (rssMb - y), 0);
  return covariance / samples.reduce((sum, { parts }) => sum + (parts - x) ** 2, 0);
}
