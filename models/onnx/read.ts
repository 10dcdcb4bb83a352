/**
 * ONNX bytes -> Graph, for files of our own operators and static shapes. Refuses, by name, an operator or a type that
 * the table does not hold: it is no general importer.
 */
import { fail, messageOf } from '../../errors.ts';
import { Graph } from '../graph/graph.ts';
import type { OperatorAttributes, OperatorName } from '../graph/operators.ts';
import type { Constant, DType, Tensor } from '../graph/tensor.ts';
import { type Codec, codecs, type Plain } from './attributes.ts';
import {
  attributeTypes,
  dataTypes,
  listPrefix,
  type ModelMessage,
  ModelProto,
  type NodeMessage,
  opsetVersion,
  type TensorMessage,
  type ValueMessage,
} from './schema.ts';

/** `path` only names the file in errors. Throws `onnx/unreadable`, whatever is wrong with the bytes. */
export function readOnnx(bytes: Uint8Array, path: string): Graph {
  try {
    return build(decode(bytes));
  } catch (error) {
    throw fail('onnx/unreadable', { path, problem: messageOf(error) }, error);
  }
}

function build({ graph: source, opsetImport }: ModelMessage): Graph {
  const opset = opsetImport.find(({ domain }) => domain === '')?.version;
  if (opset !== opsetVersion) throw new Error(`opset ${opset ?? 'not given'}, expected ${opsetVersion}`);
  const graph = new Graph(source.name);
  const tensors = new Map<string, Tensor>();
  const lists = new Map<string, readonly number[]>();
  for (const value of source.input) tensors.set(value.name, graph.input(value.name, dtypeOf(value), dimsOf(value)));
  for (const initializer of source.initializer) {
    if (initializer.name.startsWith(listPrefix)) lists.set(initializer.name, integersOf(initializer));
    else tensors.set(initializer.name, graph.constant(initializer.name, constantOf(initializer), initializer.dims));
  }
  for (const node of source.node) {
    if (node.opType === 'Identity') graph.output(node.output[0]!, known(tensors, node.input[0]!));
    else readNode(graph, node, tensors, lists);
  }
  for (const { name } of source.output)
    if (!graph.outputs.has(name)) throw new Error(`output ${name} is not the result of an Identity`);
  return graph;
}

function readNode(
  graph: Graph,
  node: NodeMessage,
  tensors: Map<string, Tensor>,
  lists: ReadonlyMap<string, readonly number[]>,
): void {
  if (!Object.hasOwn(codecs, node.opType)) throw new Error(`unknown operator ${node.opType} (${node.name})`);
  const op = node.opType as OperatorName;
  const inputs = node.input.filter((name) => name !== '' && !lists.has(name)).map((name) => known(tensors, name));
  const constants = node.input.slice(inputs.length).map((name) => lists.get(name) ?? null);
  const given = Object.fromEntries(node.attribute.map((each) => [each.name, plainOf(each)]));
  const attributes = attributesOf(op, node.name, given, constants);
  const outputs = graph.node(op, inputs, attributes as never, node.name);
  for (const [i, name] of node.output.entries()) {
    if (!outputs[i]) throw new Error(`${op} has no output ${i} (${name})`);
    tensors.set(name, outputs[i]);
  }
}

/** Reading and writing again must give the same: an attribute we do not know (dilations, say) changes the network. */
function attributesOf(
  op: OperatorName,
  name: string,
  given: Record<string, Plain>,
  constants: readonly (readonly number[] | null)[],
): OperatorAttributes[OperatorName] {
  const codec = codecs[op] as Codec<OperatorAttributes[OperatorName]>;
  const attributes = codec.back(given, constants);
  const again = codec.out(attributes);
  for (const attribute of new Set([...Object.keys(given), ...Object.keys(again.attributes)])) {
    const [read, written] = [given[attribute], again.attributes[attribute]];
    const single = again.floats?.includes(attribute) ? Math.fround(written as number) : written;
    if (String(read) !== String(single)) throw new Error(`${op} ${name}: ${attribute} is ${read}, expected ${single}`);
  }
  if (again.inputs.length !== constants.length)
    throw new Error(`${op} ${name}: ${constants.length} constant lists, expected ${again.inputs.length}`);
  return attributes;
}

function decode(bytes: Uint8Array): ModelMessage {
  const message = ModelProto.toObject(ModelProto.decode(bytes), { longs: Number, arrays: true, defaults: true });
  if (!message['graph']) throw new Error('no graph in it');
  return message as ModelMessage;
}

function known(tensors: ReadonlyMap<string, Tensor>, name: string): Tensor {
  const tensor = tensors.get(name);
  if (!tensor) throw new Error(`tensor ${name} is used before it is made`);
  return tensor;
}

function dtypeOf(value: ValueMessage): DType {
  const found = (Object.keys(dataTypes) as DType[]).find((name) => dataTypes[name] === value.type.tensorType.elemType);
  if (!found) throw new Error(`${value.name} has type ${value.type.tensorType.elemType}`);
  return found;
}

const dimsOf = (value: ValueMessage): number[] => value.type.tensorType.shape.dim.map(({ dimValue }) => dimValue);

/** Copies: the file's bytes are not aligned for typed arrays. */
function constantOf(tensor: TensorMessage): Constant {
  const raw = new Uint8Array(tensor.rawData);
  if (tensor.dataType === dataTypes.float32) return new Float32Array(raw.buffer, 0, raw.byteLength / 4);
  if (tensor.dataType === dataTypes.int64) return new BigInt64Array(raw.buffer, 0, raw.byteLength / 8);
  if (tensor.dataType === dataTypes.int32) return new Int32Array(raw.buffer, 0, raw.byteLength / 4);
  if (tensor.dataType === dataTypes.float16) return new Uint16Array(raw.buffer, 0, raw.byteLength / 2);
  if (tensor.dataType === dataTypes.int8) return new Int8Array(raw.buffer);
  if (tensor.dataType === dataTypes.uint8) return raw;
  throw new Error(`constant ${tensor.name} has type ${tensor.dataType}`);
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
