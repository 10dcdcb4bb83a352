/** Shapes and types, and what an operator may know of a tensor: nothing of the graph it is in. */
export type DType = 'float32' | 'float16' | 'uint8' | 'int8' | 'int32' | 'int64' | 'bool';
export type Shape = readonly number[];

export interface Operand {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: Shape;
}
