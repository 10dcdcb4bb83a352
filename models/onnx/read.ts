/**
 * ONNX bytes -> Graph, for files of our own operators and static shapes. Refuses, by name, an operator or a type that
 * the table does not hold: it is no general importer.
 */
import { fail } from '../../errors.ts';
import { Graph } from '../graph/graph.ts';
import type { OperatorAttributes, OperatorName } from '../graph/operators.ts';
import type { Constant, DType, Tensor } from '../graph/tensor.ts';
import { codecs, type Plain } from './attributes.ts';
import {
  attributeTypes,
  dataTypes,
  type ModelMessage,
  ModelProto,
  type NodeMessage,
  type TensorMessage,
  type ValueMessage,
} from './schema.ts';

/** `path` only names the file in errors. Throws `onnx/unreadable`. */
export function readOnnx(bytes: Uint8Array, path: string): Graph {
  const { graph: source } = decode(bytes, path);
  const graph = new Graph(source.name);
  const tensors = new Map<string, Tensor>();
  const lists = new Map<string, readonly number[]>();
  for (const value of source.input)
    tensors.set(value.name, graph.input(value.name, dtypeOf(value, path), dimsOf(value)));
  for (const initializer of source.initializer) {
    if (initializer.dataType === dataTypes.int64) lists.set(initializer.name, integersOf(initializer));
    else
      tensors.set(initializer.name, graph.constant(initializer.name, constantOf(initializer, path), initializer.dims));
  }
  for (const node of source.node) {
    if (node.opType === 'Identity') {
      graph.output(node.output[0]!, known(tensors, node.input[0]!, path));
      continue;
    }
    readNode(graph, node, tensors, lists, path);
  }
  return graph;
}

function readNode(
  graph: Graph,
  node: NodeMessage,
  tensors: Map<string, Tensor>,
  lists: ReadonlyMap<string, readonly number[]>,
  path: string,
): void {
  if (!(node.opType in codecs))
    throw fail('onnx/unreadable', { path, problem: `unknown operator ${node.opType} (${node.name})` });
  const op = node.opType as OperatorName;
  const inputs = node.input.filter((name) => name !== '' && !lists.has(name)).map((name) => known(tensors, name, path));
  const constants = node.input.slice(inputs.length).map((name) => lists.get(name) ?? null);
  const attributes = Object.fromEntries(node.attribute.map((each) => [each.name, plainOf(each)]));
  const codec = codecs[op] as {
    back(a: Record<string, Plain>, i: readonly (readonly number[] | null)[]): OperatorAttributes[OperatorName];
  };
  const outputs = graph.node(op, inputs, codec.back(attributes, constants) as never, node.name);
  for (const [i, name] of node.output.entries()) tensors.set(name, outputs[i]!);
}

function decode(bytes: Uint8Array, path: string): ModelMessage {
  try {
    const message = ModelProto.toObject(ModelProto.decode(bytes), { longs: Number, arrays: true, defaults: true });
    if (!message['graph']) throw new Error('no graph in it');
    return message as ModelMessage;
  } catch (error) {
    throw fail('onnx/unreadable', { path, problem: (error as Error).message }, error);
  }
}

function known(tensors: ReadonlyMap<string, Tensor>, name: string, path: string): Tensor {
  const tensor = tensors.get(name);
  if (!tensor) throw fail('onnx/unreadable', { path, problem: `tensor ${name} is used before it is made` });
  return tensor;
}

function dtypeOf(value: ValueMessage, path: string): DType {
  const found = (Object.keys(dataTypes) as DType[]).find((name) => dataTypes[name] === value.type.tensorType.elemType);
  if (!found)
    throw fail('onnx/unreadable', { path, problem: `${value.name} has type ${value.type.tensorType.elemType}` });
  return found;
}

const dimsOf = (value: ValueMessage): number[] => value.type.tensorType.shape.dim.map(({ dimValue }) => dimValue);

/** Copies: the file's bytes are not aligned for typed arrays. */
function constantOf(tensor: TensorMessage, path: string): Constant {
  const raw = new Uint8Array(tensor.rawData);
  if (tensor.dataType === dataTypes.float32) return new Float32Array(raw.buffer, 0, raw.byteLength / 4);
  if (tensor.dataType === dataTypes.uint8) return raw;
  throw fail('onnx/unreadable', { path, problem: `constant ${tensor.name} has type ${tensor.dataType}` });
}

function integersOf(tensor: TensorMessage): readonly number[] {
  const raw = new Uint8Array(tensor.rawData);
  return Array.from(new BigInt64Array(raw.buffer, 0, raw.byteLength / 8), Number);
}

function plainOf(attribute: NodeMessage['attribute'][number]): Plain {
  if (attribute.type === attributeTypes.float) return attribute.f!;
  if (attribute.type === attributeTypes.int) return attribute.i!;
  if (attribute.type === attributeTypes.string) return new TextDecoder().decode(attribute.s);
  return attribute.ints!;
}
