/**
 * Layers with parameters, in two forms of the same network: being taught (parameters are inputs of the step graph,
 * batch statistics are outputs of it) and deployed (parameters are constants, the normalisation folded into the
 * convolution). A network is written once, against this interface.
 */
import { invariant } from '../../errors.ts';
import * as o from '../graph/build.ts';
import type { Graph } from '../graph/graph.ts';
import { size } from '../graph/operators.ts';
import type { Shape, Tensor } from '../graph/tensor.ts';

export interface ConvShape {
  /** Output channels. */
  out: number;
  /** Side of the square kernel; padding keeps the size at stride 1. */
  kernel: number;
  stride?: number;
}

export interface Layers {
  readonly graph: Graph;
  /** Convolution and batch normalisation: [B,C,H,W] -> [B,out,H/stride,W/stride]. */
  convNorm(x: Tensor, name: string, shape: ConvShape): Tensor;
  /** Convolution with a bias. */
  conv(x: Tensor, name: string, shape: ConvShape): Tensor;
  /** A free parameter: prototypes, projections. */
  matrix(name: string, rows: number, columns: number): Tensor;
}

/** How a parameter starts: spread of a normal distribution, or one value. */
export type Initial = { normal: number } | { value: number };
export interface ParameterSpec {
  name: string;
  shape: Shape;
  initial: Initial;
}

/** Variance floor of every batch normalisation. */
export const normEpsilon = 1e-5;

/** Parameters as graph inputs; records what it made, in order of first use. */
export class TrainingLayers implements Layers {
  readonly graph: Graph;
  readonly parameters: (ParameterSpec & { tensor: Tensor })[] = [];
  /** Batch mean and variance of each normalisation, [C] each. */
  readonly statistics: { name: string; mean: Tensor; variance: Tensor }[] = [];

  constructor(graph: Graph) {
    this.graph = graph;
  }

  convNorm(x: Tensor, name: string, { out, kernel, stride = 1 }: ConvShape): Tensor {
    const fanIn = x.shape[1]! * kernel * kernel;
    const weight = this.#parameter(`${name}.weight`, [out, x.shape[1]!, kernel, kernel], {
      normal: Math.sqrt(2 / fanIn),
    });
    const gamma = this.#parameter(`${name}.gamma`, [out], { value: 1 });
    const beta = this.#parameter(`${name}.beta`, [out], { value: 0 });
    const y = o.conv(x, weight, { stride, pad: (kernel - 1) / 2 });
    const [normalised, mean, variance] = this.graph.scope(name, () => o.batchNormTraining(y, gamma, beta, normEpsilon));
    this.statistics.push({ name, mean, variance });
    return normalised;
  }

  conv(x: Tensor, name: string, { out, kernel, stride = 1 }: ConvShape): Tensor {
    const fanIn = x.shape[1]! * kernel * kernel;
    const weight = this.#parameter(`${name}.weight`, [out, x.shape[1]!, kernel, kernel], {
      normal: Math.sqrt(1 / fanIn),
    });
    const bias = this.#parameter(`${name}.bias`, [out], { value: 0 });
    return o.conv(x, weight, { stride, pad: (kernel - 1) / 2, bias });
  }

  matrix(name: string, rows: number, columns: number): Tensor {
    return this.#parameter(name, [rows, columns], { normal: Math.sqrt(1 / columns) });
  }

  /** Batch statistics as outputs `mean:<name>` and `variance:<name>`. */
  publishStatistics(): void {
    for (const { name, mean, variance } of this.statistics) {
      this.graph.output(`mean:${name}`, mean);
      this.graph.output(`variance:${name}`, variance);
    }
  }

  #parameter(name: string, shape: Shape, initial: Initial): Tensor {
    invariant(!this.parameters.some((known) => known.name === name), `parameter ${name} is made twice`);
    const tensor = this.graph.input(name, 'float32', shape);
    this.parameters.push({ name, shape, initial, tensor });
    return tensor;
  }
}

/**
 * A deployed network that is taught on: its normalisations stay folded, and the convolutions they went into have plain
 * weights and biases. No statistics of a batch come in: a few new parts cannot shift what all the old ones gave.
 */
export class FoldedLayers extends TrainingLayers {
  override convNorm(x: Tensor, name: string, shape: ConvShape): Tensor {
    return this.conv(x, name, shape);
  }
}

/** Values by the names TrainingLayers gave them; statistics as `<name>.mean` and `<name>.variance`. */
export type ParameterValues = ReadonlyMap<string, Float32Array>;

/** Parameters as constants; each normalisation folded into the convolution before it, where that is not done yet. */
export class DeployedLayers implements Layers {
  readonly graph: Graph;
  readonly #values: ParameterValues;

  constructor(graph: Graph, values: ParameterValues) {
    this.graph = graph;
    this.#values = values;
  }

  convNorm(x: Tensor, name: string, { out, kernel, stride = 1 }: ConvShape): Tensor {
    if (!this.#values.has(`${name}.gamma`)) return this.conv(x, name, { out, kernel, stride });
    const shape = [out, x.shape[1]!, kernel, kernel];
    const [weight, gamma, beta] = [
      this.#value(`${name}.weight`, shape),
      this.#value(`${name}.gamma`, [out]),
      this.#value(`${name}.beta`, [out]),
    ];
    const [mean, variance] = [this.#value(`${name}.mean`, [out]), this.#value(`${name}.variance`, [out])];
    const gain = gamma.map((g, c) => g / Math.sqrt(variance[c]! + normEpsilon));
    const folded = weight.map((w, i) => w * gain[Math.floor(i / (weight.length / out))]!);
    const bias = beta.map((b, c) => b - mean[c]! * gain[c]!);
    return o.conv(x, this.graph.constant(`${name}.weight`, folded, shape), {
      stride,
      pad: (kernel - 1) / 2,
      bias: this.graph.constant(`${name}.bias`, bias, [out]),
    });
  }

  conv(x: Tensor, name: string, { out, kernel, stride = 1 }: ConvShape): Tensor {
    const shape = [out, x.shape[1]!, kernel, kernel];
    const weight = this.graph.constant(`${name}.weight`, this.#value(`${name}.weight`, shape), shape);
    const bias = this.graph.constant(`${name}.bias`, this.#value(`${name}.bias`, [out]), [out]);
    return o.conv(x, weight, { stride, pad: (kernel - 1) / 2, bias });
  }

  matrix(name: string, rows: number, columns: number): Tensor {
    return this.graph.constant(name, this.#value(name, [rows, columns]), [rows, columns]);
  }

  #value(name: string, shape: Shape): Float32Array {
    const value = this.#values.get(name);
    invariant(value && value.length === size(shape), `parameter ${name} has ${value?.length} values for [${shape}]`);
    return value;
  }
}
