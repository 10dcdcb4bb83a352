/** Principal directions of samples: the eigenvectors of their covariance, largest first, by orthogonal iteration. */
import { seeded } from '../random.ts';

export interface Principal {
  mean: Float64Array;
  /** Unit vectors, the one of the largest variance first. */
  directions: Float64Array[];
  /** Variance along each. */
  variances: number[];
}

/** Enough for filters: neighbours of nearly equal variance may stay mixed, which does a bank no harm. */
const iterations = 30;

/** `samples` [n, length] one after the other; `count` at most `length`. The same samples and seed, the same answer. */
export function principal(samples: Float32Array, length: number, count: number, seed: number): Principal {
  const { mean, covariance } = covarianceOf(samples, length);
  const random = seeded(seed, 23);
  let directions: Float64Array[] = Array.from({ length: count }, () =>
    Float64Array.from({ length }, () => random.normal()),
  );
  orthonormalise(directions);
  for (let i = 0; i < iterations; i++) {
    directions = directions.map((direction) => times(covariance, direction));
    orthonormalise(directions);
  }
  const variances = directions.map((direction) => dot(direction, times(covariance, direction)));
  return { mean, directions, variances };
}

function covarianceOf(samples: Float32Array, length: number): { mean: Float64Array; covariance: Float64Array } {
  const count = samples.length / length;
  const mean = new Float64Array(length);
  for (let i = 0; i < samples.length; i++) mean[i % length]! += samples[i]! / count;
  const covariance = new Float64Array(length * length);
  const apart = new Float64Array(length);
  for (let n = 0; n < count; n++) {
    for (let i = 0; i < length; i++) apart[i] = samples[n * length + i]! - mean[i]!;
    for (let i = 0; i < length; i++) {
      const value = apart[i]! / count;
      for (let j = 0; j <= i; j++) covariance[i * length + j]! += value * apart[j]!;
    }
  }
  for (let i = 0; i < length; i++) {
    for (let j = 0; j < i; j++) covariance[j * length + i] = covariance[i * length + j]!;
  }
  return { mean, covariance };
}

function times(matrix: Float64Array, vector: Float64Array): Float64Array {
  const { length } = vector;
  const out = new Float64Array(length);
  for (let i = 0; i < length; i++) {
    let sum = 0;
    for (let j = 0; j < length; j++) sum += matrix[i * length + j]! * vector[j]!;
    out[i] = sum;
  }
  return out;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

/** Gram-Schmidt, twice, in place; what has no length left (fewer samples than directions) becomes zero. */
function orthonormalise(vectors: Float64Array[]): void {
  for (const [k, vector] of vectors.entries()) {
    for (let pass = 0; pass < 2; pass++) {
      for (const before of vectors.slice(0, k)) {
        const along = dot(vector, before);
        for (let i = 0; i < vector.length; i++) vector[i]! -= along * before[i]!;
      }
    }
    const norm = Math.sqrt(dot(vector, vector));
    for (let i = 0; i < vector.length; i++) vector[i] = norm > 1e-9 ? vector[i]! / norm : 0;
  }
}
