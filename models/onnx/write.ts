/** Graph -> ONNX bytes. The same graph gives the same bytes: no clock, no machine in them. */
import { invariant } from '../../errors.ts';
import { dtypeOf, type Graph } from '../graph/graph.ts';
import type { Constant, Node, Tensor } from '../graph/tensor.ts';
import { codecs, type Plain, type Travelling } from './attributes.ts';
import {
  type AttributeMessage,
  attributeTypes,
  dataTypes,
  listPrefix,
  ModelProto,
  type NodeMessage,
  opsetVersion,
  type TensorMessage,
  type ValueMessage,
} from './schema.ts';

export function writeOnnx(graph: Graph): Uint8Array {
  for (const tensor of [...graph.inputs, ...graph.constants.keys()])
    invariant(!tensor.name.startsWith(listPrefix), `tensor ${tensor.name} has a name kept for lists`);
  const initializer = [...graph.constants].map(([tensor, data]) => tensorMessage(tensor.name, tensor.shape, data));
  const lists = new Map<string, string>();
  const listInput = (values: readonly number[] | null): string => {
    if (values === null) return '';
    const key = values.join(',');
    const known = lists.get(key);
    if (known) return known;
    const name = `${listPrefix}${lists.size}`;
    initializer.push(tensorMessage(name, [values.length], BigInt64Array.from(values, BigInt)));
    lists.set(key, name);
    return name;
  };
  const node = graph.nodes.map((each) => nodeMessage(each, listInput));
  // An output that is itself an input or a constant, or is published twice, needs a name of its own.
  const output = [...graph.outputs].map(([name, tensor]) => {
    node.push({ input: [tensor.name], output: [name], name: `output/${name}`, opType: 'Identity', attribute: [] });
    return valueMessage(name, tensor);
  });
  const message = {
    irVersion: 8,
    producerName: 'twinspect',
    opsetImport: [{ domain: '', version: opsetVersion }],
    graph: {
      name: graph.name,
      node,
      initializer,
      input: graph.inputs.map((tensor) => valueMessage(tensor.name, tensor)),
      output,
    },
  };
  return ModelProto.encode(message).finish();
}

function nodeMessage(node: Node, listInput: (values: readonly number[] | null) => string): NodeMessage {
  const codec = codecs[node.op] as { out(attributes: unknown): Travelling };
  const { attributes, inputs, floats = [] } = codec.out(node.attributes);
  return {
    input: [...node.inputs.map((input) => input.name), ...inputs.map(listInput)],
    output: node.outputs.map((tensor) => tensor.name),
    name: node.outputs[0]!.name,
    opType: node.op,
    attribute: Object.entries(attributes).map(([name, value]) => attributeMessage(name, value, floats.includes(name))),
  };
}

function attributeMessage(name: string, value: Plain, isFloat: boolean): AttributeMessage {
  if (typeof value === 'string') return { name, type: attributeTypes.string, s: new TextEncoder().encode(value) };
  if (typeof value !== 'number') return { name, type: attributeTypes.ints, ints: [...value] };
  return isFloat ? { name, type: attributeTypes.float, f: value } : { name, type: attributeTypes.int, i: value };
}

function tensorMessage(name: string, dims: readonly number[], data: Constant): TensorMessage {
  const dataType = dataTypes[dtypeOf(data)];
  return { name, dims: [...dims], dataType, rawData: new Uint8Array(data.buffer, data.byteOffset, data.byteLength) };
}

function valueMessage(name: string, tensor: Tensor): ValueMessage {
  const dim = tensor.shape.map((dimValue) => ({ dimValue }));
  return { name, type: { tensorType: { elemType: dataTypes[tensor.dtype], shape: { dim } } } };
}
