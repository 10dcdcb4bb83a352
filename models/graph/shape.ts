/** Shapes and types, and what an operator may know of a tensor: nothing of the graph it is in. */
export type DType = 'float32' | 'uint8' | 'int64' | 'bool';
export type Shape = readonly number[];

export interface Operand {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: Shape;
}

/** The shape both broadcast to, as NumPy and ONNX do; throws when they do not. */
export function broadcast(a: Shape, b: Shape): number[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const x = a[i - rank + a.length] ?? 1;
    const y = b[i - rank + b.length] ?? 1;
    if (x !== y && x !== 1 && y !== 1) throw new Error(`[${a}] and [${b}] do not broadcast`);
    return Math.max(x, y);
  });
}

export function size(shape: Shape): number {
  return shape.reduce((product, length) => product * length, 1);
}
