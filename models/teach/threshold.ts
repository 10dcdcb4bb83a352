/**
 * The score threshold from held-out good parts alone, by order statistics: with n good scores, the expected share of
 * good parts at or above the k-th largest is k / (n + 1), its spread a Beta(k, n + 1 - k). Where n is too small for
 * the rate asked, the largest score is the threshold and the lowest supported rate is said.
 */
export interface ScoreThreshold {
  threshold: number;
  wanted: number;
  /** Expected false-reject rate at this threshold. */
  expected: number;
  /** The lowest rate this many parts can support, 1 / (n + 1). */
  lowestSupported: number;
  /** Further good parts needed for the rate asked; 0 where it is supported. */
  partsMissing: number;
  /** Where the true rate lies with 95 % probability. */
  interval95: [number, number];
}

/** A part equal to the threshold fails, so the threshold stands this far above the good score it comes from. */
const margin = 1 + 1e-4;

export function scoreThreshold(goodScores: readonly number[], wanted: number): ScoreThreshold {
  const n = goodScores.length;
  const sorted = [...goodScores].sort((a, b) => b - a);
  const k = Math.max(1, Math.min(n, Math.floor(wanted * (n + 1))));
  return {
    threshold: sorted[k - 1]! * margin,
    wanted,
    expected: k / (n + 1),
    lowestSupported: 1 / (n + 1),
    partsMissing: Math.max(0, Math.ceil(1 / wanted) - 1 - n),
    interval95: [betaQuantile(0.025, k, n + 1 - k), betaQuantile(0.975, k, n + 1 - k)],
  };
}

/** Quantile of Beta(a, b), a and b whole, by bisection of its distribution. */
export function betaQuantile(q: number, a: number, b: number): number {
  let [low, high] = [0, 1];
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (betaDistribution(middle, a, b) < q) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** P(Beta(a, b) <= x) = P(Binomial(a + b - 1, x) >= a), summed in logarithms. */
function betaDistribution(x: number, a: number, b: number): number {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  const n = a + b - 1;
  let logChoose = 0;
  let sum = 0;
  for (let j = 0; j <= n; j++) {
    if (j > 0) logChoose += Math.log((n - j + 1) / j);
    if (j >= a) sum += Math.exp(logChoose + j * Math.log(x) + (n - j) * Math.log1p(-x));
  }
  return Math.min(1, sum);
}
