/**
 * Adam (Kingma & Ba 2015) as nodes of the step graph: parameters and moments go in, their successors come out.
 * The bias correction and schedule arrive as one scalar, `stepSize` = lr sqrt(1 - beta2^t) / (1 - beta1^t): the order
 * of computation the paper proposes at the end of its section 2, where epsilon stands beside the uncorrected root.
 */
import * as o from '../graph/build.ts';
import type { Tensor } from '../graph/tensor.ts';

export interface AdamSettings {
  beta1: number;
  beta2: number;
  epsilon: number;
}
export const adamDefaults: AdamSettings = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };

/** What the graph's input `stepSize` must be at step t = 1, 2 ... */
export function adamStepSize(learningRate: number, t: number, { beta1, beta2 }: AdamSettings): number {
  return (learningRate * Math.sqrt(1 - beta2 ** t)) / (1 - beta1 ** t);
}

export interface Moments {
  first: Tensor;
  second: Tensor;
}

/** One parameter's step. Returns the next parameter and the next moments. */
export function adam(
  parameter: Tensor,
  gradient: Tensor,
  { first, second }: Moments,
  stepSize: Tensor,
  { beta1, beta2, epsilon }: AdamSettings,
): { parameter: Tensor; first: Tensor; second: Tensor } {
  const nextFirst = o.add(o.mul(first, beta1), o.mul(gradient, 1 - beta1)); // m = b1 m + (1 - b1) g
  const nextSecond = o.add(o.mul(second, beta2), o.mul(o.square(gradient), 1 - beta2)); // v = b2 v + (1 - b2) g^2
  const step = o.div(o.mul(nextFirst, stepSize), o.add(o.sqrt(nextSecond), epsilon));
  return { parameter: o.sub(parameter, step), first: nextFirst, second: nextSecond };
}
