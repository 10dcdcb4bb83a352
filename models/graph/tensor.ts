/** What a graph is made of: tensors with a shape and a type, nodes between them. Data only. */
import type { Graph } from './graph.ts';
import type { OperatorAttributes, OperatorName } from './operators.ts';

export type DType = 'float32' | 'uint8' | 'int64' | 'bool';
export type Shape = readonly number[];
export type Constant = Float32Array | Uint8Array | BigInt64Array;

export interface Tensor {
  readonly graph: Graph;
  readonly name: string;
  readonly dtype: DType;
  readonly shape: Shape;
  /** The node that makes it; null for inputs and constants. */
  readonly producer: Node | null;
}

export interface Node {
  readonly op: OperatorName;
  readonly inputs: readonly Tensor[];
  outputs: readonly Tensor[];
  readonly attributes: OperatorAttributes[OperatorName];
}
