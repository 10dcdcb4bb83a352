/**
 * A graph of typed, statically shaped tensors: what ONNX calls a GraphProto, as a value that TypeScript builds.
 *
 * Shapes are known while building, so a wrong shape is an error at the line that wrote it and names the tensor. The
 * graph imports nothing of the file format: models/onnx writes and reads it. It refuses dynamic dimensions.
 */
import { fail } from '../../errors.ts';
import { type OperatorAttributes, type OperatorName, operators, type Result, size } from './operators.ts';
import type { DType, Operand, Shape } from './shape.ts';

/** float16 as its bits: not every supported Node has an array of halves. */
export type Constant = Float32Array | Uint16Array | Uint8Array | Int8Array | Int32Array | BigInt64Array;

export interface Tensor extends Operand {
  readonly graph: Graph;
  /** The node that makes it; null for inputs and constants. */
  readonly producer: Node | null;
}

export interface Node {
  readonly op: OperatorName;
  readonly inputs: readonly Tensor[];
  outputs: readonly Tensor[];
  readonly attributes: OperatorAttributes[OperatorName];
}

export class Graph {
  readonly name: string;
  readonly inputs: Tensor[] = [];
  readonly outputs = new Map<string, Tensor>();
  readonly constants = new Map<Tensor, Constant>();
  readonly nodes: Node[] = [];
  #scope: string[] = [];
  #names = new Set<string>();
  #scalars = new Map<string, Tensor>();

  constructor(name: string) {
    this.name = name;
  }

  /** A value given at each run. Its name is the caller's word for it, so it is never changed to make it unique. */
  input(name: string, dtype: DType, shape: Shape): Tensor {
    const full = [...this.#scope, name].join('/');
    if (this.#names.has(full)) throw fail('graph/shape', { tensor: full, problem: 'the name is taken already' });
    const tensor = this.#tensor(this.#unique(name), dtype, shape, null);
    this.inputs.push(tensor);
    return tensor;
  }

  /** A value kept in the file. */
  constant(name: string, data: Constant, shape: Shape): Tensor {
    const dtype = dtypeOf(data);
    if (size(shape) !== data.length) {
      const problem = `${data.length} values for shape [${shape}] of ${size(shape)}`;
      throw fail('graph/shape', { tensor: name, problem });
    }
    const tensor = this.#tensor(this.#unique(name), dtype, shape, null);
    this.constants.set(tensor, data);
    return tensor;
  }

  /** One float32 number, shape []; the same number is one tensor. */
  scalar(value: number): Tensor {
    const key = Object.is(value, -0) ? '-0' : String(value);
    const known = this.#scalars.get(key);
    if (known) return known;
    const outer = this.#scope;
    this.#scope = [];
    const tensor = this.constant(`const_${key}`, new Float32Array([value]), []);
    this.#scope = outer;
    this.#scalars.set(key, tensor);
    return tensor;
  }

  /** Appends one operator; its result shapes follow from the operator table. */
  node<K extends OperatorName>(
    op: K,
    inputs: readonly Tensor[],
    attributes: OperatorAttributes[K],
    name?: string,
  ): Tensor[] {
    const label = this.#unique(name ?? op);
    for (const input of inputs) {
      if (input.graph !== this)
        throw fail('graph/shape', { tensor: label, problem: `${input.name} belongs to ${input.graph.name}` });
    }
    let results: Result[];
    try {
      results = operators[op].infer(inputs, attributes);
    } catch (error) {
      const shapes = inputs.map((input) => `${input.name}[${input.shape}]`).join(', ');
      throw fail('graph/shape', { tensor: label, problem: `${op}(${shapes}): ${(error as Error).message}` }, error);
    }
    const node: Node = { op, inputs, outputs: [], attributes };
    const outputs = results.map(({ dtype, shape }, index) =>
      index === 0
        ? this.#tensor(label, dtype, shape, node)
        : this.#tensor(this.#unique(`${label}.${index}`, []), dtype, shape, node),
    );
    node.outputs = outputs;
    this.nodes.push(node);
    return outputs;
  }

  /** Publishes a tensor under a name of the graph's interface. */
  output(name: string, tensor: Tensor): void {
    if (this.outputs.has(name)) throw fail('graph/shape', { tensor: name, problem: 'is an output already' });
    if (this.#names.has(name)) throw fail('graph/shape', { tensor: name, problem: 'is the name of an inner tensor' });
    if (tensor.graph !== this)
      throw fail('graph/shape', { tensor: name, problem: `${tensor.name} belongs to ${tensor.graph.name}` });
    this.#names.add(name);
    this.outputs.set(name, tensor);
  }

  /** Prefixes the names of everything built inside. */
  scope<T>(name: string, build: () => T): T {
    this.#scope.push(name);
    try {
      return build();
    } finally {
      this.#scope.pop();
    }
  }

  /** The graph as text, one line a node: `y:float32[1,64,32,32] = Conv(x, w, b) {"strides":[2,2],"group":1}`. */
  print(): string {
    const shaped = (tensor: Tensor): string => `${tensor.name}:${tensor.dtype}[${tensor.shape}]`;
    return [
      `graph ${this.name}(${this.inputs.map(shaped).join(', ')})`,
      ...this.nodes.map((node) => {
        const attributes = Object.keys(node.attributes).length > 0 ? ` ${JSON.stringify(node.attributes)}` : '';
        const inputs = node.inputs.map((input) => input.name).join(', ');
        return `  ${node.outputs.map(shaped).join(', ')} = ${node.op}(${inputs})${attributes}`;
      }),
      `  return ${[...this.outputs].map(([name, tensor]) => `${name}=${tensor.name}`).join(', ')}`,
    ].join('\n');
  }

  #tensor(name: string, dtype: DType, shape: Shape, producer: Node | null): Tensor {
    if (shape.some((length) => !Number.isInteger(length) || length < 1)) {
      throw fail('graph/shape', { tensor: name, problem: `shape [${shape}] is not made of positive integers` });
    }
    return { graph: this, name, dtype, shape, producer };
  }

  #unique(name: string, scope = this.#scope): string {
    const base = [...scope, name].join('/');
    let candidate = base;
    for (let n = 2; this.#names.has(candidate); n++) candidate = `${base}_${n}`;
    this.#names.add(candidate);
    return candidate;
  }
}

export function dtypeOf(data: Constant): DType {
  if (data instanceof Float32Array) return 'float32';
  if (data instanceof Uint16Array) return 'float16';
  if (data instanceof BigInt64Array) return 'int64';
  if (data instanceof Int32Array) return 'int32';
  return data instanceof Int8Array ? 'int8' : 'uint8';
}
